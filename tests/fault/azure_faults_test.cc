// Faults of what only Azure has: lists of blocks, blocks that are named again, answers of a batch.
#include <cerrno>
#include <cstdlib>

#include "tests/fault/store_faults.h"

namespace fault {
namespace {

using base::ErrorClass;

constexpr std::size_t kPartBytes = 1u << 20;

Hits BlockLists() { return Both(Method("GET"), Target("comp=blocklist")); }

// A blob of four blocks that is patched in its third.
class AzurePatch : public StoreFaults {
 protected:
  void SetUp() override {
    if (!on_azure()) GTEST_SKIP() << "this is about Azure";
    StoreFaults::SetUp();
    if (IsSkipped()) return;
    const auto id = direct_->CreateMultipart("key", {});
    ASSERT_OK(id);
    std::vector<objclient::PartInfo> parts;
    for (std::uint32_t number = 1; number <= 4; ++number) {
      auto part = UploadPartAndWait(*direct_, PartOf(*id, number, content_));
      ASSERT_OK(part);
      parts.push_back(*part);
    }
    const auto head = direct_->CompleteMultipart("key", *id, parts, {});
    ASSERT_OK(head);
    etag_ = head->etag;
    patched_ = content_;
    FlipBit(patched_);
  }

  static objclient::PartRequest PartOf(const std::string& id, std::uint32_t number,
                                       const std::string& content) {
    objclient::PartRequest request;
    request.key = "key";
    request.upload_id = id;
    request.number = number;
    request.body.pieces = {std::as_bytes(std::span<const char>(content))
                               .subspan((number - 1) * kPartBytes, kPartBytes)};
    return request;
  }

  base::Result<objclient::ObjectHead> Patch() {
    return Do([&]() -> base::Result<objclient::ObjectHead> {
      TRY_ASSIGN(const std::string id, store_->CreateMultipart("key", metadata_));
      std::vector<objclient::PartInfo> parts;
      for (std::uint32_t number = 1; number <= 4; ++number) {
        const base::ByteRange range{(number - 1) * kPartBytes, kPartBytes};
        TRY_ASSIGN(auto part, number == 3
                                  ? UploadPartAndWait(*store_, PartOf(id, number, patched_))
                                  : store_->UploadPartCopy("key", id, number, "key", etag_, range));
        parts.push_back(std::move(part));
      }
      return store_->CompleteMultipart("key", id, parts, {false, etag_});
    });
  }

  const std::string content_ = Content(4 * kPartBytes, 5);
  std::string patched_;
  std::string etag_;
};

TEST_F(AzurePatch, EveryFirstTryFails) {
  proxy_->Inject(Times(kAlways, Break(dialect_.first_tries, End::kReset)));
  ASSERT_OK(Patch());
  ExpectStored("key", patched_);
  EXPECT_GE(proxy_->injected(), 3u) << "the old list, a block, the new list";
}

// What the blocks are is not known then, and they are copied.
TEST_F(AzurePatch, GarbageInsteadOfTheList) {
  for (const char* garbage : {"", "<a><b>", "<html/>", "<BlockList/>"}) {
    proxy_->Clear();
    proxy_->Inject(ChangeReply(BlockLists(), [&](Reply& reply) { reply.body = garbage; }));
    const auto head = Patch();
    ASSERT_OK(head);
    ExpectStored("key", patched_);
    etag_ = head->etag;
    FlipBit(patched_);
  }
  EXPECT_EQ(proxy_->injected(), 4u);
}

// Whatever stood behind the gap would be taken for what is before it.
TEST_F(AzurePatch, AListThatSkipsABlock) {
  proxy_->Inject(ChangeReply(BlockLists(), [](Reply& reply) {
    const auto from = reply.body.find("<Block>");
    const auto to = reply.body.find("</Block>") + 8;
    if (from != std::string::npos) reply.body.erase(from, to - from);
  }));
  ASSERT_OK(Patch());
  ExpectStored("key", patched_);
  EXPECT_EQ(proxy_->injected(), 1u);
}

TEST_F(AzurePatch, AListThatRepeatsABlock) {
  proxy_->Inject(ChangeReply(BlockLists(), [](Reply& reply) {
    const auto from = reply.body.find("<Block>");
    const auto to = reply.body.find("</Block>") + 8;
    if (from != std::string::npos) reply.body.insert(from, reply.body.substr(from, to - from));
  }));
  ASSERT_OK(Patch());
  ExpectStored("key", patched_);
  EXPECT_EQ(proxy_->injected(), 1u);
}

TEST_F(AzurePatch, AListOfAnotherVersion) {
  proxy_->Inject(ChangeReply(BlockLists(), [](Reply& reply) {
    SetHeader(reply.headers, "ETag", "\"0x8DFFFFFFFFFFFFF\"");
  }));
  ASSERT_OK(Patch());
  ExpectStored("key", patched_);
  EXPECT_EQ(proxy_->injected(), 1u);
}

TEST_F(AzurePatch, AnswerToTheCommitLost) {
  proxy_->Inject(LoseAnswer(dialect_.completions));
  const auto head = Patch();
  // The second try meets the first one's success, which is known by its token.
  ExpectError(head, ErrorClass::kConflict, ESTALE);
  ExpectStored("key", patched_);
  const auto found = Do([&] { return store_->Head("key"); });
  ASSERT_OK(found);
  EXPECT_EQ(found->metadata, metadata_);
}

TEST_F(AzurePatch, ReplacedBeforeTheCommit) {
  const std::string other = Content(5000, 6);
  proxy_->Inject(
      {.hits = dialect_.completions, .act = [&](const Asked& asked, const auto& upstream) {
         Prepare("key", other);
         return objclient::ScriptedAnswer{.bytes = Serialize(upstream(asked))};
       }});
  ExpectError(Patch(), ErrorClass::kConflict, ESTALE);
  ExpectStored("key", other);
}

class AzureAnswers : public StoreFaults {
 protected:
  void SetUp() override {
    if (!on_azure()) GTEST_SKIP() << "this is about Azure";
    StoreFaults::SetUp();
  }
};

// No answer for a key is no success: each is deleted alone then.
TEST_F(AzureAnswers, GarbageInsteadOfABatch) {
  for (const char* garbage : {"", "<a><b>", "--other\r\n\r\n"}) {
    Prepare("one", "1");
    Prepare("two", "2");
    proxy_->Inject({.hits = dialect_.batches, .act = [&](const Asked&, const auto&) {
                      Reply reply;
                      reply.status = 202;
                      reply.headers.Add("content-type", "multipart/mixed; boundary=edge");
                      reply.body = garbage;
                      return objclient::ScriptedAnswer{.bytes = Serialize(reply)};
                    }});
    const auto refused = Do([&] { return store_->DeleteMany({{"one", ""}, {"two", ""}}); });
    ASSERT_OK(refused);
    EXPECT_TRUE(refused->empty());
    ExpectGone("one");
    ExpectGone("two");
  }
  EXPECT_EQ(proxy_->injected(), 3u);
}

// As for a shared access signature that has ended.
TEST_F(AzureAnswers, Expired403ForEver) {
  proxy_->Inject(Times(kAlways, dialect_.Refuse(Everything(), 403, "AuthenticationFailed")));
  const auto refused = Get("key", {0, 1000});
  ExpectError(refused, ErrorClass::kAuth, EACCES);
  EXPECT_NE(refused.error().message().find("expired"), std::string::npos);
  EXPECT_EQ(refused.error().ToString().find(std::getenv("AZURE_STORAGE_KEY")), std::string::npos);
  EXPECT_EQ(proxy_->injected(), 1u) << "the same key again opens nothing";
}

// A copy that is only begun may fail after its answer.
TEST_F(AzureAnswers, ACopyThatIsStillToBeMade) {
  Reopen(kShort);
  const std::string content = Content(1000, 1);
  Prepare("key", content);
  const Hits copies = [](const Asked& asked) {
    return !asked.headers.Value("x-ms-copy-source").empty();
  };
  proxy_->Inject(Times(kAlways, ChangeReply(copies, [](Reply& reply) {
                         SetHeader(reply.headers, "x-ms-copy-status", "pending");
                       })));
  objclient::CopyRequest copy;
  copy.source = "key";
  copy.target = "target";
  ExpectError(Do([&] { return store_->Copy(copy); }), ErrorClass::kUnavailable, EIO);
  ExpectStored("key", content);
}

}  // namespace
}  // namespace fault
