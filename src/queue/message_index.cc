// SPDX-License-Identifier: Apache-2.0
#include "queue/message_index.h"

#include "base/check.h"

namespace selvage::queue {

void MessageIndex::insert(Seq seq, Entry entry, Instant now) {
  by_age_.emplace(entry.message.retained_from, seq);
  const auto [at, fresh] = messages_.emplace(seq, std::move(entry));
  SELVAGE_CHECK(fresh);
  link(seq, at->second, now);
}

void MessageIndex::remove(Seq seq) {
  const Entry& entry = unlink(seq);
  by_age_.erase({entry.message.retained_from, seq});
  messages_.erase(seq);
}

void MessageIndex::clear() {
  const bool is_fifo = std::holds_alternative<GroupLine>(line_);
  *this = MessageIndex(is_fifo);
}

MessageIndex::Vested MessageIndex::advance(Instant now) {
  Vested vested;
  for (auto at = pending_.begin(); at != pending_.end() && at->first <= now;) {
    const Seq seq = (at++)->second;
    Entry& entry = messages_.at(seq);
    if (entry.place.is_delayed()) {
      vested.delays_over.push_back(seq);
      continue;
    }
    const bool was_leased = entry.message.leased;
    unlink(seq);
    link(seq, entry, now);
    if (was_leased) vested.run_out.push_back(seq);
  }
  return vested;
}

const MessageIndex::Entry* MessageIndex::find(Seq seq) const {
  const auto at = messages_.find(seq);
  return at == messages_.end() ? nullptr : &at->second;
}

std::optional<Seq> MessageIndex::first_ready() const {
  return std::visit([](const auto& line) { return line.first(); }, line_);
}

std::optional<Seq> MessageIndex::next_ready(const std::string& group) const {
  if (const auto* const groups = std::get_if<GroupLine>(&line_))
    if (const auto next = groups->first_of(group)) return next;
  return first_ready();
}

void MessageIndex::charge(Seq seq) {
  if (auto* const fair = std::get_if<FairLine>(&line_)) fair->charge(messages_.at(seq).message);
}

std::optional<std::pair<Instant, Seq>> MessageIndex::oldest() const {
  if (by_age_.empty()) return std::nullopt;
  return *by_age_.begin();
}

Instant MessageIndex::next_vesting() const {
  return pending_.empty() ? kNever : pending_.begin()->first;
}

std::optional<Position> MessageIndex::last_delayed() const {
  if (delayed_.empty()) return std::nullopt;
  return *delayed_.rbegin();
}

MessageIndex::Entry& MessageIndex::unlink(Seq seq) {
  const auto at = messages_.find(seq);
  SELVAGE_CHECK(at != messages_.end());
  Entry& entry = at->second;
  if (entry.place.is_held()) --held_;
  if (entry.place.is_delayed()) SELVAGE_CHECK(delayed_.erase({entry.place.time, seq}) == 1);
  if (from_line(seq, entry.message)) return entry;
  SELVAGE_CHECK(pending_.erase({entry.message.vest, seq}) == 1);
  hold_back(seq, entry.message, false);
  count(entry, -1);
  return entry;
}

void MessageIndex::link(Seq seq, Entry& entry, Instant now) {
  Message& message = entry.message;
  if (entry.place.is_held()) ++held_;
  if (entry.place.is_delayed()) delayed_.insert({entry.place.time, seq});
  if (message.vest <= now && !entry.place.is_delayed()) {
    message.leased = false;
    std::visit([&](auto& line) { line.add(seq, message); }, line_);
    return;
  }
  SELVAGE_CHECK(entry.place.is_held() || !message.leased);
  pending_.emplace(message.vest, seq);
  hold_back(seq, message, true);
  count(entry, 1);
}

void MessageIndex::count(const Entry& entry, int by) {
  if (!entry.place.is_held()) return;
  (entry.message.leased ? in_flight_ : retrying_) += by;
}

bool MessageIndex::from_line(Seq seq, const Message& message) {
  return std::visit([&](auto& line) { return line.remove(seq, message); }, line_);
}

void MessageIndex::hold_back(Seq seq, const Message& message, bool begins) {
  auto* const groups = std::get_if<GroupLine>(&line_);
  if (groups == nullptr || !GroupLine::holds_back(message)) return;
  if (begins)
    groups->block(seq, message);
  else
    groups->unblock(seq, message);
}

void MessageIndex::audit(Instant now) const {
  const size_t ready = std::visit(
      [](const auto& line) {
        line.audit();
        return line.size();
      },
      line_);
  SELVAGE_CHECK(ready + pending_.size() == messages_.size());
  SELVAGE_CHECK(by_age_.size() == messages_.size());
  uint64_t leased = 0;
  uint64_t held = 0;
  uint64_t retrying = 0;
  size_t delayed = 0;
  std::unordered_map<std::string, uint32_t> blocks;
  for (const auto& [seq, entry] : messages_) {
    const auto& [message, place] = entry;
    const bool pending = pending_.contains({message.vest, seq});
    const bool in_line =
        std::visit([&](const auto& line) { return line.contains(seq, message); }, line_);
    SELVAGE_CHECK(pending != in_line);
    SELVAGE_CHECK(pending || message.vest <= now);
    SELVAGE_CHECK(!message.leased || (pending && message.token && place.is_held()));
    SELVAGE_CHECK(by_age_.contains({message.retained_from, seq}));
    SELVAGE_CHECK(place.is_delayed() == delayed_.contains({place.time, seq}));
    delayed += place.is_delayed() ? 1 : 0;
    held += place.is_held() ? 1 : 0;
    leased += message.leased ? 1 : 0;
    retrying += place.is_held() && pending && !message.leased ? 1 : 0;
    if (pending && GroupLine::holds_back(message)) ++blocks[message.group];
  }
  SELVAGE_CHECK(leased == in_flight_ && held == held_ && retrying == retrying_);
  SELVAGE_CHECK(delayed == delayed_.size());
  if (const auto* const groups = std::get_if<GroupLine>(&line_)) groups->audit(blocks);
}

}  // namespace selvage::queue
