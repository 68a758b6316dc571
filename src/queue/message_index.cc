// SPDX-License-Identifier: Apache-2.0
#include "queue/message_index.h"

#include "base/check.h"

namespace selvage::queue {

void MessageIndex::insert(Seq seq, Message message, Instant now) {
  by_age_.emplace(message.sent, seq);
  const auto [at, fresh] = messages_.emplace(seq, std::move(message));
  SELVAGE_CHECK(fresh);
  link(seq, at->second, now);
}

void MessageIndex::remove(Seq seq) {
  by_age_.erase({unlink(seq).sent, seq});
  messages_.erase(seq);
}

std::vector<Seq> MessageIndex::advance(Instant now) {
  std::vector<Seq> run_out;
  while (!pending_.empty() && pending_.begin()->first <= now) {
    const auto key = *pending_.begin();
    pending_.erase(pending_.begin());
    ready_.insert(key);
    Message& message = messages_.at(key.second);
    if (!message.leased) continue;
    message.leased = false;
    --in_flight_;
    run_out.push_back(key.second);
  }
  return run_out;
}

const Message* MessageIndex::find(Seq seq) const {
  const auto at = messages_.find(seq);
  return at == messages_.end() ? nullptr : &at->second;
}

std::optional<Seq> MessageIndex::first_ready() const {
  if (ready_.empty()) return std::nullopt;
  return ready_.begin()->second;
}

std::optional<std::pair<Instant, Seq>> MessageIndex::oldest() const {
  if (by_age_.empty()) return std::nullopt;
  return *by_age_.begin();
}

Instant MessageIndex::next_vesting() const {
  return pending_.empty() ? kNever : pending_.begin()->first;
}

Message& MessageIndex::unlink(Seq seq) {
  const auto at = messages_.find(seq);
  SELVAGE_CHECK(at != messages_.end());
  Message& message = at->second;
  if (ready_.erase({message.vest, seq}) > 0) return message;
  SELVAGE_CHECK(pending_.erase({message.vest, seq}) == 1);
  if (message.leased) --in_flight_;
  return message;
}

void MessageIndex::link(Seq seq, Message& message, Instant now) {
  if (message.vest <= now) {
    message.leased = false;
    ready_.emplace(message.vest, seq);
    return;
  }
  pending_.emplace(message.vest, seq);
  if (message.leased) ++in_flight_;
}

void MessageIndex::audit(Instant now) const {
  SELVAGE_CHECK(ready_.size() + pending_.size() == messages_.size());
  SELVAGE_CHECK(by_age_.size() == messages_.size());
  uint64_t leased = 0;
  for (const auto& [seq, message] : messages_) {
    const bool pending = pending_.contains({message.vest, seq});
    SELVAGE_CHECK(pending != ready_.contains({message.vest, seq}));
    SELVAGE_CHECK(pending || message.vest <= now);
    SELVAGE_CHECK(!message.leased || (pending && message.token));
    leased += message.leased ? 1 : 0;
  }
  SELVAGE_CHECK(leased == in_flight_);
}

}  // namespace selvage::queue
