// RangeSet: a set of byte offsets kept as sorted, disjoint, merged intervals. A plain value without
// a lock; its owner guards it. Every operation costs the logarithm of the number of intervals plus
// the intervals it touches, so a sequential writer's set stays one interval and costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "base/bytes.h"

namespace cache {

class RangeSet {
 public:
  void Add(base::ByteRange range);
  void Remove(base::ByteRange range);
  void Clear() { intervals_.clear(); }

  // An empty range is contained in every set and overlaps none.
  bool Contains(base::ByteRange range) const;
  bool Overlaps(base::ByteRange range) const;
  // What of `range` is in the set, and what is not; both sorted.
  std::vector<base::ByteRange> In(base::ByteRange range) const;
  std::vector<base::ByteRange> Gaps(base::ByteRange range) const;
  std::vector<base::ByteRange> All() const;

  bool empty() const { return intervals_.empty(); }
  std::size_t count() const { return intervals_.size(); }
  std::uint64_t bytes() const;

 private:
  using Map = std::map<std::uint64_t, std::uint64_t>;  // start -> end
  // The first interval that ends after `offset`.
  Map::const_iterator FirstEndingAfter(std::uint64_t offset) const;
  Map intervals_;
};

}  // namespace cache
