#include "tests/fault/fault_proxy.h"

#include <curl/curl.h>
#include <strings.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace fault {

using objclient::ScriptedAnswer;
using objclient::SeenRequest;

namespace {

// Headers that concern one connection only, or the length, which Serialize writes.
bool TravelsNoFurther(const std::string& name) {
  static constexpr const char* kNames[] = {"connection", "keep-alive", "transfer-encoding",
                                           "content-length"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](const char* one) { return strcasecmp(name.c_str(), one) == 0; });
}

Asked Parse(const SeenRequest& seen) {
  Asked asked;
  const std::size_t line_end = seen.head.find("\r\n");
  const std::string line = seen.head.substr(0, line_end);
  const std::size_t first = line.find(' ');
  const std::size_t second = line.find(' ', first + 1);
  asked.method = line.substr(0, first);
  asked.target = line.substr(first + 1, second - first - 1);
  for (std::size_t at = line_end + 2; at < seen.head.size();) {
    const std::size_t end = std::min(seen.head.find('\n', at), seen.head.size());
    if (auto header = objclient::ParseHeaderLine(seen.head.substr(at, end - at))) {
      asked.headers.Add(std::move(header->first), std::move(header->second));
    }
    at = end + 1;
  }
  asked.body = seen.body;
  return asked;
}

}  // namespace

// A connection to the server, kept for the next request. One request at a time.
class FaultProxy::Connection {
 public:
  Connection() : easy_(curl_easy_init()) { CHECK(easy_ != nullptr); }
  ~Connection() { curl_easy_cleanup(easy_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Status 0 when the server does not answer.
  Reply Send(const std::string& server, const Asked& asked) {
    Reply reply;
    curl_easy_reset(easy_);
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_NOPROXY, "*");
    Set(CURLOPT_URL, server.c_str());
    Set(CURLOPT_REQUEST_TARGET, asked.target.c_str());
    Set(CURLOPT_CONNECTTIMEOUT, 5L);
    Set(CURLOPT_TIMEOUT, 60L);
    Set(CURLOPT_WRITEFUNCTION, &OnBody);
    Set(CURLOPT_WRITEDATA, &reply);
    Set(CURLOPT_HEADERFUNCTION, &OnHeader);
    Set(CURLOPT_HEADERDATA, &reply);
    if (asked.method == "HEAD") {
      Set(CURLOPT_NOBODY, 1L);
    } else if (asked.method == "PUT" || asked.method == "POST") {
      Set(CURLOPT_POST, 1L);
      Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(asked.body.size()));
      Set(CURLOPT_POSTFIELDS, asked.body.data());
    }
    Set(CURLOPT_CUSTOMREQUEST, asked.method.c_str());
    curl_slist* lines = Lines(asked);
    Set(CURLOPT_HTTPHEADER, lines);
    const CURLcode code = curl_easy_perform(easy_);
    curl_slist_free_all(lines);
    if (code != CURLE_OK) return {.status = 0, .headers = {}, .body = {}, .length = {}};
    if (reply.length.empty() || asked.method != "HEAD") {
      reply.length = std::to_string(reply.body.size());
    }
    return reply;
  }

 private:
  template <typename V>
  void Set(CURLoption option, V value) {
    CHECK(curl_easy_setopt(easy_, option, value) == CURLE_OK);
  }

  static curl_slist* Lines(const Asked& asked) {
    // What curl would add of its own is taken away.
    curl_slist* lines = nullptr;
    for (const char* name : {"Expect:", "Accept:", "Content-Type:"}) {
      lines = curl_slist_append(lines, name);
    }
    for (const auto& [name, value] : asked.headers.all()) {
      if (TravelsNoFurther(name)) continue;
      const std::string line = value.empty() ? name + ";" : name + ": " + value;
      lines = curl_slist_append(lines, line.c_str());
    }
    return lines;
  }

  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* into) {
    auto* reply = static_cast<Reply*>(into);
    const std::string_view line(data, size * count);
    if (line.starts_with("HTTP/")) {
      *reply = {};
      reply->status = std::atoi(data + line.find(' '));
    } else if (auto header = objclient::ParseHeaderLine(line)) {
      if (!TravelsNoFurther(header->first)) {
        reply->headers.Add(std::move(header->first), std::move(header->second));
      } else if (strcasecmp(header->first.c_str(), "content-length") == 0) {
        reply->length = header->second;
      }
    }
    return line.size();
  }

  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* into) {
    static_cast<Reply*>(into)->body.append(data, size * count);
    return size * count;
  }

  CURL* const easy_;
};

FaultProxy::FaultProxy(std::string server)
    : server_(std::move(server)),
      front_(
          [this](const SeenRequest& seen) -> ScriptedAnswer {
            const Asked asked = Parse(seen);
            const Upstream upstream = [this](const Asked& sent) { return Forward(sent); };
            if (const auto act = Choose(asked, false)) return act(asked, upstream);
            const Reply reply = Forward(asked);
            if (reply.status == 0) return {.bytes = {}, .reset = true};
            return {.bytes = Serialize(reply)};
          },
          [this](const SeenRequest& seen) -> std::optional<ScriptedAnswer> {
            const Asked asked = Parse(seen);
            const auto act = Choose(asked, true);
            if (!act) return std::nullopt;
            return act(asked, nullptr);
          }) {}

FaultProxy::~FaultProxy() = default;

std::string FaultProxy::endpoint() const { return front_.Url(""); }

void FaultProxy::Inject(Fault fault) {
  base::MutexLock lock(mutex_);
  faults_.push_back(std::move(fault));
}

void FaultProxy::Clear() {
  base::MutexLock lock(mutex_);
  faults_.clear();
}

std::size_t FaultProxy::injected() const {
  base::MutexLock lock(mutex_);
  return injected_;
}

std::function<ScriptedAnswer(Asked, const FaultProxy::Upstream&)> FaultProxy::Choose(
    const Asked& asked, bool early) {
  base::MutexLock lock(mutex_);
  for (Fault& one : faults_) {
    if (one.early != early || one.times == 0 || !one.hits(asked)) continue;
    --one.times;
    ++injected_;
    return one.act;
  }
  return nullptr;
}

std::unique_ptr<FaultProxy::Connection> FaultProxy::TakeConnection() {
  base::MutexLock lock(mutex_);
  if (idle_.empty()) return std::make_unique<Connection>();
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

Reply FaultProxy::Forward(const Asked& asked) {
  auto connection = TakeConnection();
  Reply reply = connection->Send(server_, asked);
  base::MutexLock lock(mutex_);
  idle_.push_back(std::move(connection));
  return reply;
}

std::string Serialize(const Reply& reply) {
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " Answer\r\n";
  for (const auto& [name, value] : reply.headers.all()) text += name + ": " + value + "\r\n";
  const bool has_length = reply.status != 204 && reply.status != 304;
  if (has_length) {
    text += "Content-Length: " +
            (reply.length.empty() ? std::to_string(reply.body.size()) : reply.length) + "\r\n";
  }
  return text + "\r\n" + reply.body;
}

}  // namespace fault
