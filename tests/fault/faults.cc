#include "tests/fault/faults.h"

#include <strings.h>

#include <thread>
#include <utility>

namespace fault {

using objclient::HttpHeaders;
using objclient::ScriptedAnswer;

namespace {

ScriptedAnswer Ended(std::string bytes, End end) {
  return {.bytes = std::move(bytes),
          .close = end == End::kClose,
          .hang = end == End::kStall,
          .reset = end == End::kReset};
}

// The server itself is away: the client finds nobody, whatever else should have happened.
ScriptedAnswer Passed(const Reply& reply) {
  if (reply.status == 0) return Ended({}, End::kReset);
  return {.bytes = Serialize(reply)};
}

}  // namespace

Hits Everything() {
  return [](const Asked&) { return true; };
}

Hits Method(std::string method) {
  return [method = std::move(method)](const Asked& asked) { return asked.method == method; };
}

Hits Target(std::string text) {
  return [text = std::move(text)](const Asked& asked) { return asked.Has(text); };
}

Hits Both(Hits first, Hits second) {
  return [first = std::move(first), second = std::move(second)](const Asked& asked) {
    return first(asked) && second(asked);
  };
}

FaultProxy::Fault Refuse(Hits hits, int status, const std::string& code, HttpHeaders headers) {
  Reply reply;
  reply.status = status;
  reply.headers = std::move(headers);
  reply.headers.Add("Content-Type", "application/xml");
  reply.body = "<?xml version=\"1.0\"?><Error><Code>" + code +
               "</Code><Message>injected</Message><RequestId>fault</RequestId></Error>";
  return {.hits = std::move(hits),
          .act = [reply](const Asked& asked, const FaultProxy::Upstream&) -> ScriptedAnswer {
            Reply refusal = reply;
            if (asked.method == "HEAD") {
              refusal.length = std::to_string(refusal.body.size());
              refusal.body.clear();
            }
            return {.bytes = Serialize(refusal)};
          }};
}

FaultProxy::Fault Break(Hits hits, End end) {
  return {.hits = std::move(hits),
          .act = [end](const Asked&, const FaultProxy::Upstream&) { return Ended({}, end); }};
}

FaultProxy::Fault BreakUpload(Hits hits) {
  FaultProxy::Fault fault = Break(std::move(hits), End::kReset);
  fault.early = true;
  return fault;
}

FaultProxy::Fault LoseAnswer(Hits hits) {
  return {.hits = std::move(hits),
          .act = [](const Asked& asked, const FaultProxy::Upstream& upstream) {
            upstream(asked);
            return Ended({}, End::kReset);
          }};
}

FaultProxy::Fault CutBody(Hits hits, std::size_t bytes, End end) {
  return {.hits = std::move(hits),
          .act = [bytes, end](const Asked& asked, const FaultProxy::Upstream& upstream) {
            const Reply reply = upstream(asked);
            if (reply.body.size() <= bytes) return Passed(reply);
            std::string text = Serialize(reply);
            text.resize(text.size() - reply.body.size() + bytes);
            return Ended(std::move(text), end);
          }};
}

FaultProxy::Fault Delay(Hits hits, std::chrono::milliseconds delay) {
  return {.hits = std::move(hits),
          .act = [delay](const Asked& asked, const FaultProxy::Upstream& upstream) {
            const Reply reply = upstream(asked);
            std::this_thread::sleep_for(delay);
            return Passed(reply);
          }};
}

FaultProxy::Fault ChangeReply(Hits hits, std::function<void(Reply&)> change) {
  return {.hits = std::move(hits),
          .act = [change = std::move(change)](const Asked& asked,
                                              const FaultProxy::Upstream& upstream) {
            Reply reply = upstream(asked);
            if (reply.status == 0) return Passed(reply);
            change(reply);
            if (asked.method != "HEAD") reply.length = std::to_string(reply.body.size());
            return Passed(reply);
          }};
}

FaultProxy::Fault ChangeRequest(Hits hits, std::function<void(Asked&)> change) {
  return {.hits = std::move(hits),
          .act = [change = std::move(change)](Asked asked, const FaultProxy::Upstream& upstream) {
            change(asked);
            return Passed(upstream(asked));
          }};
}

FaultProxy::Fault Times(std::size_t times, FaultProxy::Fault fault) {
  fault.times = times;
  return fault;
}

void FlipBit(std::string& body) {
  if (!body.empty()) body[body.size() / 2] = static_cast<char>(body[body.size() / 2] ^ 0x10);
}

void SetHeader(HttpHeaders& headers, const std::string& name, const std::string& value) {
  HttpHeaders changed;
  for (const auto& [old_name, old_value] : headers.all()) {
    if (strcasecmp(old_name.c_str(), name.c_str()) != 0) changed.Add(old_name, old_value);
  }
  changed.Add(name, value);
  headers = std::move(changed);
}

}  // namespace fault
