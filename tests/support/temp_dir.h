// TempDir: a fresh directory of a test's own (below TMPDIR or /tmp), removed with all that is in it
// when the object dies. One owner, which one thread destroys.
#pragma once

#include <filesystem>
#include <string_view>

namespace testing_support {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  // Writes a file of that name (relative to the directory) and returns its path.
  std::filesystem::path Write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace testing_support
