// The ObjectStore suite's fixture: one fresh, empty store a test, whatever its kind, and short
// forms of the verbs. What a kind of store does differently it declares through Capabilities and
// through the predicates here; a test never asks for the kind itself.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "objclient/object_store.h"
#include "tests/support/temp_dir.h"

namespace conformance {

using Bytes = std::vector<std::byte>;

// A store and what must live as long as it.
struct OpenedStore {
  base::Metrics metrics;
  std::unique_ptr<testing_support::TempDir> directory;
  std::unique_ptr<objclient::ObjectStore> store;  // none: see skip_reason
  std::string skip_reason;
};

struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<OpenedStore>()> open;
  // A folder cannot hold both "a" and "a/b".
  bool holds_key_below_key = true;
  // An ETag is new with every write, even of the same bytes (S3's is a digest of them).
  bool etag_is_unique = true;
  // Complete may leave out parts that were uploaded (radosgw refuses).
  bool completes_some_parts = true;
};
void PrintTo(const StoreKind& kind, std::ostream* out);

// Bytes that differ at every offset and between seeds.
Bytes Pattern(std::size_t size, unsigned seed = 0);

class StoreConformance : public testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override;
  void TearDown() override;

  objclient::ObjectStore& store() { return *opened_->store; }
  objclient::Capabilities can() { return store().capabilities(); }

  base::Result<objclient::ObjectHead> Put(const std::string& key, const Bytes& bytes,
                                          const objclient::Precondition& precondition = {},
                                          const objclient::Metadata& metadata = {});
  base::Result<Bytes> Get(const std::string& key, base::ByteRange range,
                          const std::string& if_match = "");
  base::Result<objclient::PartInfo> Part(const std::string& key, const std::string& upload_id,
                                         std::uint32_t number, const Bytes& bytes);
  // Whatever is there.
  base::Result<std::vector<std::pair<std::string, base::Error>>> DeleteKeys(
      const std::vector<std::string>& keys);
  // The object's whole content; a failure is reported and answers nothing.
  Bytes Content(const std::string& key);
  bool Exists(const std::string& key) { return store().Head(key).ok(); }
  // Every key of a listing, page by page; prefixes included.
  std::vector<std::string> ListAll(const std::string& prefix, const std::string& delimiter = "",
                                   std::uint32_t limit = 1000);
  std::size_t pages() const { return pages_; }

 private:
  std::unique_ptr<OpenedStore> opened_;
  std::size_t pages_ = 0;  // of the last ListAll
};

}  // namespace conformance
