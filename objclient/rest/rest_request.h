// RestRequest: one request of a verb, before address and signature, for every store that is spoken
// to over HTTP with documents in XML. A value; builders are pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "objclient/http/http_message.h"
#include "objclient/object.h"

namespace objclient {

struct RestRequest {
  std::string method;
  std::string key;                                         // empty = the bucket
  std::vector<std::pair<std::string, std::string>> query;  // not encoded
  HttpHeaders headers;
  std::vector<std::span<const std::byte>> body;  // the caller's memory, or
  std::string document;                          // our own text
  bool has_body = false;
  bool urgent = true;              // bulk requests are not
  bool may_fail_with_200 = false;  // the answer's body decides
  bool slow = false;               // the server works before it answers: copies, batches
};

RestRequest MakeRequest(std::string method, std::string key);
void SetDocument(RestRequest& request, std::string document,
                 std::string content_type = "application/xml");

// "name=value&..." with everything encoded, in the request's order.
std::string EncodedQuery(const RestRequest& request);
// The request for the wire, not signed yet. `address`: scheme, authority and encoded path.
// `request` must outlive the answer: the body is not copied.
HttpRequest ToHttp(const RestRequest& request, std::string address);

// The ETag in the quotes that headers want.
std::string Quoted(const std::string& etag);
// If-None-Match: * or If-Match.
void AddPrecondition(RestRequest& request, const Precondition& precondition);

}  // namespace objclient
