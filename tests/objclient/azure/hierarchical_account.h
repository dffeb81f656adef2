// HierarchicalAccount: what an Azure account with a hierarchical name space answers, written from
// the documentation of its REST interface (List Blobs, Path - Create, Delete, Update and Get
// Properties) and not from a real account: directories are there until they are deleted, blobs make
// those above them, a rename keeps the ETag and makes none. The script of a FakeTransport; any
// thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "tests/objclient/rest/fake_transport.h"

namespace objclient {

class HierarchicalAccount {
 public:
  FakeAnswer Answer(const SentRequest& sent) EXCLUDES(mutex_);

  // --- the test's view ---
  // Directories end in '/'.
  std::vector<std::string> Paths() const EXCLUDES(mutex_);
  void MakeDirectory(const std::string& path) EXCLUDES(mutex_);
  void PutBlob(const std::string& path, const std::string& bytes) EXCLUDES(mutex_);
  std::string EtagOf(const std::string& path) const EXCLUDES(mutex_);
  // What it does not tell: 403.
  void HideAccountInformation() { tells_account_ = false; }
  // Asked, without locks, after a request took effect: true drops its answer.
  using LosesAnswer = std::function<bool(const SentRequest& sent)>;
  void LoseAnswers(LosesAnswer loses_answer) EXCLUDES(mutex_);

 private:
  struct Node {
    bool directory = false;
    std::string bytes;
    std::string etag;
    std::vector<std::pair<std::string, std::string>> metadata;
    std::string permissions = "rw-r-----";
  };
  struct Request;

  FakeAnswer Do(const Request& request) REQUIRES(mutex_);
  FakeAnswer DoBlob(const Request& request) REQUIRES(mutex_);
  FakeAnswer DoPath(const Request& request) REQUIRES(mutex_);
  FakeAnswer List(const Request& request) REQUIRES(mutex_);
  FakeAnswer Put(const Request& request) REQUIRES(mutex_);
  FakeAnswer Copy(const Request& request) REQUIRES(mutex_);
  FakeAnswer Read(const Request& request) REQUIRES(mutex_);
  FakeAnswer Delete(const Request& request) REQUIRES(mutex_);
  FakeAnswer Rename(const Request& request) REQUIRES(mutex_);
  FakeAnswer Create(const Request& request) REQUIRES(mutex_);
  FakeAnswer Remove(const Request& request) REQUIRES(mutex_);
  // Nothing when the conditions hold.
  std::string Refusal(const Request& request, const std::string& path) const REQUIRES(mutex_);
  void MakeAbove(const std::string& path) REQUIRES(mutex_);
  bool HasBelow(const std::string& path) const REQUIRES(mutex_);
  std::string NextEtag() REQUIRES(mutex_);

  mutable base::Mutex mutex_;
  bool tells_account_ = true;
  std::map<std::string, Node> nodes_ GUARDED_BY(mutex_);
  LosesAnswer loses_answer_ GUARDED_BY(mutex_);
  int etags_ GUARDED_BY(mutex_) = 0;
};

}  // namespace objclient
