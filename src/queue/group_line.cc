// SPDX-License-Identifier: Apache-2.0
#include "queue/group_line.h"

#include "base/check.h"

namespace selvage::queue {

void GroupLine::hide(const Group& group) {
  if (!group.waiting.empty()) free_.erase(*group.waiting.begin());
}

void GroupLine::show(const std::string& name, Group& group) {
  if (group.is_empty())
    groups_.erase(std::string(name));
  else if (group.is_free())
    free_.emplace(*group.waiting.begin(), name);
}

void GroupLine::add(Seq seq, const Message& message) {
  Group& group = groups_[message.group];
  hide(group);
  SELVAGE_CHECK(group.waiting.insert(seq).second);
  ++size_;
  show(message.group, group);
}

bool GroupLine::contains(Seq seq, const Message& message) const {
  const auto at = groups_.find(message.group);
  return at != groups_.end() && at->second.waiting.contains(seq);
}

bool GroupLine::remove(Seq seq, const Message& message) {
  if (!contains(seq, message)) return false;
  Group& group = groups_.at(message.group);
  hide(group);
  group.waiting.erase(seq);
  --size_;
  show(message.group, group);
  return true;
}

void GroupLine::block(Seq seq, const Message& message) {
  Group& group = groups_[message.group];
  hide(group);
  if (message.leased)
    ++group.leased;
  else
    SELVAGE_CHECK(group.retrying.insert(seq).second);
  show(message.group, group);
}

void GroupLine::unblock(Seq seq, const Message& message) {
  Group& group = groups_.at(message.group);
  hide(group);
  if (message.leased)
    --group.leased;
  else
    SELVAGE_CHECK(group.retrying.erase(seq) == 1);
  show(message.group, group);
}

std::optional<Seq> GroupLine::first() const {
  if (free_.empty()) return std::nullopt;
  return free_.begin()->first;
}

std::optional<Seq> GroupLine::first_of(const std::string& name) const {
  const auto at = groups_.find(name);
  if (at == groups_.end() || !at->second.has_first()) return std::nullopt;
  return *at->second.waiting.begin();
}

void GroupLine::audit() const {
  size_t waiting = 0;
  size_t free = 0;
  for (const auto& [name, group] : groups_) {
    waiting += group.waiting.size();
    SELVAGE_CHECK(!group.is_empty());
    free += group.is_free() ? 1 : 0;
    SELVAGE_CHECK(!group.is_free() || free_.at(*group.waiting.begin()) == name);
  }
  SELVAGE_CHECK(waiting == size_);
  SELVAGE_CHECK(free == free_.size());
}

void GroupLine::audit(const std::unordered_map<std::string, uint32_t>& blocks) const {
  size_t blocked = 0;
  for (const auto& [name, group] : groups_) {
    const size_t by = group.leased + group.retrying.size();
    if (by == 0) continue;
    ++blocked;
    SELVAGE_CHECK(blocks.at(name) == by);
  }
  SELVAGE_CHECK(blocked == blocks.size());
}

}  // namespace selvage::queue
