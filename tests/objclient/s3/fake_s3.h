// FakeS3: just enough of an S3 server, as the script of a FakeTransport, to play servers with the
// deviations that S3Traits describes. Keys and single-part uploads only.
#pragma once

#include <map>
#include <string>

#include "base/mutex.h"
#include "objclient/s3/s3_traits.h"
#include "tests/objclient/rest/fake_transport.h"

namespace objclient {

class FakeS3 {
 public:
  explicit FakeS3(S3Traits traits) : traits_(traits) {}

  FakeAnswer operator()(const SentRequest& request) EXCLUDES(mutex_);
  std::map<std::string, std::string> objects() const EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return objects_;
  }
  std::size_t uploads() const EXCLUDES(mutex_) {
    base::MutexLock lock(mutex_);
    return uploads_.size();
  }
  // What another client does between two requests of ours: called before each request, with its
  // method and the objects.
  std::function<void(const std::string& method, std::map<std::string, std::string>& objects)>
      meanwhile;

  static std::string EtagOf(const std::string& content);

 private:
  FakeAnswer Write(const SentRequest& request, const std::string& key, const std::string& query)
      REQUIRES(mutex_);
  FakeAnswer Copy(const SentRequest& request, const std::string& key, bool part) REQUIRES(mutex_);
  FakeAnswer DeleteMany(const SentRequest& request) REQUIRES(mutex_);
  FakeAnswer Complete(const SentRequest& request, const std::string& key, const std::string& id)
      REQUIRES(mutex_);
  // Whether the conditions of `request` on `key` let it pass, given what this server honours.
  bool Passes(const SentRequest& request, const std::string& key, bool absent_honoured,
              bool match_honoured, EtagStyle style) const REQUIRES(mutex_);

  const S3Traits traits_;
  mutable base::Mutex mutex_;
  std::map<std::string, std::string> objects_ GUARDED_BY(mutex_);
  std::map<std::string, std::string> uploads_ GUARDED_BY(mutex_);  // id to content
  int next_id_ GUARDED_BY(mutex_) = 1;
};

}  // namespace objclient
