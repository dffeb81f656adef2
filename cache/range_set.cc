#include "cache/range_set.h"

#include <algorithm>
#include <iterator>

namespace cache {

RangeSet::Map::const_iterator RangeSet::FirstEndingAfter(std::uint64_t offset) const {
  auto it = intervals_.upper_bound(offset);
  if (it != intervals_.begin()) {
    const auto before = std::prev(it);
    if (before->second > offset) return before;
  }
  return it;
}

void RangeSet::Add(base::ByteRange range) {
  if (range.empty()) return;
  std::uint64_t start = range.offset;
  std::uint64_t end = range.end();
  auto it = intervals_.upper_bound(start);
  if (it != intervals_.begin()) {
    const auto before = std::prev(it);
    if (before->second >= end) return;
    if (before->second >= start) {
      // The common case, a writer going on where it stopped, changes one number.
      if (it == intervals_.end() || it->first > end) {
        before->second = end;
        return;
      }
      start = before->first;
      it = before;
    }
  }
  while (it != intervals_.end() && it->first <= end) {
    end = std::max(end, it->second);
    it = intervals_.erase(it);
  }
  intervals_.emplace_hint(it, start, end);
}

void RangeSet::Remove(base::ByteRange range) {
  if (range.empty()) return;
  auto it = FirstEndingAfter(range.offset);
  while (it != intervals_.end() && it->first < range.end()) {
    const auto [start, end] = *it;
    it = intervals_.erase(it);
    if (start < range.offset) intervals_.emplace(start, range.offset);
    if (end > range.end()) {
      intervals_.emplace(range.end(), end);
      return;
    }
  }
}

bool RangeSet::Contains(base::ByteRange range) const {
  if (range.empty()) return true;
  const auto it = FirstEndingAfter(range.offset);
  return it != intervals_.end() && it->first <= range.offset && it->second >= range.end();
}

bool RangeSet::Overlaps(base::ByteRange range) const {
  if (range.empty()) return false;
  const auto it = FirstEndingAfter(range.offset);
  return it != intervals_.end() && it->first < range.end();
}

std::vector<base::ByteRange> RangeSet::In(base::ByteRange range) const {
  std::vector<base::ByteRange> pieces;
  for (auto it = FirstEndingAfter(range.offset); it != intervals_.end() && it->first < range.end();
       ++it) {
    const std::uint64_t start = std::max(it->first, range.offset);
    const std::uint64_t end = std::min(it->second, range.end());
    if (start < end) pieces.push_back({start, end - start});
  }
  return pieces;
}

std::vector<base::ByteRange> RangeSet::Gaps(base::ByteRange range) const {
  std::vector<base::ByteRange> gaps;
  std::uint64_t at = range.offset;
  for (const base::ByteRange& piece : In(range)) {
    if (piece.offset > at) gaps.push_back({at, piece.offset - at});
    at = piece.end();
  }
  if (at < range.end()) gaps.push_back({at, range.end() - at});
  return gaps;
}

std::vector<base::ByteRange> RangeSet::All() const {
  std::vector<base::ByteRange> pieces;
  pieces.reserve(intervals_.size());
  for (const auto& [start, end] : intervals_) pieces.push_back({start, end - start});
  return pieces;
}

std::uint64_t RangeSet::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [start, end] : intervals_) sum += end - start;
  return sum;
}

}  // namespace cache
