#include "objclient/http/curl_transfer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "objclient/http/curl_poll.h"
#include "objclient/http/url.h"

namespace objclient {

namespace {

// Of a connection, for the time of a request. Half of it costs 0.03 CPU s/GiB more on 64
// connections, an eighth 0.05 on any number.
constexpr long kReceiveBufferBytes = 1024L << 10;
// Filled by a copy and emptied by the kernel's: it should still be in the processor's cache then.
// Half of it costs 0.01 CPU s/GiB more, as does twice as much.
constexpr long kUploadBufferBytes = 512L << 10;
constexpr const char* kWantsTls = " (does the server want https:// there?)";
constexpr std::size_t kHeaderBytesMax = 128u << 10;

template <typename V>
base::Status Set(CURL* easy, CURLoption option, V value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  if (code == CURLE_OK) return base::Ok();
  return base::Error(
      base::ErrorClass::kBug,
      fmt::format("curl option {}: {}", static_cast<int>(option), curl_easy_strerror(code)));
}

std::string_view HostOf(std::string_view url) {
  const auto start = url.find("://");
  if (start == std::string_view::npos) return {};
  const std::string_view authority = url.substr(start + 3, url.find('/', start + 3) - start - 3);
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

// Without the query, which is long and says little.
std::string_view WithoutQuery(std::string_view url) { return url.substr(0, url.find('?')); }

}  // namespace

CurlTransfer::CurlTransfer(HttpRequest request, HttpHandler handler)
    : request_(std::move(request)), handler_(std::move(handler)) {}

base::Status CurlTransfer::Prepare(CurlEasy easy, const CurlBounds& bounds) {
  easy_ = std::move(easy);
  if (easy_ == nullptr) {
    return base::Error(base::ErrorClass::kUnavailable, "no memory for a curl handle");
  }
  curl_message_.assign(CURL_ERROR_SIZE, '\0');
  CURL* handle = easy_.get();
  TRY(Set(handle, CURLOPT_PRIVATE, this));
  TRY(Set(handle, CURLOPT_ERRORBUFFER, curl_message_.data()));
  TRY(Set(handle, CURLOPT_NOSIGNAL, 1L));
  TRY(Set(handle, CURLOPT_URL, request_.url.c_str()));
  TRY(Set(handle, CURLOPT_PATH_AS_IS, 1L));  // a key may hold "/../"
  TRY(Set(handle, CURLOPT_PROTOCOLS_STR, "http,https"));
  TRY(Set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1)));
  TRY(Set(handle, CURLOPT_HEADERFUNCTION, &CurlTransfer::OnHeader));
  TRY(Set(handle, CURLOPT_HEADERDATA, this));
  TRY(Set(handle, CURLOPT_WRITEFUNCTION, &CurlTransfer::OnWrite));
  TRY(Set(handle, CURLOPT_WRITEDATA, this));
  TRY(SetBounds(bounds));
  TRY(SetMethod());
  return SetHeaders();
}

base::Status CurlTransfer::SetBounds(const CurlBounds& bounds) {
  CURL* handle = easy_.get();
  const auto stall =
      request_.stall_timeout.count() > 0 ? request_.stall_timeout : bounds.stall_timeout;
  const auto stall_seconds = std::chrono::ceil<std::chrono::seconds>(stall).count();
  TRY(Set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(bounds.connect_timeout.count())));
  TRY(Set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L));
  TRY(Set(handle, CURLOPT_LOW_SPEED_TIME, std::max(1L, static_cast<long>(stall_seconds))));
  TRY(Set(handle, CURLOPT_TCP_NODELAY, 1L));
  TRY(Set(handle, CURLOPT_TCP_KEEPALIVE, 1L));
  if (!bounds.ca_bundle.empty()) TRY(Set(handle, CURLOPT_CAINFO, bounds.ca_bundle.c_str()));
  return SetRoute(bounds);
}

base::Status CurlTransfer::SetRoute(const CurlBounds& bounds) {
  CURL* handle = easy_.get();
  // A name's addresses are servers of equal right, and one that is kept would get all connections.
  TRY(Set(handle, CURLOPT_DNS_CACHE_TIMEOUT, 0L));
  TRY(Set(handle, CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L));
  // Who gives up a lookup leaves its thread to itself. Otherwise all transfers of the loop would
  // wait until the name server's own time is over.
  TRY(Set(handle, CURLOPT_QUICK_EXIT, 1L));
  TRY(Set(handle, CURLOPT_MAXLIFETIME_CONN, static_cast<long>(bounds.connection_life.count())));
  const std::string_view host = HostOf(request_.url);
  if (IsLoopback(host) || IsMetadataService(host)) {
    CurlPoll::AllowReadAhead(handle);
    return Set(handle, CURLOPT_NOPROXY, "*");
  }
  // What a proxy says before the tunnel stands is no answer of the store's.
  TRY(Set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L));
  if (bounds.proxy.empty()) {
    if (!bounds.environment_proxy) CurlPoll::AllowReadAhead(handle);
    return base::Ok();
  }
  if (!bounds.ca_bundle.empty()) TRY(Set(handle, CURLOPT_PROXY_CAINFO, bounds.ca_bundle.c_str()));
  return Set(handle, CURLOPT_PROXY, bounds.proxy.c_str());
}

base::Status CurlTransfer::SetMethod() {
  CURL* handle = easy_.get();
  if (request_.method == "HEAD") return Set(handle, CURLOPT_NOBODY, 1L);
  TRY(Set(handle, CURLOPT_CUSTOMREQUEST, request_.method.c_str()));
  if (request_.method != "GET") {
    TRY(Set(handle, CURLOPT_PREREQFUNCTION, &CurlTransfer::OnPrereq));
    TRY(Set(handle, CURLOPT_PREREQDATA, this));
  }
  if (!request_.has_body) return Set(handle, CURLOPT_BUFFERSIZE, kReceiveBufferBytes);
  TRY(Set(handle, CURLOPT_UPLOAD, 1L));
  TRY(Set(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request_.body_size())));
  if (request_.body_size() > kUploadBufferBytes / 4) {
    TRY(Set(handle, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes));
  }
  TRY(Set(handle, CURLOPT_READFUNCTION, &CurlTransfer::OnRead));
  return Set(handle, CURLOPT_READDATA, this);
}

base::Status CurlTransfer::SetHeaders() {
  // "Name;" is how curl is told to send a header with an empty value.
  bool ok = Append(header_list_, "Expect:") && Append(header_list_, "Accept:");
  for (const auto& [name, value] : request_.headers.all()) {
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    ok = ok && Append(header_list_, line.c_str());
  }
  if (!ok) return base::Error(base::ErrorClass::kUnavailable, "no memory for request headers");
  return Set(easy_.get(), CURLOPT_HTTPHEADER, header_list_.get());
}

std::size_t CurlTransfer::OnHeader(char* data, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  const std::size_t length = size * count;
  return transfer->TakeHeaderLine({data, length}) ? length : 0;
}

bool CurlTransfer::TakeHeaderLine(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kHeaderBytesMax) return false;
  if (line.starts_with("HTTP/")) {
    response_ = HttpResponse();  // a "100 Continue" or a proxy's answer came before
    return true;
  }
  if (line == "\r\n" || line == "\n") {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || headers_delivered_) return true;
    response_.status = static_cast<int>(status);
    headers_delivered_ = true;
    stopped_ = handler_.on_headers && !handler_.on_headers(response_);
    return !stopped_;
  }
  if (headers_delivered_) return true;  // trailers
  if (auto header = ParseHeaderLine(line)) {
    response_.headers.Add(std::move(header->first), std::move(header->second));
  }
  return true;
}

std::size_t CurlTransfer::OnWrite(char* data, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  const std::size_t length = size * count;
  transfer->received_bytes_ += length;
  const auto bytes = std::as_bytes(std::span<const char>(data, length));
  transfer->stopped_ = transfer->handler_.on_body && !transfer->handler_.on_body(bytes);
  return transfer->stopped_ ? 0 : length;
}

std::size_t CurlTransfer::OnRead(char* target, std::size_t size, std::size_t count, void* self) {
  return static_cast<CurlTransfer*>(self)->FillFromBody({target, size * count});
}

std::size_t CurlTransfer::FillFromBody(std::span<char> target) {
  std::size_t filled = 0;
  while (filled < target.size() && piece_ < request_.body.size()) {
    const auto rest = request_.body[piece_].subspan(piece_offset_);
    const std::size_t length = std::min(rest.size(), target.size() - filled);
    if (length > 0) std::memcpy(target.data() + filled, rest.data(), length);
    filled += length;
    piece_offset_ += length;
    if (length == rest.size()) {
      ++piece_;
      piece_offset_ = 0;
    }
  }
  sent_bytes_ += filled;
  return filled;
}

// libcurl makes a request again, on its own, when a connection that was used before ends without an
// answer. The store may have done what it was asked; what else has happened since, only who asked
// can find out.
int CurlTransfer::OnPrereq(void* self, char*, char*, int, int) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  const bool again = std::exchange(transfer->begun_, true);
  return again ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

base::Error CurlTransfer::Failure(CURLcode code, long tunnel) const {
  using base::ErrorClass;
  const std::string where = fmt::format("{} {}: ", request_.method, WithoutQuery(request_.url));
  // curl then goes on with the proxy's URL, and the password in it.
  if (std::string_view(curl_message_).starts_with("Unsupported proxy ")) {
    return {ErrorClass::kInvalid,
            where +
                "https_proxy, http_proxy or all_proxy holds no URL of a proxy (in a password "
                "other characters than letters and digits are written as %XX)"};
  }
  const std::string what =
      where + (curl_message_.front() != '\0' ? curl_message_.c_str() : curl_easy_strerror(code));
  if (stopped_) return {ErrorClass::kCancelled, what + " (the receiver stopped it)"};
  // The proxy's answer to CONNECT.
  if (tunnel == 403) return {ErrorClass::kAuth, what + " (the proxy does not allow it)"};
  if (tunnel == 407) return {ErrorClass::kAuth, fmt::format("{} ({})", what, kProxyAuthHint)};
  switch (code) {
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_ABORTED_BY_CALLBACK:
      return {ErrorClass::kUnavailable, where + "the connection ended without an answer"};
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorClass::kTimeout, what};
    case CURLE_SSL_CONNECT_ERROR:
      if (what.find("wrong version number") == std::string::npos) break;
      return {ErrorClass::kUnavailable,
              what + " (the server does not speak TLS there: write http://)"};
    case CURLE_GOT_NOTHING:
      if (!request_.url.starts_with("http://")) break;
      return {ErrorClass::kUnavailable, what + kWantsTls};
    case CURLE_URL_MALFORMAT:
      return {ErrorClass::kInvalid, what};
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {ErrorClass::kInvalid,
              what + (what.find("HTTP/0.9") == std::string::npos ? "" : kWantsTls)};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return {ErrorClass::kInvalid,
              what + " (for a private authority set AWS_CA_BUNDLE to its PEM file)"};
    default:
      break;
  }
  return {ErrorClass::kUnavailable, what};
}

CurlEasy CurlTransfer::Finish(CURLcode code) {
  long tunnel = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_CONNECTCODE, &tunnel);
  CurlEasy easy = std::move(easy_);
  curl_easy_reset(
      easy.get());  // drops the pointers to this transfer; connections live in the multi
  if (code == CURLE_OK && headers_delivered_) {
    handler_.on_done(std::move(response_));
  } else {
    handler_.on_done(Failure(code, tunnel));
  }
  return easy;
}

void CurlTransfer::Fail(const base::Error& error) {
  easy_.reset();
  handler_.on_done(
      error.Annotate(fmt::format("{} {}", request_.method, WithoutQuery(request_.url))));
}

}  // namespace objclient
