// What the benchmarks measure with: what this process used so far, and memory that is no longer
// new. Functions without state; any thread.
#pragma once

#include <sys/mman.h>
#include <sys/resource.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

namespace bench {

struct Usage {
  double cpu_s;
  double peak_rss_mib;
};

inline Usage Used() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {seconds(usage.ru_utime) + seconds(usage.ru_stime),
          static_cast<double>(usage.ru_maxrss) / 1024};
}

// Memory in huge pages, every page touched: on a virtual machine the first use of a page may cost a
// fault in the host, which is not what is measured.
inline std::span<std::byte> TouchedMemory(std::size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("mmap");
    std::exit(1);
  }
  madvise(memory, size, MADV_HUGEPAGE);
  std::memset(memory, 0x5A, size);
  return {static_cast<std::byte*>(memory), size};
}

// Touches so much memory and gives it back: whoever asks next gets it from this machine's pages.
inline void TouchAndFree(std::size_t size) {
  if (size > 0) munmap(TouchedMemory(size).data(), size);
}

}  // namespace bench
