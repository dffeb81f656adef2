#include "objclient/s3/s3_traits.h"

#include <gtest/gtest.h>

#include "tests/objclient/s3/fake_s3.h"
#include "tests/objclient/s3/s3_fixture.h"

namespace objclient {
namespace {

bool Same(const S3Traits& a, const S3Traits& b) {
  return a.put_if_absent == b.put_if_absent && a.put_if_match == b.put_if_match &&
         a.if_match_style == b.if_match_style && a.complete_condition == b.complete_condition &&
         a.delete_if_match == b.delete_if_match &&
         a.delete_many_if_match == b.delete_many_if_match &&
         a.copy_target_condition == b.copy_target_condition &&
         a.copy_source_if_match == b.copy_source_if_match &&
         a.part_copy_source_if_match == b.part_copy_source_if_match &&
         a.checksum_crc32c == b.checksum_crc32c;
}

class ProbeTraitsTest : public S3Fixture {
 protected:
  S3Traits Probe(const S3Traits& real) {
    FakeS3 server(real);
    const auto session = MakeSession([&](const SentRequest& request) { return server(request); });
    const auto found = ProbeTraits(*session, "p/.cairnfs/probe-1");
    EXPECT_TRUE(found.ok()) << found.error().ToString();
    EXPECT_TRUE(server.objects().empty());
    EXPECT_EQ(server.uploads(), 0u);
    return found.ok() ? *found : S3Traits();
  }
};

TEST_F(ProbeTraitsTest, FindsOutEachTraitAlone) {
  EXPECT_TRUE(Same(Probe(AwsTraits()), AwsTraits()));
  EXPECT_TRUE(Same(Probe({}), {}));
  bool S3Traits::*const flags[] = {
      &S3Traits::put_if_absent,         &S3Traits::put_if_match,
      &S3Traits::complete_condition,    &S3Traits::delete_if_match,
      &S3Traits::copy_target_condition, &S3Traits::copy_source_if_match,
      &S3Traits::checksum_crc32c,       &S3Traits::part_copy_source_if_match,
      &S3Traits::delete_many_if_match};
  for (const auto flag : flags) {
    S3Traits one;
    one.*flag = true;
    EXPECT_TRUE(Same(Probe(one), one)) << &flag - flags;
    S3Traits all_but_one = AwsTraits();
    all_but_one.*flag = false;
    EXPECT_TRUE(Same(Probe(all_but_one), all_but_one)) << &flag - flags;
  }
}

TEST_F(ProbeTraitsTest, FindsBareEtags) {
  S3Traits old_radosgw;
  old_radosgw.put_if_absent = old_radosgw.put_if_match = true;
  old_radosgw.if_match_style = EtagStyle::kBare;
  EXPECT_TRUE(Same(Probe(old_radosgw), old_radosgw));
}

TEST_F(ProbeTraitsTest, ServersThatDoNotKnowTheHeader) {
  FakeS3 server({});
  const auto session = MakeSession([&](const SentRequest& request) {
    const bool condition =
        request.headers.Find("if-match") != nullptr || request.headers.Find("if-none-match");
    return condition ? FakeAnswer{501, ErrorXml("NotImplemented"), {}} : server(request);
  });
  const auto found = ProbeTraits(*session, "probe");
  ASSERT_TRUE(found.ok()) << found.error().ToString();
  EXPECT_TRUE(Same(*found, {}));
}

TEST_F(ProbeTraitsTest, ServersWithoutDeleteObjects) {
  FakeS3 server(AwsTraits());
  const auto session = MakeSession([&](const SentRequest& request) {
    return request.url.ends_with("?delete=") ? FakeAnswer{501, ErrorXml("NotImplemented"), {}}
                                             : server(request);
  });
  const auto found = ProbeTraits(*session, "probe");
  ASSERT_TRUE(found.ok()) << found.error().ToString();
  EXPECT_TRUE(found->delete_if_match);
  EXPECT_FALSE(found->delete_many_if_match);
}

TEST_F(ProbeTraitsTest, TroubleIsAnErrorAndNoAnswer) {
  const auto session = MakeSession([](const SentRequest&) {
    return FakeAnswer{403, ErrorXml("AccessDenied"), {}};
  });
  const auto found = ProbeTraits(*session, "probe");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().error_class(), base::ErrorClass::kAuth);
}

TEST(FormatTraits, ComesBackAsItWas) {
  S3Traits some;
  some.put_if_match = some.checksum_crc32c = true;
  some.if_match_style = EtagStyle::kBare;
  for (const S3Traits& traits : {AwsTraits(), S3Traits(), some}) {
    const auto parsed = ParseTraits(FormatTraits(traits));
    ASSERT_TRUE(parsed) << FormatTraits(traits);
    EXPECT_TRUE(Same(*parsed, traits)) << FormatTraits(traits);
  }
}

TEST(ParseTraits, OtherTextIsNoTraits) {
  for (const char* text : {"", "put_if_absent", "s3 put_if_absent new_trait", "s33"}) {
    EXPECT_FALSE(ParseTraits(text)) << text;
  }
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
