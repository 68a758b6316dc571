// SPDX-License-Identifier: Apache-2.0
#include "queue/message_index.h"

#include "base/check.h"
#include "queue/message_id.h"

namespace selvage::queue {

void MessageIndex::insert(Seq seq, Message message, Instant now) {
  by_age_.emplace(message.retained_from, seq);
  if (place_of(message.id) != seq) SELVAGE_CHECK(elsewhere_.emplace(message.id, seq).second);
  const auto [at, fresh] = messages_.emplace(seq, std::move(message));
  SELVAGE_CHECK(fresh);
  link(seq, at->second, now);
}

void MessageIndex::remove(Seq seq) {
  const Message& message = unlink(seq);
  by_age_.erase({message.retained_from, seq});
  if (place_of(message.id) != seq) elsewhere_.erase(message.id);
  messages_.erase(seq);
}

void MessageIndex::clear() {
  const bool is_fifo = std::holds_alternative<GroupLine>(line_);
  *this = MessageIndex(is_fifo);
}

std::vector<Seq> MessageIndex::advance(Instant now) {
  std::vector<Seq> run_out;
  while (!pending_.empty() && pending_.begin()->first <= now) {
    const Seq seq = pending_.begin()->second;
    Message& message = messages_.at(seq);
    const bool was_leased = message.leased;
    unlink(seq);
    link(seq, message, now);
    if (was_leased) run_out.push_back(seq);
  }
  return run_out;
}

const Message* MessageIndex::find(Seq seq) const {
  const auto at = messages_.find(seq);
  return at == messages_.end() ? nullptr : &at->second;
}

const Message* MessageIndex::find(MessageId id, Seq& seq) const {
  const auto moved = elsewhere_.find(id);
  const auto at = messages_.find(moved == elsewhere_.end() ? place_of(id) : moved->second);
  if (at == messages_.end() || at->second.id != id) return nullptr;
  seq = at->first;
  return &at->second;
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
  if (auto* const fair = std::get_if<FairLine>(&line_)) fair->charge(messages_.at(seq));
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
  if (from_line(seq, message)) return message;
  SELVAGE_CHECK(pending_.erase({message.vest, seq}) == 1);
  hold_back(seq, message, false);
  if (message.leased) --in_flight_;
  return message;
}

void MessageIndex::link(Seq seq, Message& message, Instant now) {
  if (message.vest <= now) {
    message.leased = false;
    return to_line(seq, message);
  }
  pending_.emplace(message.vest, seq);
  hold_back(seq, message, true);
  if (message.leased) ++in_flight_;
}

void MessageIndex::to_line(Seq seq, const Message& message) {
  std::visit([&](auto& line) { line.add(seq, message); }, line_);
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
  size_t elsewhere = 0;
  std::unordered_map<std::string, uint32_t> blocks;
  for (const auto& [seq, message] : messages_) {
    const bool pending = pending_.contains({message.vest, seq});
    const bool in_line =
        std::visit([&](const auto& line) { return line.contains(seq, message); }, line_);
    SELVAGE_CHECK(pending != in_line);
    SELVAGE_CHECK(pending || message.vest <= now);
    SELVAGE_CHECK(!message.leased || (pending && message.token));
    SELVAGE_CHECK(by_age_.contains({message.retained_from, seq}));
    leased += message.leased ? 1 : 0;
    elsewhere += place_of(message.id) != seq ? 1 : 0;
    if (pending && GroupLine::holds_back(message)) ++blocks[message.group];
    Seq found;
    SELVAGE_CHECK(find(message.id, found) == &message && found == seq);
  }
  SELVAGE_CHECK(leased == in_flight_);
  SELVAGE_CHECK(elsewhere == elsewhere_.size());
  if (const auto* const groups = std::get_if<GroupLine>(&line_)) groups->audit(blocks);
}

}  // namespace selvage::queue
