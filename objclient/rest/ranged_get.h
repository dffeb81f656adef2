// RangedGet: receives one ranged GET into the caller's memory. Shared by the callbacks of its
// transfer and used on the HTTP thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "objclient/object_store.h"
#include "objclient/rest/exchange.h"
#include "objclient/rest/object_headers.h"

namespace objclient {

class RangedGet {
 public:
  RangedGet(GetRequest request, HeadReader read_head);

  // Checks that the answer is the range, and of the object, that were asked for, and claims the
  // memory.
  bool Start(const HttpResponse& response);
  // Copies; reports progress in steps, not for every piece.
  bool Take(std::span<const std::byte> bytes);
  // The result, given how the transfer ended.
  base::Result<ObjectHead> Finish(const base::Result<HttpAnswer>& answer);

  // Of the answer, since Start.
  const ObjectHead& head() const { return head_; }

 private:
  bool IsAskedFor(const HttpResponse& response);
  bool Refuse(base::ErrorClass error_class, const std::string& why);
  void Report();

  const GetRequest request_;
  const HeadReader read_head_;
  ObjectHead head_;
  std::optional<base::Error> refusal_;
  std::size_t target_ = 0;         // position in request_.into: piece and
  std::size_t target_offset_ = 0;  // offset in it
  std::uint64_t received_bytes_ = 0;
  std::uint64_t reported_bytes_ = 0;
};

}  // namespace objclient
