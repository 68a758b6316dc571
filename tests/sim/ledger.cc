// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/ledger.h"

#include <algorithm>
#include <charconv>

#include "tests/sim/town.h"

namespace selvage::sim {

using queue::ItemResults;
using queue::OrRefusal;

namespace {

std::tuple<QueueId, Seq, LeaseToken> name_of(const queue::Receipt& receipt) {
  return {receipt.queue, receipt.seq, receipt.token};
}

}  // namespace

// The number, and a filling that differs in length and text from letter to letter.
std::string Ledger::text_of(uint64_t number) {
  std::string text = "letter " + std::to_string(number) + " ";
  text.append(number * 37 % 90, static_cast<char>('a' + number % 26));
  return text;
}

queue::NewMessage Ledger::write(const std::string& queue, const std::string& group, bool has_id) {
  Letter letter;
  letter.number = ++last_;
  letter.queue = queue;
  letter.group = group;
  if (has_id) letter.deduplication_id = "id-" + std::to_string(letter.number);
  letter.retention = lot(queue).retention();
  letters_[letter.number] = letter;
  return copy(letter.number);
}

queue::NewMessage Ledger::copy(uint64_t number) const {
  const Letter& letter = letters_.at(number);
  queue::NewMessage message{.payload = text_of(number), .delay = {}, .artifact = {}};
  message.size = static_cast<uint32_t>(message.payload.size());
  message.group = letter.group;
  message.deduplication_id = letter.deduplication_id;
  if (lot(letter.queue).is_fifo() && letter.deduplication_id.empty())
    message.content_digest = "digest-" + std::to_string(number);
  return message;
}

Letter* Ledger::find(const std::string& payload) {
  uint64_t number = 0;
  constexpr std::string_view kStart = "letter ";
  if (payload.starts_with(kStart))
    std::from_chars(payload.data() + kStart.size(), payload.data() + payload.size(), number);
  const auto at = letters_.find(number);
  if (at != letters_.end() && text_of(number) == payload) return &at->second;
  site_.verdict.fail("contents", "a body that nobody sent: '" + payload + "'");
  return nullptr;
}

Letter* Ledger::find(MessageId id) {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : &letters_.at(at->second);
}

Letter* Ledger::find(const queue::Receipt& receipt) {
  const auto at = by_place_.find({receipt.queue, receipt.seq});
  return at == by_place_.end() ? nullptr : &letters_.at(at->second);
}

void Ledger::damage(const std::string& payload) {
  Letter* const letter = find(payload);
  if (letter == nullptr) return;
  letter->is_damaged = true;
  ++damaged_;
}

Letter* Ledger::learn(const queue::Delivery& delivery) {
  Letter* const letter = find(delivery.payload);
  if (letter == nullptr) return nullptr;
  letter->is_known = true;
  by_id_[delivery.message.id] = letter->number;
  by_place_[{delivery.receipt.queue, delivery.receipt.seq}] = letter->number;
  return letter;
}

void Ledger::may_move(Letter& letter, const std::set<std::string>& places) {
  for (const std::string& place : places) {
    letter.places.insert(place);
    letter.retention = std::min(letter.retention, lot(place).retention());
  }
}

void Ledger::sent(const Call& call, const std::string& queue, const queue::NewMessage& message) {
  Letter* const letter = find(message.payload);
  if (letter == nullptr) return;
  ++letter->arrivals;
  letter->first_arrival = std::min(letter->first_arrival, call.arrived);
  const Duration delay = message.delay.value_or(lot(queue).delay());
  letter->delay = letter->arrivals == 1 ? delay : std::min(letter->delay, delay);
  may_move(*letter, reach(queue));
}

void Ledger::leaves(const Call& call, Letter* letter) {
  if (letter != nullptr) letter->leaving.insert(call.id);
}

void Ledger::stays(const Call& call, Letter* letter) {
  if (letter != nullptr) letter->leaving.erase(call.id);
}

void Ledger::all_leave(const Call& call, const std::string& queue) {
  for (auto& [number, letter] : letters_)
    if (letter.places.contains(queue)) letter.leaving.insert(call.id);
}

// A lease that was given back, or whose attempt failed, has ended for good.
void Ledger::revoked(const Call& call, const queue::Reply& reply) {
  const auto note = [&](const auto& items, const auto& results) {
    for (size_t i = 0; i < items.size(); ++i)
      if (results.at(i)) revoked_.insert(name_of(items.at(i).receipt));
  };
  const auto* const results = std::get_if<ItemResults>(&reply);
  const auto* const failures = std::get_if<std::vector<OrRefusal<queue::Failed>>>(&reply);
  if (const auto* const c = std::get_if<queue::Return>(&call.command); c && results)
    note(c->items, *results);
  if (const auto* const c = std::get_if<queue::Fail>(&call.command); c && failures)
    note(c->items, *failures);
}

void Ledger::on_arrival(const Call& call) {
  const queue::Command& command = call.command;
  if (const auto* const c = std::get_if<queue::Send>(&command))
    for (const auto& message : c->messages) sent(call, c->queue, message);
  if (const auto* const c = std::get_if<queue::HandOver>(&command))
    for (const auto& item : c->items) {
      leaves(call, find(item.receipt));
      for (const auto& output : item.outputs) sent(call, output.queue, output.message);
    }
  if (const auto* const c = std::get_if<queue::Delete>(&command))
    for (const auto& receipt : c->receipts)
      if (!revoked_.contains(name_of(receipt))) leaves(call, find(receipt));
  if (const auto* const c = std::get_if<queue::Cancel>(&command))
    for (const MessageId id : c->ids) leaves(call, find(id));
  if (const auto* const c = std::get_if<queue::PurgeQueue>(&command)) all_leave(call, c->queue);
  if (const auto* const c = std::get_if<queue::DeleteQueue>(&command)) all_leave(call, c->queue);
  if (const auto* const c = std::get_if<queue::Reschedule>(&command))
    for (const auto& item : c->items)
      if (Letter* const letter = find(item.id); letter != nullptr && !item.to.empty())
        may_move(*letter, reach(item.to));
  if (const auto* const c = std::get_if<queue::StartMove>(&command))
    for (auto& [number, letter] : letters_)
      if (letter.places.contains(c->source) && !c->destination.empty())
        may_move(letter, reach(c->destination));
}

void Ledger::on_answer(const Call& call, const queue::Reply& reply) {
  const queue::Command& command = call.command;
  const auto* const refusal = std::get_if<queue::Refusal>(&reply);
  const auto* const results = std::get_if<ItemResults>(&reply);
  const auto refused = [&](size_t i) {
    return refusal != nullptr || (results != nullptr && !results->at(i));
  };
  if (const auto* const c = std::get_if<queue::Send>(&command); c != nullptr && refusal == nullptr)
    for (size_t i = 0; i < c->messages.size(); ++i) {
      const auto& sent = std::get<std::vector<OrRefusal<queue::Sent>>>(reply).at(i);
      Letter* const letter = sent ? find(c->messages.at(i).payload) : nullptr;
      if (letter == nullptr) continue;
      letter->is_known = true;
      by_id_[sent->id] = letter->number;
    }
  if (const auto* const c = std::get_if<queue::HandOver>(&command))
    for (size_t i = 0; i < c->items.size(); ++i) {
      if (refused(i)) stays(call, find(c->items.at(i).receipt));
      if (!refused(i))
        for (const auto& output : c->items.at(i).outputs)
          find(output.message.payload)->is_known = true;
    }
  if (const auto* const c = std::get_if<queue::Delete>(&command))
    for (size_t i = 0; i < c->receipts.size(); ++i)
      if (refused(i)) stays(call, find(c->receipts.at(i)));
  if (const auto* const c = std::get_if<queue::Cancel>(&command))
    for (size_t i = 0; i < c->ids.size(); ++i)
      if (refused(i)) stays(call, find(c->ids.at(i)));
  revoked(call, reply);
  const bool whole = std::holds_alternative<queue::PurgeQueue>(command) ||
                     std::holds_alternative<queue::DeleteQueue>(command);
  if (whole && refusal != nullptr)
    for (auto& [number, letter] : letters_) letter.leaving.erase(call.id);
}

}  // namespace selvage::sim
