#include "objclient/s3/s3_probe.h"

#include <gtest/gtest.h>

#include <functional>
#include <tuple>
#include <vector>

#include "tests/objclient/s3/fake_s3.h"
#include "tests/objclient/s3/s3_fixture.h"

namespace objclient {
namespace {

class ProbeTraitsTest : public S3Fixture {
 protected:
  S3Traits Probe(const S3Traits& real) {
    FakeS3 server(real);
    const auto session = MakeSession([&](const SentRequest& request) { return server(request); });
    const auto found = ProbeServer(*session, "p/.cairnfs/probe-1");
    EXPECT_TRUE(found.ok()) << found.error().ToString();
    EXPECT_TRUE(server.objects().empty());
    EXPECT_EQ(server.uploads(), 0u);
    EXPECT_TRUE(found.ok() && found->lasting);
    return found.ok() ? found->traits : S3Traits();
  }

  // As words, so that a test shows what is amiss.
  static std::string Words(const S3Traits& traits) { return FormatTraits(traits); }
};

TEST_F(ProbeTraitsTest, FindsOutEachTraitAlone) {
  EXPECT_EQ(Words(Probe(AwsTraits())), Words(AwsTraits()));
  EXPECT_EQ(Words(Probe({})), Words({}));
  struct Flag {
    bool S3Traits::*trait;
    bool S3Traits::*of = nullptr;  // without which it means nothing
  };
  const Flag flags[] = {{&S3Traits::put_if_absent},
                        {&S3Traits::put_if_match},
                        {&S3Traits::complete_condition},
                        {&S3Traits::delete_if_match},
                        {&S3Traits::delete_many},
                        {&S3Traits::delete_many_if_match, &S3Traits::delete_many},
                        {&S3Traits::copy},
                        {&S3Traits::copy_target_condition, &S3Traits::copy},
                        {&S3Traits::copy_source_if_match, &S3Traits::copy},
                        {&S3Traits::part_copy},
                        {&S3Traits::part_copy_source_if_match, &S3Traits::part_copy},
                        {&S3Traits::checksum_crc32c},
                        {&S3Traits::checksum_whole, &S3Traits::checksum_crc32c}};
  for (const Flag& flag : flags) {
    S3Traits one;
    one.*flag.trait = true;
    if (flag.of != nullptr) one.*flag.of = true;
    EXPECT_EQ(Words(Probe(one)), Words(one));
    S3Traits all_but_one = AwsTraits();
    all_but_one.*flag.trait = false;
    for (const Flag& other : flags) {
      if (other.of == flag.trait) all_but_one.*other.trait = false;
    }
    EXPECT_EQ(Words(Probe(all_but_one)), Words(all_but_one));
  }
}

TEST_F(ProbeTraitsTest, FindsBareEtags) {
  S3Traits old_radosgw;
  old_radosgw.put_if_absent = old_radosgw.put_if_match = true;
  old_radosgw.if_match_style = EtagStyle::kBare;
  EXPECT_EQ(Words(Probe(old_radosgw)), Words(old_radosgw));
  old_radosgw.complete_condition = old_radosgw.delete_if_match = true;
  EXPECT_EQ(Words(Probe(old_radosgw)), Words(old_radosgw));
}

// Such a one refuses every condition of ours: that it refuses the wrong ones proves nothing.
TEST_F(ProbeTraitsTest, ServersThatWantBareEtagsInPutsAlone) {
  S3Traits real = AwsTraits();
  real.if_match_style = EtagStyle::kBare;
  FakeS3 server(real);
  const auto session = MakeSession([&](const SentRequest& request) {
    SentRequest heard = request;
    const std::string etag = request.headers.Value("if-match");
    if (request.method != "PUT" && !etag.empty()) {
      heard.headers = {};
      const bool quoted = etag.front() == '"';
      heard.headers.Add("if-match", quoted ? etag.substr(1, etag.size() - 2) : '"' + etag + '"');
    }
    return server(heard);
  });
  const auto found = ProbeServer(*session, "probe");
  ASSERT_TRUE(found.ok()) << found.error().ToString();
  EXPECT_EQ(found->traits.if_match_style, EtagStyle::kBare);
  EXPECT_TRUE(found->traits.put_if_match);
  EXPECT_FALSE(found->traits.complete_condition || found->traits.delete_if_match);
  EXPECT_EQ(server.uploads(), 0u);
}

TEST_F(ProbeTraitsTest, ServersThatDoNotKnowTheHeader) {
  FakeS3 server({});
  const auto session = MakeSession([&](const SentRequest& request) {
    const bool condition =
        request.headers.Find("if-match") != nullptr || request.headers.Find("if-none-match");
    return condition ? FakeAnswer{501, ErrorXml("NotImplemented"), {}} : server(request);
  });
  const auto found = ProbeServer(*session, "probe");
  ASSERT_TRUE(found.ok()) << found.error().ToString();
  EXPECT_FALSE(found->traits.put_if_absent || found->traits.put_if_match);
  EXPECT_FALSE(found->traits.complete_condition || found->traits.delete_if_match);
}

TEST_F(ProbeTraitsTest, ServersWithoutDeleteObjects) {
  FakeS3 server(AwsTraits());
  const auto session = MakeSession([&](const SentRequest& request) {
    return request.url.ends_with("?delete=") ? FakeAnswer{501, ErrorXml("NotImplemented"), {}}
                                             : server(request);
  });
  const auto found = ProbeServer(*session, "probe");
  ASSERT_TRUE(found.ok()) << found.error().ToString();
  EXPECT_TRUE(found->traits.delete_if_match);
  EXPECT_FALSE(found->traits.delete_many || found->traits.delete_many_if_match);
}

TEST_F(ProbeTraitsTest, ServersThatWantNoEtagInDeleteObjects) {
  FakeS3 server(AwsTraits());
  const auto session = MakeSession([&](const SentRequest& request) {
    const bool etag = request.body.find("<ETag>") != std::string::npos;
    return request.url.ends_with("?delete=") && etag ? FakeAnswer{400, ErrorXml("MalformedXML"), {}}
                                                     : server(request);
  });
  const auto found = ProbeServer(*session, "probe");
  ASSERT_TRUE(found.ok()) << found.error().ToString();
  EXPECT_TRUE(found->traits.delete_many);
  EXPECT_FALSE(found->traits.delete_many_if_match);
}

TEST_F(ProbeTraitsTest, TheTableHasTheLastWord) {
  FakeS3 server(AwsTraits());
  const auto session = MakeSession([&](const SentRequest& request) {
    FakeAnswer answer = server(request);
    answer.headers.emplace_back("X-Openstack-Request-Id", "tx0001");
    return answer;
  });
  const auto found = ProbeServer(*session, "probe");
  ASSERT_TRUE(found.ok()) << found.error().ToString();
  EXPECT_EQ(found->provider->name, "OpenStack Swift");
  EXPECT_FALSE(found->traits.put_if_absent || found->traits.complete_condition);
  EXPECT_TRUE(found->traits.part_copy && !found->traits.copy);
  EXPECT_FALSE(found->traits.copy_source_if_match || found->traits.part_copy_source_if_match);
}

TEST_F(ProbeTraitsTest, ASumOfSumsIsNotThatOfTheWhole) {
  FakeS3 server(AwsTraits());
  const auto session = MakeSession([&](const SentRequest& request) {
    FakeAnswer answer = server(request);
    const auto at = answer.body.find("</ChecksumCRC32C>");
    if (at != std::string::npos) answer.body.insert(at, "-1");
    return answer;
  });
  const auto found = ProbeServer(*session, "probe");
  ASSERT_TRUE(found.ok()) << found.error().ToString();
  EXPECT_TRUE(found->traits.checksum_crc32c);
  EXPECT_FALSE(found->traits.checksum_whole);
}

TEST_F(ProbeTraitsTest, WhatIsForbiddenIsDoneWithoutUntilTheNextMount) {
  struct Verb {
    std::function<bool(const SentRequest&)> is;
    bool S3Traits::*trait;
  };
  const auto copies = [](const SentRequest& request) {
    return request.headers.Find("x-amz-copy-source") != nullptr;
  };
  const auto part = [](const SentRequest& request) {
    return request.url.find("partNumber") != std::string::npos;
  };
  const Verb verbs[] = {
      {[&](const SentRequest& sent) { return copies(sent) && !part(sent); }, &S3Traits::copy},
      {[&](const SentRequest& sent) { return copies(sent) && part(sent); }, &S3Traits::part_copy},
      {[](const SentRequest& sent) { return sent.url.ends_with("?delete="); },
       &S3Traits::delete_many},
      {[](const SentRequest& sent) {
         return sent.headers.Value("x-amz-checksum-type") == "FULL_OBJECT";
       },
       &S3Traits::checksum_whole}};
  const std::vector<std::tuple<int, std::string, bool>> answers = {{403, "AccessDenied", false},
                                                                   {404, "NoSuchKey", false},
                                                                   {400, "InvalidRequest", true},
                                                                   {405, "MethodNotAllowed", true},
                                                                   {501, "NotImplemented", true}};
  for (const Verb& verb : verbs) {
    for (const auto& [status, code, lasting] : answers) {
      FakeS3 server(AwsTraits());
      const auto session = MakeSession([&, status = status, code = code](const SentRequest& sent) {
        return verb.is(sent) ? FakeAnswer{status, ErrorXml(code), {}} : server(sent);
      });
      const auto found = ProbeServer(*session, "probe");
      ASSERT_TRUE(found.ok()) << found.error().ToString();
      EXPECT_FALSE(found->traits.*verb.trait) << code << " " << Words(found->traits);
      EXPECT_EQ(found->lasting, lasting) << code << " " << Words(found->traits);
    }
  }
}

TEST_F(ProbeTraitsTest, TroubleIsAnErrorAndNoAnswer) {
  const auto session = MakeSession([](const SentRequest&) {
    return FakeAnswer{403, ErrorXml("AccessDenied"), {}};
  });
  const auto found = ProbeServer(*session, "probe");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().error_class(), base::ErrorClass::kAuth);
}

}  // namespace
}  // namespace objclient
