// SPDX-License-Identifier: Apache-2.0
#include "runner/settler.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace selvage::runner {
namespace {

// A call's JSON stays far below the server's body limit even if every byte needs an escape.
constexpr size_t kMaxBytes = 1 << 20;

size_t bytes_of(const Handing& handing) {
  size_t bytes = 0;
  for (const client::Output& output : handing.item.outputs) bytes += output.body.size();
  return bytes;
}
size_t bytes_of(const client::Return&) {
  return 0;
}
size_t bytes_of(const client::Fail& item) {
  return item.evidence.size();
}

const std::string& receipt_of(const Handing& handing) {
  return handing.item.receipt;
}
const std::string& receipt_of(const client::Return& item) {
  return item.receipt;
}
const std::string& receipt_of(const client::Fail& item) {
  return item.receipt;
}

std::vector<client::HandOver> items_of(const std::vector<Handing>& batch) {
  std::vector<client::HandOver> items;
  for (const Handing& handing : batch) items.push_back(handing.item);
  return items;
}

}  // namespace

void Settler::add(Handing item) {
  hand_overs_.push_back(std::move(item));
  flush();
}
void Settler::add(client::Return item) {
  returns_.push_back(std::move(item));
  flush();
}
void Settler::add(client::Fail item) {
  fails_.push_back(std::move(item));
  flush();
}

std::vector<std::string> Settler::receipts() const {
  std::vector<std::string> all = called_;
  for (const auto& item : hand_overs_) all.push_back(receipt_of(item));
  for (const auto& item : returns_) all.push_back(receipt_of(item));
  for (const auto& item : fails_) all.push_back(receipt_of(item));
  return all;
}

void Settler::resume() {
  paused_ = false;
  flush();
}

void Settler::forget() {
  ++session_;
  calling_ = false;
  called_.clear();
  returns_.clear();
  fails_.clear();
  for (const Handing& item : std::exchange(hand_overs_, {})) events_.lost(item);
}

// Failures first: somebody waits for those messages.
void Settler::flush() {
  if (calling_ || paused_) return;
  if (!fails_.empty())
    return settle(fails_, [this](auto& b, const auto& done) { client_.fail(b, done); });
  if (!returns_.empty())
    return settle(returns_, [this](auto& b, const auto& done) { client_.give_back(b, done); });
  if (!hand_overs_.empty())
    return settle(hand_overs_,
                  [this](auto& b, const auto& done) { client_.hand_over(items_of(b), done); });
  events_.idle_changed();
}

template <typename Item>
std::vector<Item> Settler::next_batch(std::deque<Item>& items) {
  std::vector<Item> batch;
  size_t bytes = 0;
  while (!items.empty() && batch.size() < batch_limit_) {
    bytes += bytes_of(items.front());
    if (!batch.empty() && bytes > kMaxBytes) break;
    batch.push_back(std::move(items.front()));
    items.pop_front();
  }
  return batch;
}

template <typename Item, typename Call>
void Settler::settle(std::deque<Item>& items, Call&& call) {
  calling_ = true;
  std::vector<Item> batch = next_batch(items);
  for (const Item& item : batch) called_.push_back(receipt_of(item));
  call(batch, [this, &items, batch, session = session_](Result<client::Outcomes> outcomes) {
    if (session != session_) return;
    calling_ = false;
    called_.clear();
    if (!outcomes && outcomes.error().code == ErrorCode::kRetry) {
      items.insert(items.begin(), batch.begin(), batch.end());
      paused_ = true;  // until the connection is there again
      return events_.broken();
    }
    if (!outcomes && batch.size() > 1) {
      // One of them is the reason; the others must not suffer for it.
      items.insert(items.begin(), batch.begin(), batch.end());
      batch_limit_ = 1;
      return flush();
    }
    if (outcomes) batch_limit_ = kMaxItems;
    if (!outcomes) log_error("the broker refused a result: {}", outcomes.error().message);
    for (size_t i = 0; i < batch.size(); ++i)
      answered(batch[i], outcomes && i < outcomes->size() ? (*outcomes)[i] : "Refused");
    flush();
  });
}

void Settler::answered(const Handing& item, const std::string& outcome) {
  if (outcome == "Done") return;
  if (outcome == "LeaseGone") return events_.lost(item);
  events_.refused(item, outcome);
}

}  // namespace selvage::runner
