#include "cache/want_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cache {

void WantQueue::Push(Want want) {
  auto& queue = want.demand ? demand_ : ahead_;
  queue.push_back(std::move(want));
}

void WantQueue::PushFront(Want want) {
  auto& queue = want.demand ? demand_ : ahead_;
  queue.push_front(std::move(want));
}

void WantQueue::Promote(const CachedObject& object, const base::ByteRange& range) {
  const auto concerned = [&](const Want& want) {
    return want.object.get() == &object && !base::Intersect(want.range, range).empty();
  };
  for (auto it = ahead_.begin(); it != ahead_.end();) {
    if (!concerned(*it)) {
      ++it;
      continue;
    }
    it->demand = true;
    demand_.push_back(std::move(*it));
    it = ahead_.erase(it);
  }
}

std::optional<Want> WantQueue::Pop(std::uint64_t max_bytes) {
  auto& queue = demand_.empty() ? ahead_ : demand_;
  if (queue.empty()) return std::nullopt;
  Want want = std::move(queue.front());
  queue.pop_front();
  if (want.range.length > max_bytes) {
    // Cut at a multiple of the request size, so that the rest is whole requests.
    const std::uint64_t cut = (want.range.offset / max_bytes + 1) * max_bytes;
    Want rest = want;
    rest.range = {cut, want.range.end() - cut};
    want.range.length = cut - want.range.offset;
    queue.push_front(std::move(rest));
    return want;
  }
  while (Extend(want, demand_, max_bytes) || Extend(want, ahead_, max_bytes)) {
  }
  return want;
}

bool WantQueue::Extend(Want& want, std::deque<Want>& from, std::uint64_t max_bytes) {
  const auto found = std::find_if(from.begin(), from.end(), [&](const Want& other) {
    const bool touches =
        other.range.offset == want.range.end() || other.range.end() == want.range.offset;
    return other.object == want.object && touches &&
           want.range.length + other.range.length <= max_bytes;
  });
  if (found == from.end()) return false;
  want.range.offset = std::min(want.range.offset, found->range.offset);
  want.range.length += found->range.length;
  want.demand = want.demand || found->demand;
  from.erase(found);
  return true;
}

std::vector<Want> WantQueue::TakeAll() {
  std::vector<Want> all(std::make_move_iterator(demand_.begin()),
                        std::make_move_iterator(demand_.end()));
  all.insert(all.end(), std::make_move_iterator(ahead_.begin()),
             std::make_move_iterator(ahead_.end()));
  demand_.clear();
  ahead_.clear();
  return all;
}

}  // namespace cache
