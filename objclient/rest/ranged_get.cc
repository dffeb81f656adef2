#include "objclient/rest/ranged_get.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace objclient {

namespace {
// libcurl hands over 16 KiB at a time; waking a reader for each would cost more than the copy.
constexpr std::uint64_t kProgressStepBytes = 128 * base::kKiB;
}  // namespace

RangedGet::RangedGet(GetRequest request, HeadReader read_head)
    : request_(std::move(request)), read_head_(read_head) {}

bool RangedGet::Refuse(base::ErrorClass error_class, const std::string& why) {
  refusal_ = base::Error(error_class, fmt::format("GET {}: {}", request_.key, why));
  return false;
}

bool RangedGet::Start(const HttpResponse& response) {
  if (!IsAskedFor(response)) return false;
  if (!request_.claim || request_.claim()) return true;
  return Refuse(base::ErrorClass::kCancelled, "another request was faster");
}

bool RangedGet::IsAskedFor(const HttpResponse& response) {
  head_ = read_head_(request_.key, response.headers);
  // A store that ignores If-Match must not hand us another object's bytes.
  if (!request_.if_match.empty() && head_.etag != request_.if_match) {
    return Refuse(
        base::ErrorClass::kConflict,
        fmt::format("the object changed: ETag {} instead of {}", head_.etag, request_.if_match));
  }
  const base::ByteRange& range = request_.range;
  if (response.status == 200) {
    // A length that was not announced is counted at the end.
    if (response.headers.Find("content-length") == nullptr) head_.size = request_.object_size;
    // Some stores answer a range that is the whole object so.
    if (range.offset == 0 && head_.size == range.length) return true;
    return Refuse(base::ErrorClass::kUnsupported, "the store ignores ranges");
  }
  const auto got = ParseContentRange(response.headers.Value("content-range"));
  if (!got) return Refuse(base::ErrorClass::kCorrupt, "a partial answer without Content-Range");
  if (got->first != range.offset || got->last + 1 != range.end()) {
    return Refuse(base::ErrorClass::kCorrupt,
                  fmt::format("bytes {}-{} instead of {}-{}", got->first, got->last, range.offset,
                              range.end() - 1));
  }
  return true;
}

bool RangedGet::Take(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (target_ == request_.into.size()) {
      return Refuse(base::ErrorClass::kCorrupt, "more bytes than asked for");
    }
    const std::span<std::byte> target = request_.into[target_].subspan(target_offset_);
    const std::size_t length = std::min(target.size(), bytes.size());
    if (length > 0) std::memcpy(target.data(), bytes.data(), length);
    bytes = bytes.subspan(length);
    received_bytes_ += length;
    target_offset_ += length;
    if (length < target.size()) continue;
    ++target_;
    target_offset_ = 0;
    Report();
  }
  if (received_bytes_ - reported_bytes_ >= kProgressStepBytes) Report();
  return true;
}

void RangedGet::Report() {
  reported_bytes_ = received_bytes_;
  if (request_.progress) request_.progress(received_bytes_);
}

base::Result<ObjectHead> RangedGet::Finish(const base::Result<HttpAnswer>& answer) {
  if (refusal_) return *refusal_;
  if (received_bytes_ > reported_bytes_) Report();
  if (!answer.ok()) return answer.error();
  if (received_bytes_ != request_.range.length) {
    return base::Error(base::ErrorClass::kUnavailable,
                       fmt::format("GET {}: {} bytes instead of {}", request_.key, received_bytes_,
                                   request_.range.length));
  }
  return head_;
}

}  // namespace objclient
