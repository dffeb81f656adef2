#include "objclient/s3/s3_traits.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

TEST(FormatTraits, ComesBackAsItWas) {
  S3Traits some;
  some.put_if_match = some.checksum_crc32c = true;
  some.if_match_style = EtagStyle::kBare;
  for (const S3Traits& traits : {AwsTraits(), S3Traits(), some}) {
    const auto parsed = ParseTraits(FormatTraits(traits));
    ASSERT_TRUE(parsed) << FormatTraits(traits);
    EXPECT_EQ(*parsed, traits) << FormatTraits(traits);
  }
}

TEST(ParseTraits, OtherTextIsNoTraits) {
  for (const char* text :
       {"", "put_if_absent", "s3 put_if_absent", "s3/2 put_if_absent new_trait", "s3/22"}) {
    EXPECT_FALSE(ParseTraits(text)) << text;
  }
}

TEST(Common, IsWhatBothHave) {
  S3Traits found;
  found.put_if_absent = found.part_copy = true;
  found.if_match_style = EtagStyle::kBare;
  S3Traits believed = AwsTraits();
  believed.put_if_absent = false;
  S3Traits expected;
  expected.part_copy = true;
  expected.if_match_style = EtagStyle::kBare;
  EXPECT_EQ(Common(found, believed), expected);
  EXPECT_EQ(Common(AwsTraits(), AwsTraits()), AwsTraits());
}

TEST(ToCapabilities, TellsWhatTheServerDecides) {
  const Capabilities cloud = ToCapabilities(AwsTraits());
  EXPECT_TRUE(cloud.put_if_absent && cloud.put_if_match && cloud.complete_condition);
  EXPECT_TRUE(cloud.delete_if_match && cloud.delete_many_if_match);
  EXPECT_TRUE(cloud.checksum_crc32c && cloud.server_copy);
  EXPECT_FALSE(ToCapabilities({}).put_if_absent);
  EXPECT_TRUE(ToCapabilities({}).keys_are_utf8);
}

}  // namespace
}  // namespace objclient
