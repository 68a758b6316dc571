// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whose turn it is on a FIFO queue: within a group strictly by order of arrival, and nobody while a
// message of the group is with a consumer; among the groups, the one whose first message came
// first.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "queue/message.h"

namespace selvage::queue {

// A message holds its group back from its first receive until it is settled: while it is leased,
// and while a retry lets it wait. One that was never received, and waits for its delay, does not.
// Not thread-safe.
class GroupLine {
 public:
  static bool holds_back(const Message& message) { return message.first_received != Instant{}; }

  void add(Seq seq, const Message& message);
  bool remove(Seq seq, const Message& message);  // false when it does not stand here
  void block(const std::string& group);          // once for each message that holds it back
  void unblock(const std::string& group);
  // The first message of the first group that is free.
  std::optional<Seq> first() const;
  // The first one that stands here of this group, held back or not: for one receive that takes
  // several of a group.
  std::optional<Seq> first_of(const std::string& group) const;
  bool contains(Seq seq, const Message& message) const;
  size_t size() const { return size_; }
  void audit() const;
  // Also that it is held back as often as `blocks` says.
  void audit(const std::unordered_map<std::string, uint32_t>& blocks) const;

 private:
  struct Group {
    std::set<Seq> waiting;
    uint32_t blocks = 0;
  };
  void hide(const Group& group);  // before a change of it
  void show(const std::string& name, Group& group);

  std::unordered_map<std::string, Group> groups_;
  std::map<Seq, std::string> free_;  // by their first message
  size_t size_ = 0;
};

}  // namespace selvage::queue
