// SPDX-License-Identifier: Apache-2.0
#include "queue/deduplication.h"

#include <algorithm>
#include <cstring>
#include <ranges>

#include "base/check.h"

namespace selvage::queue {
namespace {

constexpr Duration kMinute = std::chrono::minutes(1);
// A minute begins with a filter as large as the last one needed, and gets more as it fills them.
constexpr size_t kSmallestFilter = 4096;  // ids
constexpr size_t kLargestFilter = 4'194'304;

Instant end_of(Minute minute) {
  return Instant{} + (int64_t{minute} + 1) * kMinute;
}

// SplitMix64's finaliser: every bit of the input touches every bit of the output.
uint64_t blend(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

}  // namespace

Minute minute_of(Instant at) {
  const int64_t minute = at.time_since_epoch() / kMinute;
  return static_cast<Minute>(std::clamp<int64_t>(minute, 0, UINT32_MAX - 1));
}

std::string Deduplication::key(const Fifo& fifo, std::string_view group, std::string_view id) {
  std::string key;
  if (fifo.deduplicates_per_group) {
    key.reserve(group.size() + 1 + id.size());
    // A group's name has no line break, so this cannot be read in two ways.
    key.append(group).append(1, '\n');
  }
  return key.append(id);
}

uint64_t Deduplication::hash_of(QueueId queue, std::string_view key) const {
  uint64_t hash = blend(seed_ ^ queue.value) ^ key.size();
  for (; !key.empty(); key.remove_prefix(std::min(key.size(), sizeof hash))) {
    uint64_t word = 0;
    std::memcpy(&word, key.data(), std::min(key.size(), sizeof word));
    hash = blend(hash ^ word) + seed_;
  }
  return blend(hash);
}

void Deduplication::restore(Instant last) {
  const Minute latest = minute_of(last);
  last_of_before_ = std::max(last_of_before_.value_or(0), latest);
  for (Minute minute = minute_of(last - kDeduplicationWindow); minute <= latest; ++minute)
    minutes_[minute].is_whole = false;
}

void Deduplication::look_up(QueueId queue, const std::string& key,
                            std::vector<IdPlace>& out) const {
  const uint64_t hash = hash_of(queue, key);
  const auto may_have = [&](const IdFilter& filter) { return filter.may_have(hash); };
  for (const auto& [minute, ids] : std::views::reverse(minutes_))
    if (!ids.is_whole || std::ranges::any_of(ids.filters, may_have))
      out.push_back({minute, queue, key});
}

Deduplication::Ids& Deduplication::ids_of(Minute minute) {
  const auto [at, fresh] = minutes_.try_emplace(minute);
  if (fresh) at->second.is_whole = !last_of_before_ || minute > *last_of_before_;
  return at->second;
}

IdPlace Deduplication::remember(QueueId queue, std::string key, Instant now) {
  const Minute minute = minute_of(now);
  Ids& ids = ids_of(minute);
  ++ids.count;
  if (ids.is_whole) {
    if (ids.filters.empty() || ids.filters.back().is_full()) {
      ids.filters.emplace_back(next_capacity(minute, ids));
      bytes_ += ids.filters.back().bytes();
    }
    ids.filters.back().add(hash_of(queue, key));
    give_up_filters();
  }
  return {minute, queue, std::move(key)};
}

size_t Deduplication::next_capacity(Minute minute, const Ids& ids) const {
  size_t expected = 0;
  for (const IdFilter& filter : ids.filters) expected += filter.capacity();
  if (const auto before = minutes_.find(minute - 1); expected == 0 && before != minutes_.end())
    expected = before->second.count + before->second.count / 8;
  return std::clamp(expected, kSmallestFilter, kLargestFilter);
}

// The oldest first: it has the least time left in which to be asked.
void Deduplication::give_up_filters() {
  for (auto at = minutes_.begin(); bytes_ > most_bytes_; ++at) {
    Ids& ids = at->second;
    for (const IdFilter& filter : ids.filters) bytes_ -= filter.bytes();
    ids.filters.clear();
    ids.filters.shrink_to_fit();
    ids.is_whole = false;
  }
}

std::optional<Minute> Deduplication::expire(Instant now) {
  std::optional<Minute> first_left;
  while (next_expiry() <= now) {
    const auto& [minute, ids] = *minutes_.begin();
    for (const IdFilter& filter : ids.filters) bytes_ -= filter.bytes();
    first_left = minute + 1;
    minutes_.erase(minutes_.begin());
  }
  return first_left;
}

Instant Deduplication::next_expiry() const {
  return minutes_.empty() ? kNever : end_of(minutes_.begin()->first) + kDeduplicationWindow;
}

std::vector<Minute> Deduplication::minutes() const {
  std::vector<Minute> minutes;
  for (const auto& [minute, ids] : minutes_) minutes.push_back(minute);
  return minutes;
}

void Deduplication::audit() const {
  size_t bytes = 0;
  for (const auto& [minute, ids] : minutes_) {
    SELVAGE_CHECK(ids.is_whole || ids.filters.empty());
    SELVAGE_CHECK(!ids.is_whole || !last_of_before_ || minute > *last_of_before_);
    size_t room = 0;
    for (const IdFilter& filter : ids.filters) {
      room += filter.capacity();
      bytes += filter.bytes();
      SELVAGE_CHECK(&filter == &ids.filters.back() || filter.is_full());
    }
    SELVAGE_CHECK(!ids.is_whole || ids.count <= room);
  }
  SELVAGE_CHECK(bytes == bytes_ && bytes_ <= most_bytes_);
}

}  // namespace selvage::queue
