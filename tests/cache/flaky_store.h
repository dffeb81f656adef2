// FlakyStore: a MemoryStore whose answers can be lost, whose requests can fail or be held back, and
// whose abilities can be taken away. Counts what is asked of it. The test owns it; any thread, but
// the script is set while nothing is in flight.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "objclient/memory/memory_store.h"

namespace testing_support {

class FlakyStore final : public objclient::ObjectStore {
 public:
  // An error to answer with instead, or nothing. Called with the count of the calls so far, from 1.
  using Fault = std::function<std::optional<base::Error>(int call)>;

  explicit FlakyStore(base::Clock& clock);

  // --- script ---
  objclient::Capabilities can;
  Fault put_fails, part_fails, create_fails, complete_fails;  // the request does nothing
  Fault put_lost, complete_lost;                              // it is done, the answer is lost
  std::function<void()> before_complete;
  // Parts and PUTs wait until Release.
  void Hold() EXCLUDES(mutex_);
  void Release() EXCLUDES(mutex_);

  // --- observation; atomic: counted on the callers' threads ---
  std::atomic<int> gets{0}, puts{0}, parts{0}, copies{0}, creates{0}, completes{0}, aborts{0};
  // How often each part was sent.
  std::map<std::uint32_t, int> sent() EXCLUDES(mutex_);
  // Waits until `count` parts or PUTs have been asked for.
  void WaitForSends(int count) EXCLUDES(mutex_);
  std::string Content(const objclient::ObjectKey& key);
  // Another client's write.
  objclient::ObjectHead PutOther(const objclient::ObjectKey& key, const std::string& content);

  objclient::Capabilities capabilities() const override { return can; }
  void Get(objclient::GetRequest request, objclient::Callback<objclient::ObjectHead> done) override;
  void Put(objclient::PutRequest request, objclient::Callback<objclient::ObjectHead> done) override;
  void UploadPart(objclient::PartRequest request,
                  objclient::Callback<objclient::PartInfo> done) override;
  base::Result<objclient::ObjectHead> Head(const objclient::ObjectKey& key) override;
  base::Result<objclient::ObjectHead> Copy(const objclient::CopyRequest& request) override;
  base::Status Delete(const objclient::ObjectKey& key, const std::string& if_match) override;
  base::Result<std::vector<std::pair<objclient::ObjectKey, base::Error>>> DeleteMany(
      const std::vector<objclient::DeleteRequest>& requests) override;
  base::Result<objclient::ListPage> List(const objclient::ListRequest& request) override;
  base::Result<std::string> CreateMultipart(const objclient::ObjectKey& key,
                                            const objclient::Metadata& metadata) override;
  base::Result<objclient::PartInfo> UploadPartCopy(const objclient::ObjectKey& key,
                                                   const std::string& upload_id,
                                                   std::uint32_t number,
                                                   const objclient::ObjectKey& source,
                                                   const std::string& source_if_match,
                                                   base::ByteRange range) override;
  base::Result<objclient::ObjectHead> CompleteMultipart(
      const objclient::ObjectKey& key, const std::string& upload_id,
      const std::vector<objclient::PartInfo>& parts,
      const objclient::Precondition& precondition) override;
  base::Status AbortMultipart(const objclient::ObjectKey& key,
                              const std::string& upload_id) override;
  base::Result<std::vector<objclient::PartInfo>> ListParts(const objclient::ObjectKey& key,
                                                           const std::string& upload_id) override;
  base::Result<std::vector<objclient::UploadInfo>> ListUploads(
      const objclient::ObjectKey& prefix) override;

 private:
  // Starts a send now or when Release is called.
  void Start(std::function<void()> send) EXCLUDES(mutex_);

  base::Mutex mutex_;
  base::CondVar asked_;
  bool held_ GUARDED_BY(mutex_) = false;
  int sends_ GUARDED_BY(mutex_) = 0;
  std::vector<std::function<void()>> waiting_ GUARDED_BY(mutex_);
  std::map<std::uint32_t, int> sent_ GUARDED_BY(mutex_);
  objclient::MemoryStore store_;
  base::Executor failing_;  // last: answers with errors on a thread of its own
};

}  // namespace testing_support
