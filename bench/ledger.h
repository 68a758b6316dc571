// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every message of a load by its number: what was sent, acknowledged, received, deleted. Exact, so
// that "nothing was lost" is counted and not believed.

#include <cstdint>
#include <vector>

namespace selvage::bench {

class Ledger {
 public:
  struct Counts {
    int64_t begun = 0;         // sends that were tried
    int64_t acknowledged = 0;  // sends that were answered with success
    int64_t received = 0;      // messages that came at least once
    int64_t deleted = 0;       // deletes that were answered with success
    int64_t duplicated = 0;    // deliveries beyond a message's first
    int64_t unknown = 0;       // deliveries of what was never sent
    int64_t failed = 0;        // entries of a batch that were refused
  };

  // The number of the next message; `at_ns` is when it was to be sent.
  int64_t begin(int64_t at_ns) {
    entries_.push_back({.begun_ns = at_ns});
    ++counts_.begun;
    return static_cast<int64_t>(entries_.size()) - 1;
  }
  void acknowledge(int64_t number) {
    at(number).acknowledged = true;
    ++counts_.acknowledged;
  }
  // When the message was begun; -1 if it is not the first time that it comes, or not ours.
  int64_t receive(int64_t number) {
    if (number < 0 || number >= static_cast<int64_t>(entries_.size())) return ++counts_.unknown, -1;
    if (at(number).received) return ++counts_.duplicated, -1;
    at(number).received = true;
    ++counts_.received;
    return at(number).begun_ns;
  }
  void remove(int64_t count) { counts_.deleted += count; }
  void fail(int64_t count) { counts_.failed += count; }

  const Counts& counts() const { return counts_; }
  // Acknowledged and never received: after everything was drained, what was lost.
  int64_t missing() const {
    int64_t count = 0;
    for (const Message& message : entries_) count += message.acknowledged && !message.received;
    return count;
  }

 private:
  struct Message {
    int64_t begun_ns = 0;
    bool acknowledged = false;
    bool received = false;
  };
  Message& at(int64_t number) { return entries_[static_cast<size_t>(number)]; }

  std::vector<Message> entries_;
  Counts counts_;
};

}  // namespace selvage::bench
