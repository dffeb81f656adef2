// What can go wrong between a client and its store, for FaultProxy. Each function makes one kind of
// trouble; `hits` says whom it befalls. Pure: a Fault is a value.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "tests/fault/fault_proxy.h"

namespace fault {

inline constexpr std::size_t kAlways = static_cast<std::size_t>(-1);

using Hits = std::function<bool(const Asked&)>;

// --- whom ---
Hits Everything();
Hits Method(std::string method);
// Whose target holds the text: a key, a parameter of the query.
Hits Target(std::string text);
Hits Both(Hits first, Hits second);

// --- what ---
enum class End : std::uint8_t { kClose, kReset, kStall };

// The store refuses: a status and the code of an error document.
FaultProxy::Fault Refuse(Hits hits, int status, const std::string& code,
                         objclient::HttpHeaders headers = {});
// The connection breaks before the store has seen the request.
FaultProxy::Fault Break(Hits hits, End end);
// The same in the midst of the request's body.
FaultProxy::Fault BreakUpload(Hits hits);
// The store does what it was asked; the answer does not arrive.
FaultProxy::Fault LoseAnswer(Hits hits);
// The answer ends after so many bytes of its body. Its Content-Length is that of the whole.
FaultProxy::Fault CutBody(Hits hits, std::size_t bytes, End end);
// The answer begins late.
FaultProxy::Fault Delay(Hits hits, std::chrono::milliseconds delay);
// The answer is another one.
FaultProxy::Fault ChangeReply(Hits hits, std::function<void(Reply&)> change);
// The store gets another request.
FaultProxy::Fault ChangeRequest(Hits hits, std::function<void(Asked&)> change);

FaultProxy::Fault Times(std::size_t times, FaultProxy::Fault fault);

// --- small changes ---
void FlipBit(std::string& body);  // in the middle
void SetHeader(objclient::HttpHeaders& headers, const std::string& name, const std::string& value);

}  // namespace fault
