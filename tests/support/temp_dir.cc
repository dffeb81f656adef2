#include "tests/support/temp_dir.h"

#include <cstdlib>
#include <fstream>
#include <system_error>

#include "base/check.h"

namespace testing_support {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "cairnfs-test-XXXXXX").string();
  CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TempDir::Write(std::string_view name, std::string_view content) const {
  const std::filesystem::path target = path_ / name;
  std::filesystem::create_directories(target.parent_path());
  std::ofstream file(target, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  CHECK(file.good());
  return target;
}

}  // namespace testing_support
