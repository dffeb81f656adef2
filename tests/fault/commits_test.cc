// The store did what it was asked, and its answer was lost. A plain request is simply made again.
// Of one under a condition the second try may meet the success of the first: the store says so
// (kConflict, or kNotFound for an upload that is no more), and whoever made it finds its token in
// the object's metadata. lost_answers_test.py sees that through a mount.
#include <cerrno>
#include <utility>

#include "tests/fault/store_faults.h"

namespace fault {
namespace {

using base::ErrorClass;
using objclient::CopyRequest;
using objclient::Precondition;

constexpr std::size_t kSize = 300'000;
// Then nothing is asked for whose answer could be lost.
constexpr const char* kLooksFirst = "this server decides no such condition: the client looks first";

class LostAnswers : public StoreFaults {
 protected:
  void TearDown() override {
    if (!IsSkipped()) {
      EXPECT_EQ(proxy_->injected(), 1u) << "no answer was lost";
    }
    StoreFaults::TearDown();
  }

  const std::string content_ = Content(kSize, 1);
  const std::string before_ = Content(kSize / 2, 2);
  const Precondition if_absent_{true, ""};

  // When the store has done it somebody else comes, at once, and writes `before_` there.
  void LoseAnswerAndReplace(Hits hits, const std::string& key) {
    proxy_->Inject(
        {.hits = std::move(hits), .act = [this, key](const Asked& asked, const auto& upstream) {
           upstream(asked);
           Prepare(key, before_);
           return objclient::ScriptedAnswer{.bytes = {}, .reset = true};
         }});
  }

  // The object is there, whole, and we can tell.
  void ExpectCommitted(const base::Result<objclient::ObjectHead>& result, const std::string& key,
                       const std::string& content) {
    ExpectStored(key, content);
    const auto found = Do([&] { return store_->Head(key); });
    ASSERT_OK(found);
    if (result.ok()) {
      EXPECT_EQ(result->etag, found->etag);
      return;
    }
    const ErrorClass why = result.error().error_class();
    EXPECT_TRUE(why == ErrorClass::kConflict || why == ErrorClass::kNotFound)
        << result.error().ToString();
    EXPECT_EQ(found->metadata, metadata_);
  }
};

TEST_F(LostAnswers, OfAPut) {
  proxy_->Inject(LoseAnswer(Method("PUT")));
  ASSERT_OK(Put("key", content_));
  ExpectStored("key", content_);
}

TEST_F(LostAnswers, OfAPutIfAbsent) {
  proxy_->Inject(LoseAnswer(Method("PUT")));
  ExpectCommitted(Put("key", content_, if_absent_), "key", content_);
}

TEST_F(LostAnswers, OfAPutIfMatch) {
  const std::string etag = Prepare("key", before_);
  proxy_->Inject(LoseAnswer(Method("PUT")));
  ExpectCommitted(Put("key", content_, {false, etag}), "key", content_);
}

TEST_F(LostAnswers, OfAPutThatSomebodyElseHadWon) {
  if (!store_->capabilities().put_if_absent) GTEST_SKIP() << kLooksFirst;
  Prepare("key", before_);
  proxy_->Inject(LoseAnswer(Method("PUT")));
  ExpectError(Put("key", content_, if_absent_), ErrorClass::kConflict, ESTALE);
  ExpectStored("key", before_);
}

TEST_F(LostAnswers, OfAPutThatWasReplacedAtOnce) {
  LoseAnswerAndReplace(Method("PUT"), "key");
  ExpectError(Put("key", content_, if_absent_), ErrorClass::kConflict, ESTALE);
  ExpectStored("key", before_);
}

TEST_F(LostAnswers, OfAPart) {
  const std::string big = Content(11u << 20, 3);
  proxy_->Inject(LoseAnswer(dialect_.part(2)));
  const auto upload = Upload("big", big);
  ASSERT_OK(
      Do([&] { return store_->CompleteMultipart("big", upload.upload_id, upload.parts, {}); }));
  ExpectStored("big", big);
}

TEST_F(LostAnswers, OfACompletion) {
  const std::string big = Content(6u << 20, 3);
  const auto upload = Upload("big", big);
  proxy_->Inject(LoseAnswer(dialect_.completions));
  const auto head =
      Do([&] { return store_->CompleteMultipart("big", upload.upload_id, upload.parts, {}); });
  ExpectCommitted(head, "big", big);
  EXPECT_EQ(head->size, big.size());
}

TEST_F(LostAnswers, OfACompletionIfAbsent) {
  const std::string big = Content(6u << 20, 3);
  const auto upload = Upload("big", big);
  proxy_->Inject(LoseAnswer(dialect_.completions));
  const auto head = Do(
      [&] { return store_->CompleteMultipart("big", upload.upload_id, upload.parts, if_absent_); });
  ExpectCommitted(head, "big", big);
}

TEST_F(LostAnswers, OfACompletionIfMatch) {
  const std::string big = Content(6u << 20, 3);
  const auto upload = Upload("big", big);
  const Precondition if_match{false, Prepare("big", before_)};
  proxy_->Inject(LoseAnswer(dialect_.completions));
  const auto head = Do(
      [&] { return store_->CompleteMultipart("big", upload.upload_id, upload.parts, if_match); });
  ExpectCommitted(head, "big", big);
}

// radosgw 20 says "already in progress" of an upload that is no more, for as long as it is asked.
TEST_F(LostAnswers, OfACompletionThatWasReplacedAtOnce) {
  Reopen(kShort);
  const auto upload = Upload("big", Content(6u << 20, 3));
  LoseAnswerAndReplace(dialect_.completions, "big");
  const auto head = Do(
      [&] { return store_->CompleteMultipart("big", upload.upload_id, upload.parts, if_absent_); });
  ASSERT_FALSE(head.ok());
  const ErrorClass why = head.error().error_class();
  EXPECT_TRUE(why == ErrorClass::kConflict || why == ErrorClass::kNotFound ||
              why == ErrorClass::kUnavailable)
      << head.error().ToString();
  ExpectStored("big", before_);
}

TEST_F(LostAnswers, OfACompletionThatSomebodyElseHadWon) {
  if (!store_->capabilities().complete_condition) GTEST_SKIP() << kLooksFirst;
  const auto upload = Upload("big", Content(6u << 20, 3));
  Prepare("big", before_);
  proxy_->Inject(LoseAnswer(dialect_.completions));
  ExpectError(Do([&] {
                return store_->CompleteMultipart("big", upload.upload_id, upload.parts, if_absent_);
              }),
              ErrorClass::kConflict, ESTALE);
  ExpectStored("big", before_);
}

TEST_F(LostAnswers, OfACreatedUpload) {
  if (!dialect_.creates_uploads) GTEST_SKIP() << "uploads begin without a request there";
  proxy_->Inject(LoseAnswer(Target("uploads")));
  const std::string big = Content(6u << 20, 3);
  const auto upload = Upload("big", big);
  ASSERT_OK(
      Do([&] { return store_->CompleteMultipart("big", upload.upload_id, upload.parts, {}); }));
  ExpectStored("big", big);
}

TEST_F(LostAnswers, OfACopy) {
  CopyRequest copy;
  copy.source = "key";
  copy.source_if_match = Prepare("key", content_);
  copy.target = "target";
  proxy_->Inject(LoseAnswer(Method("PUT")));
  ASSERT_OK(Do([&] { return store_->Copy(copy); }));
  ExpectStored("target", content_);
}

TEST_F(LostAnswers, OfACopyIfAbsent) {
  CopyRequest copy;
  copy.source = "key";
  copy.source_if_match = Prepare("key", content_);
  copy.target = "target";
  copy.precondition = if_absent_;
  proxy_->Inject(LoseAnswer(Both(Method("PUT"), Target("/target"))));
  copy.metadata = metadata_;
  ExpectCommitted(Do([&] { return store_->Copy(copy); }), "target", content_);
}

TEST_F(LostAnswers, OfACopyThatWasReplacedAtOnce) {
  CopyRequest copy;
  copy.source = "key";
  copy.source_if_match = Prepare("key", content_);
  copy.target = "target";
  copy.precondition = if_absent_;
  LoseAnswerAndReplace(Both(Method("PUT"), Target("/target")), "target");
  ExpectError(Do([&] { return store_->Copy(copy); }), ErrorClass::kConflict, ESTALE);
  ExpectStored("target", before_);
}

TEST_F(LostAnswers, OfADelete) {
  Prepare("key", content_);
  proxy_->Inject(LoseAnswer(Method("DELETE")));
  ASSERT_OK(Do([&] { return store_->Delete("key", ""); }));
  ExpectGone("key");
}

TEST_F(LostAnswers, OfADeleteIfMatch) {
  const std::string etag = Prepare("key", content_);
  proxy_->Inject(LoseAnswer(Method("DELETE")));
  ASSERT_OK(Do([&] { return store_->Delete("key", etag); }));
  ExpectGone("key");
}

TEST_F(LostAnswers, OfADeleteThatWasReplacedAtOnce) {
  const std::string etag = Prepare("key", content_);
  LoseAnswerAndReplace(Method("DELETE"), "key");
  ExpectError(Do([&] { return store_->Delete("key", etag); }), ErrorClass::kConflict, ESTALE);
  ExpectStored("key", before_);
}

TEST_F(LostAnswers, OfADeleteOfMany) {
  const std::string etag = Prepare("one", content_);
  Prepare("two", content_);
  Prepare("three", before_);
  proxy_->Inject(LoseAnswer(dialect_.batches));
  const auto refused = Do([&] { return store_->DeleteMany({{"one", etag}, {"two", ""}}); });
  ASSERT_OK(refused);
  EXPECT_TRUE(refused->empty());
  ExpectGone("one");
  ExpectGone("two");
  ExpectStored("three", before_);
}

}  // namespace
}  // namespace fault
