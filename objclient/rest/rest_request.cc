#include "objclient/rest/rest_request.h"

#include <fmt/format.h>

#include "objclient/http/url.h"

namespace objclient {

namespace {
constexpr std::chrono::milliseconds kSlowStallTimeout{120'000};
}  // namespace

RestRequest MakeRequest(std::string method, std::string key) {
  RestRequest request;
  request.method = std::move(method);
  request.key = std::move(key);
  return request;
}

void SetDocument(RestRequest& request, std::string document, std::string content_type) {
  request.document = std::move(document);
  request.has_body = true;
  request.headers.Add("content-type", std::move(content_type));
}

std::string EncodedQuery(const RestRequest& request) {
  std::string text;
  for (const auto& [name, value] : request.query) {
    if (!text.empty()) text += '&';
    text += fmt::format("{}={}", PercentEncode(name, false), PercentEncode(value, false));
  }
  return text;
}

HttpRequest ToHttp(const RestRequest& request, std::string address) {
  HttpRequest http;
  http.method = request.method;
  http.url = std::move(address);
  if (!request.query.empty()) http.url += "?" + EncodedQuery(request);
  http.headers = request.headers;
  http.has_body = request.has_body;
  http.urgent = request.urgent;
  if (request.slow) http.stall_timeout = kSlowStallTimeout;
  http.body = request.body;
  if (!request.document.empty()) {
    http.body = {std::as_bytes(std::span<const char>(request.document))};
  }
  return http;
}

std::string Quoted(const std::string& etag) { return '"' + etag + '"'; }

void AddPrecondition(RestRequest& request, const Precondition& precondition) {
  if (precondition.if_absent) request.headers.Add("if-none-match", "*");
  if (!precondition.if_match.empty()) {
    request.headers.Add("if-match", Quoted(precondition.if_match));
  }
}

}  // namespace objclient
