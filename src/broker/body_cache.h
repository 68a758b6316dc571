// SPDX-License-Identifier: Apache-2.0
#pragma once
// The bodies that came last, for whoever receives them next: where messages do not wait long, none
// is read back from the store.

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/ids.h"
#include "queue/message.h"

namespace selvage::broker {

// Bounded by the bytes of what came, whether or not it was taken meanwhile. Not thread-safe.
class BodyCache {
 public:
  explicit BodyCache(size_t most_bytes) : most_bytes_(most_bytes) {}

  void put(QueueId queue, Seq seq, queue::Payload body);
  // Gives it away: most messages are received once.
  std::optional<queue::Payload> take(QueueId queue, Seq seq);
  void forget(QueueId queue, Seq seq) { bodies_.erase({queue, seq}); }
  void clear();

 private:
  struct Name {
    QueueId queue;
    Seq seq;
    bool operator==(const Name&) const = default;
  };
  struct Hash {
    size_t operator()(const Name& name) const {
      return name.queue.value * 0x9e3779b97f4a7c15 ^ name.seq.value;
    }
  };
  struct Arrival {
    Name name;
    size_t bytes;
  };

  size_t most_bytes_;
  size_t bytes_ = 0;  // of arrivals_
  std::unordered_map<Name, queue::Payload, Hash> bodies_;
  std::deque<Arrival> arrivals_;  // the oldest first; some have been taken
};

}  // namespace selvage::broker
