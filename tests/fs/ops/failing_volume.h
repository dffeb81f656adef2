// FailingVolumeTest: a mounted volume whose store fails as a test says, where nothing that failed
// is tried again unless asked for.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/fs/ops/expect.h"
#include "tests/fs/ops/volume.h"

namespace fs {

inline bool Sends(testing_support::Verb verb) {
  return verb == testing_support::Verb::kPut || verb == testing_support::Verb::kUploadPart ||
         verb == testing_support::Verb::kCreateMultipart ||
         verb == testing_support::Verb::kCompleteMultipart;
}

class FailingVolumeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    volume_.options.retry_pending_ms = 3600 * 1000;  // nothing is retried unless asked for
    volume_.Mount();
  }
  std::string Loaded(const std::string& path) {
    const auto content = volume_.Load(path);
    return content.ok() ? *content : content.error().ToString();
  }
  std::string Durable(const std::string& path) {
    const auto inode = volume_.Stat(path);
    if (!inode.ok()) return inode.error().ToString();
    const auto level = volume_.filesystem().GetXattr(inode->id, "user.cairnfs.durable");
    return level.ok() ? *level : level.error().ToString();
  }
  void StoreIsDown() {
    volume_.PlanFaults([](testing_support::Verb verb, const auto&) {
      return Sends(verb) ? std::optional(testing_support::Fault{
                               base::Error(base::ErrorClass::kUnavailable, "the network is down")})
                         : std::nullopt;
    });
  }
  void StoreIsBack() { volume_.PlanFaults(nullptr); }
  Volume volume_;
};

}  // namespace fs
