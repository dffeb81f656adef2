// Google's own dialect of S3, for what its XML interface can do only in its own words: headers
// begin with x-goog-, and an object's identity is its generation, which is what a write can be
// conditional on; If-Match and If-None-Match are for reads there. So an ETag is a generation above
// this file, everywhere but in the parts of an upload. Pure functions.
#pragma once

#include "objclient/http/http_message.h"
#include "objclient/rest/rest_request.h"

namespace objclient {

// Before it is signed.
void ToGoogle(RestRequest& request);
// What came back for `request`.
void FromGoogle(const RestRequest& request, HttpHeaders& answer);

}  // namespace objclient
