// The bulk verbs, and what all verbs share. The blocking verbs are in s3_control.cc.
#include "objclient/s3/s3_store.h"

#include <fmt/format.h>

#include "base/digest/digest.h"
#include "base/log.h"
#include "objclient/rest/object_headers.h"
#include "objclient/rest/ranged_get.h"
#include "objclient/s3/s3_checksum.h"
#include "objclient/s3/s3_probe.h"

namespace objclient {

namespace {

constexpr std::size_t kExecutorThreads = 4;  // only stores without conditions keep them busy

bool DecidedByStore(const Precondition& condition, const S3Traits& traits) {
  return (!condition.if_absent || traits.put_if_absent) &&
         (condition.if_match.empty() || traits.put_if_match);
}

std::uint32_t ChecksumOf(const Body& body) {
  if (body.crc32c) return *body.crc32c;
  std::uint32_t crc = 0;
  for (const auto& piece : body.pieces) crc = base::Crc32c(crc, piece);
  return crc;
}

ObjectHead HeadOf(const PutRequest& request) {
  ObjectHead head;
  head.key = request.key;
  head.size = request.body.size();
  head.metadata = request.metadata;
  return head;
}

// A GET whose bytes are summed on their way where the store told their sum. Readers then hear of
// them only when the sum is right, as what was delivered cannot be taken back.
class VerifiedGet {
 public:
  explicit VerifiedGet(GetRequest request)
      : range_(request.range), get_(Quiet(std::move(request)), ParseHeadHeaders) {}

  bool Start(const HttpResponse& response) {
    if (!get_.Start(response)) return false;
    sum_.emplace(response.headers, range_, get_.head().size);
    return true;
  }

  bool Take(std::span<const std::byte> bytes) {
    sum_->Take(bytes);
    return get_.Take(bytes);
  }

  base::Result<ObjectHead> Finish(const base::Result<HttpAnswer>& answer) {
    TRY_ASSIGN(ObjectHead head, get_.Finish(answer));
    const base::Status same = sum_->Check();
    if (!same.ok()) return same.error().Annotate("GET " + head.key);
    return head;
  }

 private:
  // The receiver must outlive its transfers' callbacks, so `this` is there when they come.
  GetRequest Quiet(GetRequest request) {
    if (!request.progress) return request;
    request.progress = [this, progress = std::move(request.progress)](std::uint64_t bytes) {
      if (!sum_->known()) progress(bytes);
    };
    return request;
  }

  const base::ByteRange range_;
  std::optional<DownloadChecksum> sum_;  // since Start
  RangedGet get_;
};

// What a person ought to know of a server that is as good as any other otherwise.
void Tell(const S3Traits& traits) {
  LOG_INFO("what the server can do: {}", FormatTraits(traits));
  if (traits.put_if_absent && traits.put_if_match && traits.complete_condition) return;
  LOG_WARN(
      "the server does not decide all conditions of writes: objects of other writers are looked "
      "for before and after a write, one that comes in between is overwritten");
}

// An object that must have an ETag and is gone has changed, too.
Callback<ObjectHead> GoneIsConflict(Callback<ObjectHead> done) {
  return [done = std::move(done)](base::Result<ObjectHead> result) {
    if (result.ok() || !MeansNoKey(result.error())) return done(std::move(result));
    done(base::Error(base::ErrorClass::kConflict, result.error().message()));
  };
}

}  // namespace

S3Store::S3Store(std::unique_ptr<S3Session> session, std::string prefix,
                 std::optional<S3Traits> traits, StoreMemory memory)
    : session_(std::move(session)),
      prefix_(std::move(prefix)),
      memory_(std::move(memory)),
      traits_(traits),
      executor_({.name = "s3-writes", .threads = kExecutorThreads, .queue_limit = 1024}) {}

S3Store::~S3Store() = default;

base::Status S3Store::CheckKey(const ObjectKey& key) {
  if (!key.empty()) return base::Ok();
  return base::Error(base::ErrorClass::kInvalid, "an object needs a key");
}

std::optional<S3Traits> S3Store::KnownTraits() const {
  base::MutexLock lock(mutex_);
  return traits_;
}

Capabilities S3Store::capabilities() const {
  const auto traits = KnownTraits();
  Capabilities capabilities = ToCapabilities(traits.value_or(S3Traits()));
  const S3Provider& provider = *session_->location().provider;
  capabilities.found_out = traits.has_value();
  capabilities.parts_equal = provider.parts_equal;
  capabilities.list_sorted = !provider.directory_buckets;
  capabilities.key_bytes_max -= prefix_.size();
  return capabilities;
}

std::optional<S3Traits> S3Store::RecallTraits() const {
  const auto text = memory_.recall ? memory_.recall() : std::nullopt;
  return text ? ParseTraits(*text) : std::nullopt;
}

base::Status S3Store::Discover() {
  if (KnownTraits()) return base::Ok();
  const auto remembered = RecallTraits();
  if (!remembered) return base::Ok();
  Tell(*remembered);
  base::MutexLock lock(mutex_);
  if (!traits_) traits_ = *remembered;
  return base::Ok();
}

base::Result<S3Traits> S3Store::FindTraits() {
  if (const auto remembered = RecallTraits()) {
    Tell(*remembered);
    return *remembered;
  }
  TRY_ASSIGN(const S3Found found, ProbeServer(*session_, fmt::format("{}.cairnfs/probe-{}", prefix_,
                                                                     base::RandomHex(8))));
  if (!found.provider->name.empty()) LOG_INFO("the bucket is in {}", found.provider->name);
  Tell(found.traits);
  if (memory_.keep && found.lasting) memory_.keep(FormatTraits(found.traits));
  return found.traits;
}

UploadChecksums S3Store::ChecksumsOf(const S3Traits& traits) const {
  if (traits.checksum_whole) return UploadChecksums::kWhole;
  // A dialect in which the document has no place for them.
  const bool in_document = !session_->location().provider->generations;
  return traits.checksum_crc32c && in_document ? UploadChecksums::kParts : UploadChecksums::kNone;
}

base::Result<S3Traits> S3Store::NeedTraits() {
  {
    base::MutexLock lock(mutex_);
    while (probing_) probed_.Wait(mutex_);
    if (traits_) return *traits_;
    probing_ = true;
  }
  const auto found = FindTraits();
  base::MutexLock lock(mutex_);
  probing_ = false;
  probed_.NotifyAll();
  if (found.ok()) traits_ = *found;
  return found;
}

template <typename T>
void S3Store::FailLater(Callback<T> done, base::Error error) {
  executor_.Submit([done = std::move(done), error = std::move(error)] { done(error); });
}

template <typename T>
void S3Store::SendBody(RestRequest request, Callback<T> done,
                       std::function<base::Result<T>(const HttpHeaders&)> read) {
  session_->Send(std::move(request),
                 {nullptr, nullptr, [done, read](base::Result<HttpAnswer> answer) {
                    if (!answer.ok()) return done(answer.error());
                    done(read(answer->response.headers));
                  }});
}

void S3Store::Get(GetRequest request, Callback<ObjectHead> done) {
  const base::Status valid = CheckKey(request.key);
  if (!valid.ok()) return FailLater(std::move(done), valid.error());
  const bool whole = request.range.offset == 0 && request.range.length == request.object_size;
  RestRequest wire = whole ? BuildGetWhole(Whole(request.key), request.if_match)
                           : BuildGet(Whole(request.key), request.range, request.if_match);
  auto get = std::make_shared<VerifiedGet>(std::move(request));
  session_->Send(std::move(wire),
                 {[get](const HttpResponse& response) { return get->Start(response); },
                  [get](std::span<const std::byte> bytes) { return get->Take(bytes); },
                  [get, done](base::Result<HttpAnswer> answer) { done(get->Finish(answer)); }});
}

base::Result<RestRequest> S3Store::PutRequestFor(const PutRequest& request,
                                                 const S3Traits& traits) const {
  RestRequest wire = BuildPut(Whole(request.key), request.body);
  TRY(AddMetadata(wire, request.metadata));
  if (traits.checksum_crc32c) AddChecksum(wire, ChecksumOf(request.body));
  return wire;
}

void S3Store::Put(PutRequest request, Callback<ObjectHead> done) {
  const base::Status valid = CheckKey(request.key);
  if (!valid.ok()) return FailLater(std::move(done), valid.error());
  const auto known = KnownTraits();
  if (known && DecidedByStore(request.precondition, *known)) {
    const base::Status sent = SendPut(request, *known, done);
    if (!sent.ok()) FailLater(std::move(done), sent.error());
    return;
  }
  executor_.Submit([this, request = std::move(request), done = std::move(done)] {
    const auto traits = NeedTraits();
    if (!traits.ok()) return done(traits.error());
    if (!DecidedByStore(request.precondition, *traits)) return done(PutByLooking(request, *traits));
    const base::Status sent = SendPut(request, *traits, done);
    if (!sent.ok()) done(sent.error());
  });
}

base::Status S3Store::SendPut(const PutRequest& request, const S3Traits& traits,
                              Callback<ObjectHead> done) {
  TRY_ASSIGN(RestRequest wire, PutRequestFor(request, traits));
  AddPrecondition(wire, request.precondition, traits.if_match_style);
  if (!request.precondition.if_match.empty()) done = GoneIsConflict(std::move(done));
  const ObjectHead head = HeadOf(request);
  SendBody<ObjectHead>(std::move(wire), std::move(done),
                       [head](const HttpHeaders& headers) -> base::Result<ObjectHead> {
                         ObjectHead written = head;
                         written.etag = Unquoted(headers.Value("etag"));
                         return written;
                       });
  return base::Ok();
}

base::Result<ObjectHead> S3Store::PutByLooking(const PutRequest& request, const S3Traits& traits) {
  TRY(Look(request.key, request.precondition));
  TRY_ASSIGN(RestRequest wire, PutRequestFor(request, traits));
  TRY_ASSIGN(const HttpAnswer answer, session_->Call(std::move(wire)));
  ObjectHead head = HeadOf(request);
  head.etag = Unquoted(answer.response.headers.Value("etag"));
  TRY(LookAgain(request.key, head.etag));
  return head;
}

void S3Store::UploadPart(PartRequest request, Callback<PartInfo> done) {
  const base::Status valid = CheckKey(request.key);
  if (!valid.ok()) return FailLater(std::move(done), valid.error());
  if (const auto known = KnownTraits()) {
    const base::Status sent = SendPart(request, *known, done);
    if (!sent.ok()) FailLater(std::move(done), sent.error());
    return;
  }
  executor_.Submit([this, request = std::move(request), done = std::move(done)] {
    const auto traits = NeedTraits();
    if (!traits.ok()) return done(traits.error());
    const base::Status sent = SendPart(request, *traits, done);
    if (!sent.ok()) done(sent.error());
  });
}

base::Status S3Store::SendPart(const PartRequest& request, const S3Traits& traits,
                               Callback<PartInfo> done) {
  RestRequest wire =
      BuildUploadPart(Whole(request.key), request.upload_id, request.number, request.body);
  PartInfo part{request.number, "", request.body.size(), request.body.crc32c};
  if (traits.checksum_crc32c) {
    part.crc32c = ChecksumOf(request.body);
    AddChecksum(wire, *part.crc32c);
  }
  SendBody<PartInfo>(std::move(wire), std::move(done),
                     [part](const HttpHeaders& headers) -> base::Result<PartInfo> {
                       PartInfo stored = part;
                       stored.etag = Unquoted(headers.Value("etag"));
                       return stored;
                     });
  return base::Ok();
}

}  // namespace objclient
