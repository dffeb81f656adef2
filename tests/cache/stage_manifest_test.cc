#include "cache/stage_manifest.h"

#include <gtest/gtest.h>

#include <string>

namespace cache {
namespace {

using base::ErrorClass;

StagePersisted Sample() {
  StagePersisted sample;
  sample.size = 5000000;
  sample.base.push_back(
      {0, 4000000, 17, {.id = 7, .key = "k\xff\x01", .etag = "\"e\"", .size = 4000017}});
  sample.staged = {{10, 20}, {4500000, 500000}};
  sample.granule_crcs = {0, 0xdeadbeef, 0xffffffff};
  return sample;
}

TEST(StageManifest, ComesBackAsItWas) {
  const StagePersisted sample = Sample();
  const auto decoded = DecodeManifest(EncodeManifest(sample));
  ASSERT_TRUE(decoded.ok()) << decoded.error().ToString();
  EXPECT_EQ(decoded->size, sample.size);
  EXPECT_EQ(decoded->staged, sample.staged);
  EXPECT_EQ(decoded->granule_crcs, sample.granule_crcs);
  ASSERT_EQ(decoded->base.size(), 1u);
  EXPECT_EQ(decoded->base[0].object.key, sample.base[0].object.key);
  EXPECT_EQ(decoded->base[0].object.etag, sample.base[0].object.etag);
  EXPECT_EQ(decoded->base[0].object.id, 7);
  EXPECT_EQ(decoded->base[0].object_offset, 17u);
  EXPECT_EQ(decoded->base[0].length, 4000000u);
}

TEST(StageManifest, OnlyAFarSideNeedsTheLaterVersion) {
  StagePersisted sample = Sample();
  EXPECT_NE(EncodeManifest(sample).find("\"version\":1"), std::string::npos);
  sample.far = {{131072, 262144}};
  const std::string text = EncodeManifest(sample);
  EXPECT_NE(text.find("\"version\":2"), std::string::npos);
  const auto decoded = DecodeManifest(text);
  ASSERT_TRUE(decoded.ok()) << decoded.error().ToString();
  EXPECT_EQ(decoded->far, sample.far);
}

TEST(StageManifest, AnyChangeOfOneByteIsSeen) {
  const std::string text = EncodeManifest(Sample());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    const auto decoded = DecodeManifest(damaged);
    ASSERT_FALSE(decoded.ok()) << "byte " << i << " of " << text;
    ASSERT_EQ(decoded.error().error_class(), ErrorClass::kCorrupt);
  }
}

TEST(StageManifest, WhatIsNoManifestIsCorrupt) {
  for (const std::string text : {"", "null", "[]", "{}", "{\"checksum\":7}",
                                 "{\"checksum\":\"00\"}", "{\"checksum\":\"zz\",\"size\":1}"}) {
    EXPECT_EQ(DecodeManifest(text).error().error_class(), ErrorClass::kCorrupt) << text;
  }
}

}  // namespace
}  // namespace cache
