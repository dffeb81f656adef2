#include "objclient/azure/azure_blocks.h"

#include <fmt/format.h>

#include "base/digest/digest.h"
#include "tests/objclient/azure/azure_fixture.h"

namespace objclient {
namespace {

using base::ErrorClass;

const std::string kUpload = "0123456789abcdef";

// The id of block `number` of an upload that was committed.
std::string Id(std::uint32_t number) { return BlockId(kUpload, number, PartEtag(number)); }

std::string Foreign(std::string_view plain) {
  return base::Base64({reinterpret_cast<const std::uint8_t*>(plain.data()), plain.size()});
}

TEST(BlockId, EveryIdOfABlobHasOneLength) {
  const std::string one = BlockId(kUpload, 1, PartEtag(0));
  EXPECT_EQ(base::Base64Decode(one), "0123456789abcdef-00001-0000000000000000");
  EXPECT_EQ(one.size(), BlockId(kUpload, 50000, PartEtag(~std::uint64_t{0})).size());
  EXPECT_LE(base::Base64Decode(one)->size(), 64u);
  EXPECT_NE(one, BlockId(kUpload, 1, PartEtag(1)));
}

TEST(BlockId, OursAreToldFromOthers) {
  EXPECT_TRUE(IsOwnBlockId(Id(1)));
  EXPECT_TRUE(IsOwnBlockId(BlockId(base::RandomHex(8), 10000, base::RandomHex(8))));
  for (const char* plain :
       {"", "block-00001", "0123456789abcdef-00001-000000000000000",
        "0123456789abcdef-00001-00000000000000000", "0123456789abcdef_00001-0000000000000000",
        "0123456789abcdef-00001+0000000000000000", "0123456789ABCDEF-00001-0000000000000000",
        "00000000-0000-0000-0000-000000000000-01"}) {
    EXPECT_FALSE(IsOwnBlockId(Foreign(plain))) << plain;
  }
  EXPECT_FALSE(IsOwnBlockId("no base64!"));
}

TEST(CommittedBlocks, CoverARangeThatBeginsAndEndsWithThem) {
  const CommittedBlocks blocks({{Id(1), 10}, {Id(2), 20}, {Id(3), 5}});
  using Ids = std::vector<std::string>;
  EXPECT_EQ(blocks.size(), 35u);
  EXPECT_EQ(blocks.Covering({0, 10}), Ids{Id(1)});
  EXPECT_EQ(blocks.Covering({10, 20}), Ids{Id(2)});
  EXPECT_EQ(blocks.Covering({30, 5}), Ids{Id(3)});
  EXPECT_EQ(blocks.Covering({10, 25}), (Ids{Id(2), Id(3)}));
  EXPECT_EQ(blocks.Covering({0, 35}), (Ids{Id(1), Id(2), Id(3)}));
  for (const base::ByteRange range :
       {base::ByteRange{0, 9}, base::ByteRange{0, 11}, base::ByteRange{1, 9},
        base::ByteRange{9, 21}, base::ByteRange{11, 19}, base::ByteRange{30, 6},
        base::ByteRange{35, 1}, base::ByteRange{35, 0}, base::ByteRange{10, 0},
        base::ByteRange{100, 10}}) {
    EXPECT_TRUE(blocks.Covering(range).empty()) << range.offset << "+" << range.length;
  }
  EXPECT_TRUE(CommittedBlocks({}).Covering({0, 1}).empty());
}

TEST(CommittedBlocks, OfOtherToolsAreNotNamed) {
  const CommittedBlocks blocks({{Id(1), 10}, {Foreign("block-2"), 10}, {Id(3), 10}});
  EXPECT_EQ(blocks.Covering({0, 10}).size(), 1u);
  EXPECT_EQ(blocks.Covering({20, 10}).size(), 1u);
  EXPECT_TRUE(blocks.Covering({10, 10}).empty());
  EXPECT_TRUE(blocks.Covering({0, 30}).empty());
}

// An upload to "k" whose parts are taken from "k" itself.
class ReusedBlocks : public AzureFixture {
 protected:
  // A blob of three blocks of 10 bytes, in its version "e".
  static FakeAnswer BlockList(const std::string& etag = "e", int size = 30) {
    std::string body = "<?xml version=\"1.0\"?><BlockList><CommittedBlocks>";
    for (const std::uint32_t number : {1, 2, 3}) {
      body += fmt::format("<Block><Name>{}</Name><Size>10</Size></Block>", Id(number));
    }
    return {200,
            body + "</CommittedBlocks></BlockList>",
            {{"etag", "\"" + etag + "\""}, {"x-ms-blob-content-length", std::to_string(size)}},
            false};
  }

  void Open(FakeAnswer block_list) {
    store_ = MakeStore([block_list](const SentRequest& sent) {
      if (sent.method == "GET") return block_list;
      return FakeAnswer{201, "", {{"etag", "\"new\""}}, false};
    });
    id_ = store_->CreateMultipart("k", {}).value();
  }

  base::Result<PartInfo> Copy(std::uint32_t number, base::ByteRange range,
                              const std::string& source = "k", const std::string& etag = "e") {
    return store_->UploadPartCopy("k", id_, number, source, etag, range);
  }

  std::size_t Sent(const std::string& method) const {
    std::size_t count = 0;
    for (const SentRequest& sent : transport_->sent()) count += sent.method == method ? 1 : 0;
    return count;
  }

  std::unique_ptr<AzureStore> store_;
  std::string id_;
};

TEST_F(ReusedBlocks, AreNamedInsteadOfCopied) {
  Open(BlockList());
  const auto one = Copy(1, {0, 20});
  const auto three = Copy(3, {20, 10});
  ASSERT_TRUE(one.ok() && three.ok());
  EXPECT_EQ(one->size, 20u);
  PartRequest changed{"k", id_, 2, {{BytesOf("changed")}, {}}};
  const auto two = UploadPartAndWait(*store_, changed);
  ASSERT_TRUE(two.ok());
  ASSERT_TRUE(store_->CompleteMultipart("k", id_, {*one, *two, *three}, {false, "e"}).ok());
  const auto sent = transport_->sent();
  ASSERT_EQ(sent.size(), 3u) << "the list, the changed block, the new list";
  EXPECT_TRUE(sent[0].url.ends_with("/box/k?comp=blocklist&blocklisttype=committed"));
  EXPECT_EQ(sent[2].headers.Value("if-match"), "\"e\"");
  const std::string list =
      fmt::format("<Latest>{}</Latest><Latest>{}</Latest><Latest>{}</Latest><Latest>{}</Latest>",
                  Id(1), Id(2), BlockId(id_, 2, two->etag), Id(3));
  EXPECT_NE(sent[2].body.find(list), std::string::npos) << sent[2].body;
}

TEST_F(ReusedBlocks, ARangeBetweenThemIsCopied) {
  Open(BlockList());
  ASSERT_TRUE(Copy(1, {0, 15}).ok());
  ASSERT_TRUE(Copy(2, {15, 15}).ok());
  EXPECT_EQ(Sent("GET"), 1u) << "asked once an upload";
  EXPECT_EQ(Sent("PUT"), 2u);
}

TEST_F(ReusedBlocks, AnotherBlobsAreCopied) {
  Open(BlockList());
  ASSERT_TRUE(Copy(1, {0, 10}, "other").ok());
  ASSERT_TRUE(Copy(2, {10, 10}, "k", "").ok()) << "of whatever version is there";
  EXPECT_EQ(Sent("GET"), 0u);
  EXPECT_EQ(Sent("PUT"), 2u);
}

// The copy is refused then, where the version asked for is gone.
TEST_F(ReusedBlocks, AnotherVersionsAreNotNamed) {
  Open(BlockList("other"));
  ASSERT_TRUE(Copy(1, {0, 10}).ok());
  EXPECT_EQ(transport_->sent().back().headers.Value("x-ms-source-if-match"), "\"e\"");
}

TEST_F(ReusedBlocks, AListThatCannotBeRightIsNotUsed) {
  FakeAnswer garbage = BlockList();
  garbage.body = "<html/>";
  FakeAnswer silent = BlockList();
  silent.headers.pop_back();
  for (const FakeAnswer& answer :
       {BlockList("e", 31), garbage, silent, AzureRefusal(403, "AuthorizationFailure"),
        AzureRefusal(409, "BlobOperationNotSupported"), AzureRefusal(404, "BlobNotFound")}) {
    Open(answer);
    ASSERT_TRUE(Copy(1, {0, 10}).ok());
    ASSERT_TRUE(Copy(2, {10, 10}).ok());
    EXPECT_EQ(Sent("GET"), 1u);
    EXPECT_EQ(Sent("PUT"), 2u);
  }
}

TEST_F(ReusedBlocks, ATroubleThatPassesIsTheCallersToTryAgain) {
  Open(AzureRefusal(503, "ServerBusy"));
  EXPECT_EQ(Copy(1, {0, 10}).error().error_class(), ErrorClass::kThrottled);
  EXPECT_EQ(Copy(1, {0, 10}).error().error_class(), ErrorClass::kThrottled);
  EXPECT_EQ(Sent("GET"), 2u);
  EXPECT_EQ(Sent("PUT"), 0u);
}

TEST_F(ReusedBlocks, AnUploadThatWasGivenUpTakesNone) {
  Open(BlockList());
  ASSERT_TRUE(store_->AbortMultipart("k", id_).ok());
  EXPECT_EQ(Copy(1, {0, 10}).error().error_class(), ErrorClass::kNotFound);
  EXPECT_TRUE(transport_->sent().empty());
}

}  // namespace
}  // namespace objclient
