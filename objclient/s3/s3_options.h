// S3Options: what a user may ask of an S3 bucket beyond its name, and S3Headers: how it goes out,
// as headers of every request that it concerns. Values; any thread.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "objclient/rest/rest_request.h"
#include "objclient/s3/s3_location.h"

namespace objclient {

struct S3Options {
  std::string addressing = "auto";    // of the bucket: auto, virtual (in the host name) or path
  bool dual_stack = false;            // the cloud's endpoints that have IPv6 addresses as well
  bool requester_pays = false;        // we pay for our requests, the bucket's owner does not
  std::string storage_class;          // of objects we write; empty = the bucket's
  std::string sse;                    // "s3" or "kms"; empty = as the bucket is set up
  std::string sse_kms_key;            // id or ARN; implies kms
  std::string sse_customer_key_file;  // 32 bytes, or their Base64: the store forgets the key
};

base::Result<S3Addressing> AddressingOf(const S3Options& options);

class S3Headers {
 public:
  S3Headers() = default;
  // kInvalid for what no store knows, what contradicts itself, and a key file that holds no key.
  static base::Result<S3Headers> Make(const S3Options& options);

  // Told apart by what `request` says: whether it makes an object, and whether it moves bytes.
  void AddTo(RestRequest& request) const;
  bool has_customer_key() const { return customer_key_.has_value(); }

 private:
  struct CustomerKey {
    base::Secret base64;
    std::string md5;  // of the key, in Base64
  };
  static base::Result<CustomerKey> ReadKey(const std::string& file);
  void AddCustomerKey(RestRequest& request, const std::string& prefix) const;

  bool requester_pays_ = false;
  std::string storage_class_;
  std::string encryption_;  // as the header has it
  std::string kms_key_;
  std::optional<CustomerKey> customer_key_;
};

}  // namespace objclient
