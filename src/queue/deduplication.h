// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a FIFO queue has been sent lately, so that a repeated send is answered like the first and
// adds nothing. It outlives the messages: deleting one does not make room for its double.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "queue/command.h"

namespace selvage::queue {

// How long a send is remembered, counted from the first one (SendMessage, MessageDeduplicationId).
inline constexpr Duration kDeduplicationWindow = std::chrono::minutes(5);

// Not thread-safe.
class Deduplication {
 public:
  // By what two sends are the same: within one group, or anywhere in the queue.
  static std::string key(const Fifo& fifo, const NewMessage& message);

  void remember(const std::string& key, Sent sent, Instant until);
  std::optional<Sent> find(const std::string& key, Instant now) const;
  std::vector<std::string> expire(Instant now);  // the keys that were forgotten
  Instant next_expiry() const;                   // kNever when nothing is remembered
  size_t size() const { return known_.size(); }

 private:
  struct Known {
    Sent sent;
    Instant until;
  };
  std::unordered_map<std::string, Known> known_;
  std::set<std::pair<Instant, std::string>> by_expiry_;
};

}  // namespace selvage::queue
