// SPDX-License-Identifier: Apache-2.0
#pragma once
// Holds a stage back while more messages wait behind it than its file allows. Pure.

#include <cstdint>

namespace selvage::supervisor {

class BackPressure {
 public:
  struct View {
    int64_t waiting = 0;  // in the queue behind
    int64_t most = 0;     // `max_backlog`; 0: no limit
    int64_t reopens = 0;  // at how many waiting the stage goes on
    bool shut = false;
    bool changed = false;  // with this look
  };

  explicit BackPressure(int64_t max_backlog) : most_(max_backlog) {}

  // Shut above the limit, open again at four fifths of it: between them nothing changes.
  View decide(int64_t waiting) {
    const int64_t reopens = most_ - most_ / 5;
    const bool before = shut_;
    shut_ = most_ > 0 && (shut_ ? waiting > reopens : waiting > most_);
    return {.waiting = waiting,
            .most = most_,
            .reopens = reopens,
            .shut = shut_,
            .changed = shut_ != before};
  }

 private:
  int64_t most_;
  bool shut_ = false;
};

}  // namespace selvage::supervisor
