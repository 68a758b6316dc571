// SPDX-License-Identifier: Apache-2.0
#pragma once
// The way back: what became of messages, on its way to the broker. While one call is under way the
// next results gather, so that a fast program settles many with one commit.

#include <deque>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "client/client.h"
#include "runner/feeder.h"

namespace selvage::runner {

// A hand-over with what its evidence would say, should the broker refuse it.
struct Handing {
  client::HandOver item;
  client::Message message;  // without its body
  Verdict verdict;          // without its output
};

// Not thread-safe.
// 1. A result is kept until the broker has answered it: a broken connection repeats the call. That
// is
//    safe: whatever took effect the first time is refused the second time.
// 2. Nothing is sent while the session is away (pause), and forgotten when it has ended (forget).
class Settler {
 public:
  static constexpr size_t kMaxItems = 100;  // of one call
  struct Events {
    std::function<void()> idle_changed;
    // The broker will not take a hand-over (too large, no such queue): it is this attempt's
    // failure.
    std::function<void(const Handing&, const std::string& outcome)> refused;
    // A call got no answer that makes sense: the connection must be proved anew (then resume()).
    std::function<void()> broken;
    // A hand-over that no longer counts: somebody else has the message.
    std::function<void(const Handing&)> lost;
  };
  Settler(client::Client& client, Events events) : client_(client), events_(std::move(events)) {}

  void add(Handing item);
  void add(client::Return item);
  void add(client::Fail item);
  // The receipts of everything that is not settled yet.
  std::vector<std::string> receipts() const;
  bool idle() const {
    return !calling_ && hand_overs_.empty() && returns_.empty() && fails_.empty();
  }

  void pause() { paused_ = true; }
  void resume();
  void forget();

 private:
  void flush();
  template <typename Item>
  std::vector<Item> next_batch(std::deque<Item>& items);
  template <typename Item, typename Call>
  void settle(std::deque<Item>& items, Call&& call);
  void answered(const Handing& item, const std::string& outcome);
  void answered(const client::Return&, const std::string&) {}
  void answered(const client::Fail&, const std::string&) {}

  client::Client& client_;
  Events events_;
  std::deque<Handing> hand_overs_;
  std::deque<client::Return> returns_;
  std::deque<client::Fail> fails_;
  std::vector<std::string> called_;  // the receipts of the call under way
  size_t batch_limit_ = kMaxItems;   // 1 while the culprit of a refused call is looked for
  bool calling_ = false;
  bool paused_ = false;
  uint64_t session_ = 0;  // counts forget(): answers of a former session are not ours
};

}  // namespace selvage::runner
