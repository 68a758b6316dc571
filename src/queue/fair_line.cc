// SPDX-License-Identifier: Apache-2.0
#include "queue/fair_line.h"

#include <algorithm>

#include "base/check.h"

namespace selvage::queue {

namespace {

bool is_freed(const Message& message) {
  return message.vest == Instant{};
}

}  // namespace

FairLine::Head FairLine::head_of(const File& file) {
  const auto& [vest, seq] = *file.waiting.begin();
  return {file.turn, vest, seq};
}

void FairLine::add(Seq seq, const Message& message) {
  if (is_freed(message)) {
    SELVAGE_CHECK(freed_.insert(seq).second);
    return;
  }
  File& file = files_[message.group];
  if (file.waiting.empty()) {
    file.group = message.group;
    resting_.erase({file.turn, file.group});
    file.turn = std::max(file.turn, turn_);
  } else {
    heads_.erase({head_of(file), &file});
  }
  SELVAGE_CHECK(file.waiting.emplace(message.vest, seq).second);
  heads_.emplace(head_of(file), &file);
  ++size_;
}

bool FairLine::contains(Seq seq, const Message& message) const {
  if (is_freed(message)) return freed_.contains(seq);
  const auto at = files_.find(message.group);
  return at != files_.end() && at->second.waiting.contains({message.vest, seq});
}

bool FairLine::remove(Seq seq, const Message& message) {
  if (is_freed(message)) return freed_.erase(seq) == 1;
  if (!contains(seq, message)) return false;
  File& file = files_.at(message.group);
  heads_.erase({head_of(file), &file});
  file.waiting.erase({message.vest, seq});
  --size_;
  if (file.waiting.empty())
    settle(file);
  else
    heads_.emplace(head_of(file), &file);
  return true;
}

std::optional<Seq> FairLine::first() const {
  if (!freed_.empty()) return *freed_.begin();
  if (heads_.empty()) return std::nullopt;
  return std::get<Seq>(heads_.begin()->first);
}

void FairLine::charge(const Message& message) {
  if (is_freed(message)) return;
  File& file = files_.at(message.group);
  const uint64_t cost = file.group.empty() ? kCost : kCost * kUngroupedShare;
  // Those that rest have had their share early, so they count as well. One more share stays back: a
  // file that comes now is ahead of the one that is served now.
  turn_ = std::max(turn_, file.turn) + cost / (heads_.size() + resting_.size() + 1);
  heads_.erase({head_of(file), &file});
  file.turn += cost;
  heads_.emplace(head_of(file), &file);
  forget_rested();
}

void FairLine::settle(File& file) {
  if (heads_.empty()) {  // nobody was kept waiting, so nobody has had too much
    files_.clear();
    resting_.clear();
    return;
  }
  if (file.turn > turn_)
    resting_.emplace(file.turn, file.group);
  else
    files_.erase(std::string(file.group));
  if (resting_.size() > kMaxResting) {
    files_.erase(resting_.begin()->second);
    resting_.erase(resting_.begin());
  }
}

void FairLine::forget_rested() {
  while (!resting_.empty() && resting_.begin()->first <= turn_) {
    files_.erase(resting_.begin()->second);
    resting_.erase(resting_.begin());
  }
}

void FairLine::audit() const {
  size_t waiting = 0;
  size_t empty = 0;
  for (const auto& [group, file] : files_) {
    waiting += file.waiting.size();
    empty += file.waiting.empty() ? 1 : 0;
    SELVAGE_CHECK(file.group == group);
    if (file.waiting.empty())
      SELVAGE_CHECK(file.turn > turn_ && resting_.contains({file.turn, group}));
    else
      SELVAGE_CHECK(heads_.contains({head_of(file), const_cast<File*>(&file)}));
  }
  SELVAGE_CHECK(waiting == size_);
  SELVAGE_CHECK(heads_.size() == files_.size() - empty);
  SELVAGE_CHECK(resting_.size() == empty);
}

}  // namespace selvage::queue
