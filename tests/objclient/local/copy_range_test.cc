#include "objclient/local/copy_range.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/fd.h"
#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

TEST(CopyRange, CopiesJustTheRange) {
  const testing_support::TempDir dir;
  const auto source = base::OpenFile(dir.Write("a", "0123456789"), O_RDONLY);
  const auto path = dir.Write("b", "abcdef");
  const auto target = base::OpenFile(path, O_RDWR);
  ASSERT_TRUE(source.ok() && target.ok());
  ASSERT_TRUE(CopyRange(source->get(), {2, 3}, target->get(), 1).ok());
  EXPECT_EQ(*base::ReadSmallFile(path), "a234ef");
  ASSERT_TRUE(CopyRange(source->get(), {0, 0}, target->get(), 0).ok());
  EXPECT_EQ(*base::ReadSmallFile(path), "a234ef");
}

TEST(CopyRange, SourceThatEndsBefore) {
  const testing_support::TempDir dir;
  const auto source = base::OpenFile(dir.Write("a", "0123"), O_RDONLY);
  const auto target = base::OpenFile(dir.Write("b", ""), O_RDWR);
  const auto copied = CopyRange(source->get(), {2, 3}, target->get(), 0);
  ASSERT_FALSE(copied.ok());
  EXPECT_EQ(copied.error().error_class(), base::ErrorClass::kConflict);
}

TEST(CopyRange, WhatTheKernelRefusesGoesThroughMemory) {
  const testing_support::TempDir dir;
  // A target in append mode is refused (EBADF) as it always was; one file onto an overlapping range
  // of itself is EINVAL, which the copy through memory can do.
  const auto path = dir.Write("a", "0123456789");
  const auto file = base::OpenFile(path, O_RDWR);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(CopyRange(file->get(), {0, 6}, file->get(), 4).ok());
  EXPECT_EQ(*base::ReadSmallFile(path), "0123012345");
}

}  // namespace
}  // namespace objclient
