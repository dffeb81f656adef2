#include "objclient/s3/s3_traits.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include "base/digest/digest.h"
#include "objclient/rest/object_headers.h"
#include "objclient/s3/s3_reply.h"
#include "objclient/s3/s3_session.h"

namespace objclient {

namespace {

constexpr std::string_view kContent = "probe";
constexpr std::string_view kOtherEtag = "00000000000000000000000000000000";

Body ProbeBody() { return {{std::as_bytes(std::span<const char>(kContent))}, std::nullopt}; }

constexpr std::string_view kBareWord = "bare_etags";
constexpr std::array<std::pair<std::string_view, bool S3Traits::*>, 9> kWords = {{
    {"put_if_absent", &S3Traits::put_if_absent},
    {"put_if_match", &S3Traits::put_if_match},
    {"complete_condition", &S3Traits::complete_condition},
    {"delete_if_match", &S3Traits::delete_if_match},
    {"delete_many_if_match", &S3Traits::delete_many_if_match},
    {"copy_target_condition", &S3Traits::copy_target_condition},
    {"copy_source_if_match", &S3Traits::copy_source_if_match},
    {"part_copy_source_if_match", &S3Traits::part_copy_source_if_match},
    {"checksum_crc32c", &S3Traits::checksum_crc32c},
}};

// Asks a store that may not know what it is asked. Every step leaves the objects as the next one
// wants them whether its condition was honoured, ignored or refused as unknown.
class Probe {
 public:
  Probe(S3Session& session, const std::string& key) : session_(session), key_(key) {}

  base::Result<S3Traits> Run() {
    const base::Status status = RunSteps();
    // The objects are ours and small; one that stays behind after an error is hidden and harmless.
    const auto gone = session_.Call(BuildDelete(key_));
    const auto copy_gone = session_.Call(BuildDelete(CopyKey()));
    if (!status.ok()) return status.error().Annotate("find out what the store can do");
    if (!gone.ok()) return gone.error().Annotate("remove the probe object");
    if (!copy_gone.ok()) return copy_gone.error().Annotate("remove the probe object");
    return traits_;
  }

 private:
  // What the store says to something it ought to refuse: the class of its refusal, nothing when it
  // does what it was asked. Trouble (no answer, no rights, no room) is an error.
  using Refusal = std::optional<base::ErrorClass>;
  base::Result<Refusal> Try(RestRequest request) {
    const auto answer = session_.Call(std::move(request));
    if (answer.ok()) {
      etag_ = Unquoted(answer->response.headers.Value("etag"));
      return Refusal();
    }
    switch (answer.error().error_class()) {
      case base::ErrorClass::kConflict:
      case base::ErrorClass::kInvalid:
      case base::ErrorClass::kCorrupt:
      case base::ErrorClass::kUnsupported:
        return Refusal(answer.error().error_class());
      default:
        return answer.error();
    }
  }

  // Whether the condition in `request`, which does not hold, is honoured: a store that does not
  // know the header may also refuse, but not with 412 or 409.
  base::Result<bool> Honoured(RestRequest request) {
    TRY_ASSIGN(const Refusal refusal, Try(std::move(request)));
    return refusal == base::ErrorClass::kConflict;
  }

  RestRequest Put(const Precondition& condition, EtagStyle style) const {
    RestRequest request = BuildPut(key_, probe_body_);
    AddPrecondition(request, condition, style);
    return request;
  }

  // An object that is certainly there.
  base::Status PutPlain() {
    TRY_ASSIGN(const HttpAnswer answer, session_.Call(BuildPut(key_, probe_body_)));
    etag_ = Unquoted(answer.response.headers.Value("etag"));
    return base::Ok();
  }

  base::Status RunSteps() {
    TRY(PutPlain());
    TRY(ProbePut());
    TRY(ProbeComplete());
    TRY(ProbeCopy());
    TRY(ProbePartCopy());
    TRY(ProbeChecksum());
    return ProbeDelete();
  }

  base::Status ProbePut() {
    TRY_ASSIGN(traits_.put_if_absent, Honoured(Put(absent_, EtagStyle::kQuoted)));
    TRY(PutPlain());
    TRY_ASSIGN(Refusal right, Try(Put({false, etag_}, EtagStyle::kQuoted)));
    if (right == base::ErrorClass::kConflict) {
      traits_.if_match_style = EtagStyle::kBare;
      TRY_ASSIGN(right, Try(Put({false, etag_}, EtagStyle::kBare)));
    }
    TRY_ASSIGN(const bool wrong, Honoured(Put(other_, traits_.if_match_style)));
    traits_.put_if_match = !right.has_value() && wrong;
    return base::Ok();
  }

  base::Result<bool> CompleteHonours(const Precondition& condition) {
    TRY_ASSIGN(const HttpAnswer created, session_.Call(BuildCreateMultipart(key_, false)));
    TRY_ASSIGN(const std::string id, ParseUploadId(created.body));
    TRY_ASSIGN(const HttpAnswer part, session_.Call(BuildUploadPart(key_, id, 1, probe_body_)));
    const PartInfo info{1, Unquoted(part.response.headers.Value("etag")), kContent.size(), {}};
    RestRequest complete = BuildComplete(key_, id, {info});
    AddPrecondition(complete, condition);
    TRY_ASSIGN(const Refusal refusal, Try(std::move(complete)));
    if (refusal) TRY(Abort(id));
    return refusal == base::ErrorClass::kConflict;
  }

  base::Status Abort(const std::string& id) {
    const auto aborted = session_.Call(BuildAbort(key_, id));
    return aborted.ok() ? base::Ok() : base::Status(aborted.error());
  }

  base::Status ProbeComplete() {
    TRY(PutPlain());
    TRY_ASSIGN(const bool absent, CompleteHonours(absent_));
    if (!absent) return base::Ok();
    TRY_ASSIGN(traits_.complete_condition, CompleteHonours(other_));
    return base::Ok();
  }

  base::Status ProbeCopy() {
    TRY(PutPlain());
    const RestRequest plain = BuildCopy(session_.location(), {}, key_, CopyKey());
    TRY_ASSIGN(const HttpAnswer first, session_.Call(plain));
    TRY_ASSIGN([[maybe_unused]] const CopyResult result, ParseCopyResult(first.body));
    RestRequest onto_existing = plain;
    AddPrecondition(onto_existing, absent_);
    TRY_ASSIGN(traits_.copy_target_condition, Honoured(std::move(onto_existing)));
    CopyRequest other;
    other.source_if_match = kOtherEtag;
    TRY_ASSIGN(traits_.copy_source_if_match,
               Honoured(BuildCopy(session_.location(), other, key_, CopyKey())));
    return base::Ok();
  }

  base::Status ProbePartCopy() {
    TRY_ASSIGN(const HttpAnswer created, session_.Call(BuildCreateMultipart(key_, false)));
    TRY_ASSIGN(const std::string id, ParseUploadId(created.body));
    TRY_ASSIGN(traits_.part_copy_source_if_match,
               Honoured(BuildUploadPartCopy(session_.location(), key_, id, 1, key_,
                                            std::string(kOtherEtag), {0, kContent.size()})));
    return Abort(id);
  }

  base::Status ProbeChecksum() {
    RestRequest wrong = BuildPut(key_, probe_body_);
    AddChecksum(wrong, ~base::Crc32c(0, probe_body_.pieces.front()));
    TRY_ASSIGN(const Refusal refused, Try(std::move(wrong)));
    if (!refused || refused == base::ErrorClass::kUnsupported) return base::Ok();
    RestRequest right = BuildPut(key_, probe_body_);
    AddChecksum(right, base::Crc32c(0, probe_body_.pieces.front()));
    TRY_ASSIGN(const Refusal accepted, Try(std::move(right)));
    traits_.checksum_crc32c = !accepted.has_value();
    return base::Ok();
  }

  base::Status ProbeDelete() {
    TRY(PutPlain());
    RestRequest deletion = BuildDelete(key_);
    AddPrecondition(deletion, other_);
    TRY_ASSIGN(traits_.delete_if_match, Honoured(std::move(deletion)));
    TRY(PutPlain());
    const auto answer = session_.Call(BuildDeleteMany({{key_, other_.if_match}}));
    // There are servers without the verb, and such as want no ETag there: nothing depends on it.
    if (!answer.ok()) return base::IsRetryable(answer.error()) ? answer.error() : base::Ok();
    TRY_ASSIGN(const auto failed, ParseDeleteResult(answer->body));
    traits_.delete_many_if_match =
        !failed.empty() && failed.front().second.code == "PreconditionFailed";
    return base::Ok();
  }

  std::string CopyKey() const { return key_ + "-copy"; }

  S3Session& session_;
  const std::string key_;
  const Body probe_body_ = ProbeBody();
  S3Traits traits_;
  const Precondition absent_{true, ""};  // neither of them holds for an object that is there
  const Precondition other_{false, std::string(kOtherEtag)};
  std::string etag_;  // of the object after the last request that wrote
};

}  // namespace

S3Traits AwsTraits() {
  S3Traits traits;
  traits.put_if_absent = traits.put_if_match = traits.complete_condition = true;
  traits.delete_if_match = traits.copy_target_condition = traits.copy_source_if_match = true;
  traits.part_copy_source_if_match = traits.delete_many_if_match = true;
  traits.checksum_crc32c = true;
  return traits;
}

base::Result<S3Traits> ProbeTraits(S3Session& session, const std::string& key) {
  return Probe(session, key).Run();
}

std::string FormatTraits(const S3Traits& traits) {
  std::string text = "s3";  // never empty: a server may have no trait at all
  for (const auto& [word, flag] : kWords) {
    if (traits.*flag) text.append(" ").append(word);
  }
  if (traits.if_match_style == EtagStyle::kBare) text.append(" ").append(kBareWord);
  return text;
}

std::optional<S3Traits> ParseTraits(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string word;
  if (!(words >> word) || word != "s3") return std::nullopt;
  S3Traits traits;
  while (words >> word) {
    const auto* const known = std::find_if(kWords.begin(), kWords.end(),
                                           [&](const auto& entry) { return entry.first == word; });
    if (known != kWords.end()) {
      traits.*(known->second) = true;
    } else if (word == kBareWord) {
      traits.if_match_style = EtagStyle::kBare;
    } else {
      return std::nullopt;
    }
  }
  return traits;
}

Capabilities ToCapabilities(const S3Traits& traits) {
  Capabilities capabilities;
  capabilities.put_if_absent = traits.put_if_absent;
  capabilities.put_if_match = traits.put_if_match;
  capabilities.complete_condition = traits.complete_condition;
  capabilities.delete_if_match = traits.delete_if_match;
  capabilities.delete_many_if_match = traits.delete_many_if_match;
  capabilities.checksum_crc32c = traits.checksum_crc32c;
  capabilities.server_copy = true;
  capabilities.keys_are_utf8 = true;
  return capabilities;
}

}  // namespace objclient
