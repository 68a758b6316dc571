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

// While a message is leased its whole group is held back. While a retry lets one wait, those behind
// it are. One that was never received, and waits for its delay, holds back nobody. Not thread-safe.
class GroupLine {
 public:
  static bool holds_back(const Message& message) { return message.first_received != Instant{}; }

  void add(Seq seq, const Message& message);
  bool remove(Seq seq, const Message& message);  // false when it does not stand here
  // A message that has not vested, and holds back, begins or ends to do so.
  void block(Seq seq, const Message& message);
  void unblock(Seq seq, const Message& message);
  // The first message of the first group that is free.
  std::optional<Seq> first() const;
  // The first one that stands here of this group, leased ones or not: for one receive that takes
  // several of a group.
  std::optional<Seq> first_of(const std::string& group) const;
  bool contains(Seq seq, const Message& message) const;
  size_t size() const { return size_; }
  void audit() const;
  // Also that it is held back by as many messages as `blocks` says.
  void audit(const std::unordered_map<std::string, uint32_t>& blocks) const;

 private:
  struct Group {
    std::set<Seq> waiting;
    uint32_t leased = 0;
    std::set<Seq> retrying;
    bool is_empty() const { return waiting.empty() && leased == 0 && retrying.empty(); }
    // Something waits, and nothing that waits for a retry came before it.
    bool has_first() const {
      return !waiting.empty() && (retrying.empty() || *waiting.begin() < *retrying.begin());
    }
    bool is_free() const { return leased == 0 && has_first(); }
  };
  void hide(const Group& group);  // before a change of it
  void show(const std::string& name, Group& group);

  std::unordered_map<std::string, Group> groups_;
  std::map<Seq, std::string> free_;  // by their first message
  size_t size_ = 0;
};

}  // namespace selvage::queue
