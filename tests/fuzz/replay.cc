// main() of a fuzz target without libFuzzer: runs it on every file of the corpus folders given,
// each also cut short at every length, so that a small corpus goes a long way.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

// The name and shape are libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  constexpr std::size_t kMostCuts = 4096;
  std::size_t files = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::vector<char> seed(std::istreambuf_iterator<char>(file), {});
      for (std::size_t size = 0; size <= seed.size() && size < kMostCuts; ++size) {
        // A buffer of exactly that size, for the sanitizers to see a byte read too many.
        const std::vector<std::uint8_t> input(seed.begin(),
                                              seed.begin() + static_cast<std::ptrdiff_t>(size));
        LLVMFuzzerTestOneInput(input.data(), input.size());
      }
      const std::vector<std::uint8_t> whole(seed.begin(), seed.end());
      LLVMFuzzerTestOneInput(whole.data(), whole.size());
      ++files;
    }
  }
  std::printf("%zu inputs replayed\n", files);
  return files > 0 ? 0 : 1;
}
