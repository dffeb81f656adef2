// The files that hold credentials: whatever is in them, reading them does not fail, and a value
// never runs over the end of its line.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "objclient/auth/aws_config_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = objclient::AwsConfigFile::Parse(text);
  for (const char* setting : {"aws_access_key_id", "aws_secret_access_key", "region"}) {
    const auto value = file.Get("default", setting);
    if (!value) continue;
    CHECK(file.HasProfile("default"));
    CHECK(!value->empty() && value->find('\n') == std::string::npos);
    CHECK(text.find(*value) != std::string_view::npos);
  }
  return 0;
}
