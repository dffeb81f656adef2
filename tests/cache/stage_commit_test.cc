// The end of a staged file: what Commit sends, and what it makes of lost answers and conflicts.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "cache/stage_upload.h"
#include "tests/cache/stage_fixture.h"

namespace cache {
namespace {

using base::Error;
using base::ErrorClass;
using testing_support::Bytes;
using testing_support::Noise;
using testing_support::StageFixture;

constexpr std::uint64_t kMiB = 1u << 20;

// Answers the first `times` calls with an error.
testing_support::FlakyStore::Fault Times(int times, ErrorClass error_class) {
  return [times, error_class](int call) -> std::optional<Error> {
    if (call > times) return std::nullopt;
    return Error(error_class, "scripted");
  };
}

struct StageCommit : testing::Test {
  // A file of `mib` MiB, written in order; its parts are on their way.
  std::shared_ptr<StagedFile> WriteFile(std::uint64_t mib, std::uint32_t seed = 1) {
    data = Noise(mib * kMiB, seed);
    auto file = fixture.Create("f");
    for (std::uint64_t at = 0; at < data.size(); at += kMiB) {
      EXPECT_TRUE(file->Write(at, Bytes(data).subspan(at, kMiB)).ok());
    }
    return file;
  }
  void Patch(StagedFile& file, std::uint64_t at, const std::string& text) {
    EXPECT_TRUE(file.Write(at, Bytes(text)).ok());
    data.replace(at, text.size(), text);
  }
  void ExpectCommitted(const base::Result<objclient::ObjectHead>& head) {
    ASSERT_TRUE(head.ok()) << head.error().ToString();
    EXPECT_TRUE(fixture.store.Content("f") == data);
    EXPECT_EQ(fixture.store.Head("f")->etag, head->etag);
    EXPECT_TRUE(NoUploadStays());
  }
  // Aborts are in the background.
  bool NoUploadStays() {
    for (int waits = 0; waits < 10'000; ++waits) {
      if (fixture.store.ListUploads("")->empty()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }

  StageFixture fixture;
  std::string data;
};

TEST_F(StageCommit, PartRewrittenAfterItLeftIsSentAgain) {
  auto file = WriteFile(4);
  fixture.store.WaitForSends(4);
  Patch(*file, 0, "numpy patches its header");
  ExpectCommitted(file->Commit());
  EXPECT_EQ(fixture.store.sent(), (std::map<std::uint32_t, int>{{1, 2}, {2, 1}, {3, 1}, {4, 1}}));
  EXPECT_EQ(fixture.Count("upload_resent_parts"), 1u);
}

TEST_F(StageCommit, PartRewrittenInFlightKeepsItsSumAndIsSentAgain) {
  fixture.store.Hold();
  auto file = WriteFile(2);
  fixture.store.WaitForSends(2);
  // The upload holds the memory: the store checks the sum of what it gets.
  Patch(*file, 100, "rewritten while it is on its way");
  fixture.store.Release();
  ExpectCommitted(file->Commit());
  EXPECT_EQ(fixture.store.sent(), (std::map<std::uint32_t, int>{{1, 2}, {2, 1}}));
}

TEST_F(StageCommit, ExtendedFirstThenWritten) {
  auto file = fixture.Create("f");
  data = Noise(3 * kMiB + 77, 1);
  ASSERT_TRUE(file->Truncate(data.size()).ok());
  for (std::uint64_t at = 0; at < data.size(); at += 50000) {
    const std::uint64_t n = std::min<std::uint64_t>(50000, data.size() - at);
    ASSERT_TRUE(file->Write(at, Bytes(data).subspan(at, n)).ok());
  }
  EXPECT_LE(file->bytes_to_send(), data.size());
  ExpectCommitted(file->Commit());
  EXPECT_EQ(file->bytes_to_send(), data.size());  // a commit ends the upload
}

TEST_F(StageCommit, HolesAreSentAsZeros) {
  auto file = fixture.Create("f");
  ASSERT_TRUE(file->Truncate(6 * kMiB + 5).ok());
  data.assign(6 * kMiB + 5, '\0');
  Patch(*file, 3 * kMiB + 10, "in the middle");
  ExpectCommitted(file->Commit());
}

TEST_F(StageCommit, CleanPartsAreCopiedByTheStore) {
  data = Noise(6 * kMiB, 3);
  const ObjectRef object = fixture.Object(fixture.store.PutOther("f", data));
  auto file = fixture.Create("f", {{0, data.size(), 0, object}}, data.size(),
                             {.if_absent = false, .if_match = object.etag});
  Patch(*file, 2 * kMiB + 500, "one part is changed");
  ExpectCommitted(file->Commit());
  EXPECT_EQ(fixture.store.copies, 5);
  EXPECT_EQ(fixture.store.parts, 1);
}

TEST_F(StageCommit, WithoutServerCopyTheBaseIsFetched) {
  fixture.store.can.server_copy = false;
  data = Noise(4 * kMiB + 99, 3);
  const ObjectRef object = fixture.Object(fixture.store.PutOther("f", data));
  auto file = fixture.Create("f", {{0, data.size(), 0, object}}, data.size(),
                             {.if_absent = false, .if_match = object.etag});
  Patch(*file, 5, "x");
  ExpectCommitted(file->Commit());
  EXPECT_EQ(fixture.store.copies, 0);
  EXPECT_EQ(fixture.store.parts, 5);
}

TEST_F(StageCommit, ShrunkBelowASinglePutIsOnePut) {
  auto file = WriteFile(4);
  fixture.store.WaitForSends(4);
  ASSERT_TRUE(file->Truncate(1000).ok());
  data.resize(1000);
  const auto head = file->Commit();
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_TRUE(fixture.store.Content("f") == data);
  EXPECT_EQ(fixture.store.puts, 1);
  file.reset();
  fixture.Restart();  // the abort is in the background
  EXPECT_EQ(fixture.store.aborts, 1);
  EXPECT_TRUE(fixture.store.ListUploads("")->empty());
}

TEST_F(StageCommit, EarlyFailuresAreMadeGoodByCommit) {
  fixture.store.part_fails = Times(2, ErrorClass::kUnavailable);
  const auto file = WriteFile(5);
  fixture.store.WaitForSends(2);  // what fails is early: Commit itself sends a part once
  ExpectCommitted(file->Commit());
}

TEST_F(StageCommit, FailedCreationIsTriedAgainByCommit) {
  fixture.store.create_fails = Times(1, ErrorClass::kUnavailable);
  auto file = WriteFile(3);
  ExpectCommitted(file->Commit());
  EXPECT_EQ(fixture.targets, 1);
  EXPECT_EQ(fixture.starts, 1);
}

TEST_F(StageCommit, StoreThatStaysDownFailsTheCommitAndKeepsTheBytes) {
  std::atomic<bool> down = true;  // parts may be on their way when the commit gives up
  fixture.store.part_fails = [&down](int) {
    return down ? std::optional(Error(ErrorClass::kUnavailable, "down")) : std::nullopt;
  };
  auto file = WriteFile(3);
  const auto failed = file->Commit();
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().error_class(), ErrorClass::kUnavailable);
  down = false;
  ExpectCommitted(file->Commit());
}

TEST_F(StageCommit, LostAnswersAreFoundByLooking) {
  fixture.store.complete_lost = Times(1, ErrorClass::kTimeout);
  ExpectCommitted(WriteFile(3)->Commit());
  EXPECT_EQ(fixture.store.completes, 1);
}

TEST_F(StageCommit, LostAnswerOfAPutIsFoundByLooking) {
  fixture.store.put_lost = Times(1, ErrorClass::kUnavailable);
  auto file = fixture.Create("f");
  data = "small";
  ASSERT_TRUE(file->Write(0, Bytes(data)).ok());
  ExpectCommitted(file->Commit());
  EXPECT_EQ(fixture.store.puts, 1);
}

TEST_F(StageCommit, ConflictKeepsThePartsForAnotherTry) {
  auto file = WriteFile(3);
  const objclient::ObjectHead other = fixture.store.PutOther("f", "somebody else's");
  const auto lost = file->Commit();
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().error_class(), ErrorClass::kConflict);
  EXPECT_EQ(fixture.store.Content("f"), "somebody else's");
  const int parts = fixture.store.parts;
  const objclient::Precondition again{.if_absent = false, .if_match = other.etag};
  ExpectCommitted(file->Commit(&again));
  EXPECT_EQ(fixture.store.parts, parts);
}

TEST_F(StageCommit, ConflictOfASmallFile) {
  auto file = fixture.Create("f");
  data = "mine";
  ASSERT_TRUE(file->Write(0, Bytes(data)).ok());
  const objclient::ObjectHead other = fixture.store.PutOther("f", "theirs");
  EXPECT_EQ(file->Commit().error().error_class(), ErrorClass::kConflict);
  const objclient::Precondition again{.if_absent = false, .if_match = other.etag};
  ExpectCommitted(file->Commit(&again));
}

TEST_F(StageCommit, DeadUploadStartsFromScratch) {
  auto file = WriteFile(4);
  fixture.store.WaitForSends(4);
  bool killed = false;
  fixture.store.before_complete = [&] {
    if (killed) return;
    killed = true;
    const auto uploads = fixture.store.ListUploads("");
    for (const auto& upload : *uploads) {
      ASSERT_TRUE(fixture.store.AbortMultipart(upload.key, upload.upload_id).ok());
    }
  };
  ExpectCommitted(file->Commit());
  EXPECT_EQ(fixture.store.creates, 2);
  EXPECT_EQ(fixture.store.parts, 8);
}

TEST_F(StageCommit, AnObjectThatCameOutDamagedIsReplaced) {
  fixture.store.complete_lost = Times(1, ErrorClass::kCorrupt);
  ExpectCommitted(WriteFile(3)->Commit());
  EXPECT_EQ(fixture.store.creates, 2);
  EXPECT_EQ(fixture.store.parts, 6);
}

TEST_F(StageCommit, ADamagedObjectNeverPassesForACommit) {
  fixture.store.complete_lost = [](int) { return Error(ErrorClass::kCorrupt, "another sum"); };
  auto file = WriteFile(3);
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_EQ(file->Commit().error().error_class(), ErrorClass::kCorrupt);
  }
  fixture.store.complete_lost = nullptr;
  ExpectCommitted(file->Commit());
}

TEST_F(StageCommit, OlderBytesOfOursThatWentThroughAfterAllAreReplaced) {
  fixture.store.complete_lost = Times(1, ErrorClass::kAuth);  // not taken for a lost answer
  auto file = WriteFile(3);
  ASSERT_FALSE(file->Commit().ok());
  Patch(*file, kMiB, "changed since");
  ExpectCommitted(file->Commit());
}

TEST_F(StageCommit, CommittedFileIsNotSentTwice) {
  auto file = WriteFile(2);
  const auto first = file->Commit();
  ExpectCommitted(first);
  const auto second = file->Commit();
  ExpectCommitted(second);
  EXPECT_EQ(first->etag, second->etag);
  EXPECT_EQ(fixture.store.completes, 1);
  Patch(*file, 3, "and changed again");
  ExpectCommitted(file->Commit());
}

TEST_F(StageCommit, StoresWithoutConditionsAreLookedAt) {
  fixture.store.can.put_if_absent = fixture.store.can.put_if_match = false;
  fixture.store.can.complete_condition = false;
  ExpectCommitted(WriteFile(3)->Commit());
  auto late = fixture.Create("f");
  ASSERT_TRUE(late->Write(0, Bytes("late")).ok());
  EXPECT_EQ(late->Commit().error().error_class(), ErrorClass::kConflict);
  EXPECT_TRUE(fixture.store.Content("f") == data);
  // Somebody who writes between our commit and our look wins, and is seen.
  const auto etag = fixture.store.Head("f")->etag;
  const objclient::Precondition mine{.if_absent = false, .if_match = etag};
  fixture.store.put_lost = [this](int) -> std::optional<Error> {
    fixture.store.PutOther("f", "in between");
    return std::nullopt;
  };
  EXPECT_EQ(late->Commit(&mine).error().error_class(), ErrorClass::kConflict);
  EXPECT_EQ(fixture.store.Content("f"), "in between");
}

TEST_F(StageCommit, TargetThatCannotBeHadFailsTheCommit) {
  auto hooks = fixture.Hooks("f");
  hooks.target = [] { return Error(ErrorClass::kIo, "no name"); };
  auto file = fixture.staging->Create({}, 0, hooks);
  ASSERT_TRUE((*file)->Write(0, Bytes("x")).ok());
  EXPECT_EQ((*file)->Commit().error().error_class(), ErrorClass::kIo);
}

TEST_F(StageCommit, UnrecordedUploadIsAborted) {
  auto hooks = fixture.Hooks("f");
  int calls = 0;
  hooks.upload_started = [&calls](const std::string&, const std::string&) -> base::Status {
    if (++calls == 1) return Error(ErrorClass::kIo, "database is away");
    return base::Ok();
  };
  auto file = fixture.staging->Create({}, 0, hooks);
  data = Noise(3 * kMiB, 1);
  ASSERT_TRUE((*file)->Write(0, Bytes(data)).ok());
  auto head = (*file)->Commit();
  if (!head.ok()) head = (*file)->Commit();  // the first try may be Commit's own
  ASSERT_TRUE(head.ok()) << head.error().ToString();
  EXPECT_TRUE(fixture.store.Content("f") == data);
  file->reset();
  fixture.Restart();
  EXPECT_TRUE(fixture.store.ListUploads("")->empty());
  EXPECT_EQ(fixture.store.aborts, 1);
}

}  // namespace
}  // namespace cache
