#include "base/metrics.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace base {
namespace {

TEST(Metrics, OneCounterAName) {
  Metrics metrics;
  Counter& reads = metrics.Get("reads_total");
  reads.Add();
  reads.Add(4);
  reads.Sub(2);
  EXPECT_EQ(&metrics.Get("reads_total"), &reads);
  metrics.Get("pool_bytes").Set(7);
  EXPECT_EQ(metrics.Snapshot(),
            (std::map<std::string, std::uint64_t>{{"pool_bytes", 7}, {"reads_total", 3}}));
}

TEST(Metrics, ReferencesStayValidAndNothingIsLostBetweenThreads) {
  Metrics metrics;
  Counter& first = metrics.Get("n");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&metrics, t] {
      for (int i = 0; i < 500; ++i) {
        metrics.Get("n").Add();
        metrics.Get("other_" + std::to_string(t * 500 + i));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(first.value(), 2000u);
  EXPECT_EQ(metrics.Snapshot().size(), 2001u);
}

}  // namespace
}  // namespace base
