// StoreFaults: the fixture of the fault table, which is run on S3 and on Azure: what differs is in
// the Dialect. A store opened by OpenStore on a FaultProxy before the real server, and a second one
// that goes straight to the server and sees what really happened. Everything is counted:
// operations, faults, bytes that were compared, and losses, which are bytes or objects that a
// success promised and that are not there. The sums are printed at the end; one loss fails the run.
//
// gtest makes one for each test; the test's thread.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "objclient/open_store.h"
#include "tests/fault/dialect.h"
#include "tests/fault/fault_proxy.h"
#include "tests/fault/faults.h"

namespace fault {

// No operation takes longer, whatever happens.
inline constexpr std::chrono::seconds kBound{30};
// For how long a store that never gets well is tried.
inline constexpr std::chrono::milliseconds kShort{2000};

// What all cases together did. atomic: cases with threads count too.
struct Tally {
  std::atomic<std::size_t> operations{0};
  std::atomic<std::size_t> faults{0};
  std::atomic<std::size_t> verified_bytes{0};
  std::atomic<std::size_t> losses{0};
};

// The system's clock with an error that a test sets.
class WrongClock : public base::Clock {
 public:
  std::int64_t WallNs() const override { return base::SystemClock().WallNs() + wall_.load(); }
  std::int64_t MonotonicNs() const override {
    return base::SystemClock().MonotonicNs() + passed_.load();
  }
  void Sleep(std::chrono::nanoseconds duration) override { base::SystemClock().Sleep(duration); }

  void SetError(std::chrono::nanoseconds error) { wall_ = error.count(); }
  void Pass(std::chrono::nanoseconds time) {
    wall_ += time.count();
    passed_ += time.count();
  }

 private:
  std::atomic<std::int64_t> wall_{0};
  std::atomic<std::int64_t> passed_{0};
};

// Random bytes, the same for the same seed.
std::string Content(std::size_t size, unsigned seed);

class StoreFaults : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  static Tally& tally();
  // Of the store under test: Azure where CAIRNFS_TEST_FAULTS_ON says "azure", else S3.
  static bool on_azure();
  const Dialect dialect_ = on_azure() ? AzureDialect() : S3Dialect();
  // A store on `endpoint` with short time limits; a failure is a failure of the test.
  std::unique_ptr<objclient::ObjectStore> Open(const std::string& endpoint);
  base::Result<std::unique_ptr<objclient::ObjectStore>> TryOpen(const std::string& endpoint);

  // The store under test once more, with another time limit for retries.
  void Reopen(std::chrono::milliseconds retry_time_limit);

  // Runs one operation of the store under test: counted, and bounded in time.
  template <typename Function>
  auto Do(const Function& operation) -> decltype(operation()) {
    const auto began = std::chrono::steady_clock::now();
    auto result = operation();
    ++tally().operations;
    took_ = std::chrono::steady_clock::now() - began;
    EXPECT_LT(took_, kBound);
    return result;
  }
  // Of the last operation.
  std::chrono::nanoseconds took() const { return took_; }

  base::Result<objclient::ObjectHead> Put(const std::string& key, const std::string& content,
                                          const objclient::Precondition& precondition = {});
  // Reads so many bytes; `if_match` empty = of any version. With `object_size` the client knows
  // when the range is the whole, and can verify it.
  base::Result<std::string> Get(const std::string& key, base::ByteRange range,
                                const std::string& if_match = "", std::uint64_t object_size = 0);
  // A multipart upload of `content` in parts of 5 MiB, up to its last step.
  struct Parts {
    std::string upload_id;
    std::vector<objclient::PartInfo> parts;
  };
  Parts Upload(const std::string& key, const std::string& content);

  // --- what must be true afterwards; seen without the proxy ---
  // A success promised these bytes under that key.
  void ExpectStored(const std::string& key, const std::string& content);
  void ExpectGone(const std::string& key);
  // A successful read answered the right bytes.
  void ExpectRead(const base::Result<std::string>& read, const std::string& content);
  void Lost(const std::string& what);

  // Puts an object past the faults; answers its ETag.
  std::string Prepare(const std::string& key, const std::string& content);

  // Of what goes through the proxy: how a commit is recognised whose answer was lost.
  const objclient::Metadata metadata_ = {{"cairnfs-upload", "token"}};
  objclient::BucketUrl url_;
  objclient::StoreOptions options_;
  WrongClock clock_;
  base::Metrics metrics_;
  std::unique_ptr<FaultProxy> proxy_;
  std::unique_ptr<objclient::ObjectStore> store_;   // through the proxy
  std::unique_ptr<objclient::ObjectStore> direct_;  // past it

 private:
  std::string server_;
  std::chrono::nanoseconds took_{0};
};

// The error of a failed operation, as the kernel would get it and as the machine decides on it.
template <typename R>
void ExpectError(const R& result, base::ErrorClass error_class, int errno_value) {
  ASSERT_FALSE(result.ok()) << "it succeeded";
  EXPECT_EQ(base::ClassName(result.error().error_class()), base::ClassName(error_class))
      << result.error().ToString();
  EXPECT_EQ(result.error().errno_value(), errno_value) << result.error().ToString();
  EXPECT_FALSE(result.error().message().empty());
}

#define ASSERT_OK(expression)                                \
  do {                                                       \
    const auto& checked = (expression);                      \
    ASSERT_TRUE(checked.ok()) << checked.error().ToString(); \
  } while (false)

}  // namespace fault
