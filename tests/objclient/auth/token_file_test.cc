#include "objclient/auth/token_file.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

TEST(ReadTokenFileTest, TakesTheTokenAlone) {
  const testing_support::TempDir folder;
  EXPECT_EQ(ReadTokenFile(folder.Write("a", " eyJ.x-y_z=\n\n").string())->reveal(), "eyJ.x-y_z=");
}

TEST(ReadTokenFileTest, RefusesWhatWouldBreakARequest) {
  const testing_support::TempDir folder;
  for (const char* text : {"", " \n", "s3cr3t\r\nx: y", "s3cr3t s3cr3t", "s3cr3t\x01"}) {
    const auto token = ReadTokenFile(folder.Write("t", text).string());
    ASSERT_FALSE(token.ok());
    EXPECT_EQ(token.error().message().find("s3cr3t"), std::string::npos);
  }
  EXPECT_EQ(ReadTokenFile((folder / "none").string()).error().error_class(),
            base::ErrorClass::kNotFound);
}

}  // namespace
}  // namespace objclient
