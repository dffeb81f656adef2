// Dialect: how the store under test speaks, for faults that befall one kind of request or bear a
// name of the store's own. What goes wrong and what must come of it is the same for all stores.
// A value; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/fault/faults.h"

namespace fault {

struct Dialect {
  // --- requests ---
  Hits listings;
  Hits completions;                                // of multipart uploads
  Hits batches;                                    // of deletions
  std::function<Hits(std::uint32_t number)> part;  // of a multipart upload
  Hits first_tries;  // each request when it is seen for the first time, and not when tried again
  std::size_t requests_of_every_verb = 0;
  std::string date_header;  // when it was signed
  std::string date_format;

  // --- answers ---
  std::string code_header;  // where a refusal's code is, beside the document; "" = nowhere
  std::string busy_code;
  std::string wrong_time_code;
  std::vector<std::string> no_listings;  // documents that are none
  std::string key_tag, object_tag;       // of a listing

  // --- the server ---
  bool creates_uploads = true;        // a multipart upload begins with a request
  bool keeps_whole_checksums = true;  // answers a GET of a whole object with its checksum
  std::function<bool(const std::string& key)> takes_key = [](const std::string&) { return true; };
  std::size_t odd_keys = 10'000;  // as many as it puts, lists and deletes in a minute or two
  std::string script;             // in tests/support/stores; starts one more of its kind
  std::string variables;          // before _URL and _ENDPOINT
  std::string endpoint_variable;  // as the script exports it
  std::vector<std::string> secret_variables;

  // Refusals with codes where this store has them.
  FaultProxy::Fault Refuse(Hits hits, int status, const std::string& code,
                           objclient::HttpHeaders headers = {}) const;
};

Dialect S3Dialect();
Dialect AzureDialect();

}  // namespace fault
