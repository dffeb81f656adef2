// S3Store: ObjectStore over S3's REST interface. Made by OpenS3Store; owned by its caller, in the
// program by RetryingStore. Threads as ObjectStore says: bulk callbacks run on the HTTP thread, so
// they hand work over and never call a control verb.
//
// Conditions, checksums, copies of parts and deletions of many keys depend on the server. What the
// cloud's own can do is known. For every other endpoint the first verb that writes probes the
// server with small objects under `<prefix>.cairnfs/`, which it removes again, unless it was told
// what an earlier probe found; until then capabilities() says false. Every Precondition is accepted
// always: where the server does not decide it, s3_traits.h says what looking before and after is
// worth, and the log says so.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "objclient/auth/environment.h"
#include "objclient/object_store.h"
#include "objclient/open_store.h"
#include "objclient/s3/s3_session.h"
#include "objclient/s3/s3_traits.h"

namespace objclient {

class S3Store : public ObjectStore {
 public:
  // `prefix`: "" or ends in '/'. `traits`: what is known of the server; empty = probe, unless
  // `memory` knows.
  S3Store(std::unique_ptr<S3Session> session, std::string prefix, std::optional<S3Traits> traits,
          StoreMemory memory = {});
  ~S3Store() override;

  Capabilities capabilities() const override EXCLUDES(mutex_);
  base::Status Discover() override EXCLUDES(mutex_);

  void Get(GetRequest request, Callback<ObjectHead> done) override;
  void Put(PutRequest request, Callback<ObjectHead> done) override;
  void UploadPart(PartRequest request, Callback<PartInfo> done) override;

  base::Result<ObjectHead> Head(const ObjectKey& key) override;
  base::Result<ObjectHead> Copy(const CopyRequest& request) override;
  base::Status Delete(const ObjectKey& key, const std::string& if_match) override;
  base::Result<std::vector<std::pair<ObjectKey, base::Error>>> DeleteMany(
      const std::vector<DeleteRequest>& requests) override;
  base::Result<ListPage> List(const ListRequest& request) override;

  base::Result<std::string> CreateMultipart(const ObjectKey& key,
                                            const Metadata& metadata) override;
  base::Result<PartInfo> UploadPartCopy(const ObjectKey& key, const std::string& upload_id,
                                        std::uint32_t number, const ObjectKey& source,
                                        const std::string& source_if_match,
                                        base::ByteRange range) override;
  base::Result<ObjectHead> CompleteMultipart(const ObjectKey& key, const std::string& upload_id,
                                             const std::vector<PartInfo>& parts,
                                             const Precondition& precondition) override;
  base::Status AbortMultipart(const ObjectKey& key, const std::string& upload_id) override;
  base::Result<std::vector<PartInfo>> ListParts(const ObjectKey& key,
                                                const std::string& upload_id) override;
  base::Result<std::vector<UploadInfo>> ListUploads(const ObjectKey& prefix) override;

 private:
  using Refused = std::vector<std::pair<ObjectKey, base::Error>>;
  using Sum = std::optional<std::uint32_t>;

  std::string Whole(const ObjectKey& key) const { return prefix_ + key; }
  // kInvalid for keys that would address the bucket itself.
  static base::Status CheckKey(const ObjectKey& key);

  std::optional<S3Traits> KnownTraits() const EXCLUDES(mutex_);
  // Probes when nothing is known yet; blocks.
  base::Result<S3Traits> NeedTraits() EXCLUDES(mutex_);
  std::optional<S3Traits> RecallTraits() const;
  base::Result<S3Traits> FindTraits() EXCLUDES(mutex_);
  UploadChecksums ChecksumsOf(const S3Traits& traits) const;

  // The callback from another thread, for what fails before anything is sent.
  template <typename T>
  void FailLater(Callback<T> done, base::Error error);
  // Sends a request whose answer is in its headers. After an error of SendPut or SendPart `done`
  // will not be called.
  template <typename T>
  void SendBody(RestRequest request, Callback<T> done,
                std::function<base::Result<T>(const HttpHeaders&)> read);
  base::Status SendPut(const PutRequest& request, const S3Traits& traits,
                       Callback<ObjectHead> done);
  base::Status SendPart(const PartRequest& request, const S3Traits& traits,
                        Callback<PartInfo> done);
  base::Result<RestRequest> PutRequestFor(const PutRequest& request, const S3Traits& traits) const;
  base::Result<ObjectHead> PutByLooking(const PutRequest& request, const S3Traits& traits);

  // kConflict unless the object is as `precondition` says.
  base::Status Look(const ObjectKey& key, const Precondition& precondition);
  // kConflict unless the object is still the one with that ETag.
  base::Status LookAgain(const ObjectKey& key, const std::string& etag);
  // The ETag of what a request made, which says so in its headers, in its document or not at all.
  // Then what is there is looked at: kConflict unless it can be told to be what was made, by the
  // CRC-32C of all bytes, by an ETag as good as a sum (made.etag) or by metadata.
  base::Result<std::string> EtagOfMade(const ObjectHead& made, const Sum& sum,
                                       const HttpAnswer& answer, const std::string& in_document);
  base::Result<ObjectHead> CopyWhole(const CopyRequest& request, const ObjectHead& source,
                                     const Sum& sum, const S3Traits& traits);
  base::Status DeleteBatch(const std::vector<DeleteRequest>& batch, Refused& refused);
  base::Status DeleteEach(const std::vector<DeleteRequest>& requests, Refused& refused);

  const std::unique_ptr<S3Session> session_;  // constant after construction
  const std::string prefix_;                  // constant after construction
  const StoreMemory memory_;                  // constant after construction

  mutable base::Mutex mutex_;
  base::CondVar probed_;
  std::optional<S3Traits> traits_ GUARDED_BY(mutex_);
  bool probing_ GUARDED_BY(mutex_) = false;

  // Last: its tasks use everything above. Bulk writes wait here for a probe or for a look.
  base::Executor executor_;
};

// The store of an s3:// URL, without retries; makes no request. Endpoint, region, profile and keys
// that `options` leave open come from `environment`.
base::Result<std::unique_ptr<ObjectStore>> OpenS3Store(const BucketUrl& url,
                                                       const StoreOptions& options,
                                                       const Environment& environment,
                                                       base::Clock& clock, base::Metrics& metrics);

// The endpoint that the options name, else AWS_ENDPOINT_URL_S3, else AWS_ENDPOINT_URL; empty = the
// cloud's own.
std::string FindS3Endpoint(const StoreOptions& options, const Environment& environment);

}  // namespace objclient
