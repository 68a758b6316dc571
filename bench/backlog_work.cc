// SPDX-License-Identifier: Apache-2.0
#include "bench/backlog_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <numeric>
#include <utility>

namespace selvage::bench {
namespace {

constexpr size_t kTextBytes = 4 << 20;
constexpr size_t kNumberDigits = 12;

std::string random_text(std::minstd_rand& chance) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text(kTextBytes, ' ');
  for (char& letter : text) letter = kLetters[(chance() >> 8) % kLetters.size()];
  return text;
}

template <typename... Values>
void append(std::string& json, fmt::format_string<Values...> form, Values&&... values) {
  fmt::format_to(std::back_inserter(json), form, std::forward<Values>(values)...);
}

int64_t count_of(std::string_view json, std::string_view word) {
  int64_t count = 0;
  for (size_t at = json.find(word); at != std::string_view::npos;
       at = json.find(word, at + word.size()))
    ++count;
  return count;
}

}  // namespace

int64_t Stock::total() const {
  return std::accumulate(held.begin(), held.end(), int64_t{0});
}

Desk::Desk(Stock& stock, size_t body_bytes)
    : stock_(stock), body_bytes_(body_bytes), text_(random_text(chance_)) {
  stock_.held.resize(stock_.queues.size());
}

void Desk::write_body(std::string& json, int64_t number) {
  append(json, R"("MessageBody":"{:0{}} )", number, kNumberDigits);
  const size_t bytes = body_bytes_ - kNumberDigits - 1;
  json.append(text_, chance_() % (kTextBytes - bytes), bytes);
  json += '"';
}

int64_t Desk::write_sends(Outbox& out, size_t queue, int count, int64_t spread_ms) {
  std::string& json = out.json();
  const auto first = static_cast<int64_t>(stock_.messages.size());
  stock_.messages.resize(stock_.messages.size() + static_cast<size_t>(count));
  append(json, R"({{"QueueUrl":"{}","{}":[)", stock_.queues[queue],
         spread_ms > 0 ? "Messages" : "Entries");
  for (int i = 0; i < count; ++i) {
    const int64_t number = first + i;
    json += i == 0 ? "{" : ",{";
    write_body(json, number);
    if (spread_ms > 0) {
      const int64_t delay_ms = std::uniform_int_distribution<int64_t>(0, spread_ms)(chance_);
      stock_.vests.emplace_back(now_ns() + delay_ms * 1'000'000, delay_ms * 1'000'000);
      append(json, R"(,"DelayMs":{})", delay_ms);
    } else {
      append(json, R"(,"Id":"{}")", i);
    }
    if (stock_.is_fifo)
      append(json, R"(,"MessageGroupId":"g{}","MessageDeduplicationId":"{}")",
             number % stock_.groups, number);
    json += '}';
  }
  json += "]}";
  out.send(kSend, spread_ms > 0 ? "Selvage.Send" : "AmazonSQS.SendMessageBatch");
  return first;
}

void Desk::read_sent(std::string_view json, size_t queue, int64_t first, int count) {
  if (count_of(json, "\"MessageId\"") != count) give_up(std::string(json));
  stock_.held[queue] += count;
  for (int i = 0; i < count; ++i) {
    const auto number = static_cast<size_t>(first + i);
    // Another connection may have received it before its sender has the answer.
    auto& state = stock_.messages[number];
    if (state == Stock::State::kAsked) state = Stock::State::kSent;
    // Until now `second` was the delay itself: the clock began at some time before this answer.
    if (number < stock_.vests.size()) stock_.vests[number].second += now_ns();
  }
}

void Desk::write_receive(Outbox& out, size_t queue, int count) {
  append(out.json(), R"({{"QueueUrl":"{}","MaxNumberOfMessages":{}}})", stock_.queues[queue],
         count);
  out.send(kReceive, "AmazonSQS.ReceiveMessage");
}

std::vector<Desk::Delivered> Desk::read_received(std::string_view json) {
  constexpr std::string_view kReceipt = R"("ReceiptHandle":")", kBody = R"("Body":")";
  std::vector<Delivered> found;
  for (size_t at = json.find(kReceipt); at != std::string_view::npos;
       at = json.find(kReceipt, at)) {
    at += kReceipt.size();
    const size_t body = json.find(kBody, at) + kBody.size();
    if (body < at) give_up(std::string(json));
    Delivered& one = found.emplace_back();
    one.receipt = json.substr(at, json.find('"', at) - at);
    std::from_chars(json.data() + body, json.data() + json.size(), one.number);
    const auto number = static_cast<size_t>(one.number);
    if (number >= stock_.messages.size()) give_up(std::string(json));
    auto& state = stock_.messages[number];
    if (state >= Stock::State::kReceived)
      ++stock_.duplicated;
    else
      state = Stock::State::kReceived;
    at = body;
  }
  return found;
}

void Desk::write_delete(Outbox& out, size_t queue, const std::vector<Delivered>& work) {
  std::string& json = out.json();
  append(json, R"({{"QueueUrl":"{}","Entries":[)", stock_.queues[queue]);
  for (size_t i = 0; i < work.size(); ++i)
    append(json, R"({}{{"Id":"{}","ReceiptHandle":"{}"}})", i == 0 ? "" : ",", i, work[i].receipt);
  json += "]}";
  out.send(kDelete, "AmazonSQS.DeleteMessageBatch");
}

void Desk::read_deleted(std::string_view json, size_t queue, const std::vector<Delivered>& work) {
  const auto count = static_cast<int64_t>(work.size());
  if (count_of(json, "\"Id\"") != count || count_of(json, "\"Code\"") != 0)
    give_up(std::string(json));
  stock_.held[queue] -= count;
  stock_.deleted += count;
  for (const Delivered& one : work)
    stock_.messages[static_cast<size_t>(one.number)] = Stock::State::kDeleted;
}

// --- Fill

void Fill::refill(size_t connection, Outbox& out) {
  if (batches_.size() <= connection) batches_.resize(connection + 1);
  while (left_ > 0 && out.under_way() < kDepth) {
    const int count = static_cast<int>(std::min<int64_t>(left_, Desk::kMostMessages));
    const size_t queue = next_queue_++ % desk_.stock().queues.size();
    left_ -= count;
    const int64_t first = desk_.write_sends(out, queue, count, spread_ms_);
    batches_[connection].push_back({.queue = queue, .first = first, .count = count});
  }
}

void Fill::reply(size_t connection, const Reply& reply) {
  const Batch batch = batches_[connection].front();
  batches_[connection].pop_front();
  desk_.read_sent(reply.json, batch.queue, batch.first, batch.count);
}

// --- Lifecycles

void Lifecycles::refill(size_t connection, Outbox& out) {
  if (places_.size() <= connection) places_.resize(connection + 1);
  Place& place = places_[connection];
  if (out.under_way() > 0) return;
  switch (place.next) {
    case Desk::kSend:
      if (desk_.stock().deleted >= goal_) return;
      place.queue = desk_.chance()() % desk_.stock().queues.size();
      place.first = desk_.write_sends(out, place.queue, batch_);
      return;
    case Desk::kReceive:
      return desk_.write_receive(out, place.queue, batch_);
    case Desk::kDelete:
      return desk_.write_delete(out, place.queue, place.work);
  }
}

void Lifecycles::reply(size_t connection, const Reply& reply) {
  Place& place = places_[connection];
  latencies_ms_.add(millis_between(reply.begun_ns, now_ns()));
  switch (static_cast<Desk::Kind>(reply.kind)) {
    case Desk::kSend:
      desk_.read_sent(reply.json, place.queue, place.first, batch_);
      place.next = Desk::kReceive;
      return;
    case Desk::kReceive:  // another connection may have taken ours
      place.work = desk_.read_received(reply.json);
      place.next = place.work.empty() ? Desk::kSend : Desk::kDelete;
      return;
    case Desk::kDelete:
      desk_.read_deleted(reply.json, place.queue, place.work);
      place.next = Desk::kSend;
      return;
  }
}

// --- Drain

void Drain::refill(size_t connection, Outbox& out) {
  if (places_.size() <= connection) places_.resize(connection + 1);
  Place& place = places_[connection];
  if (out.under_way() > 0) return;
  const size_t queues = desk_.stock().queues.size();
  if (!place.queue) {  // of one queue all connections take, of several each its own
    if (queues > 1 && next_queue_ >= queues) return;
    place.queue = queues == 1 ? 0 : next_queue_++;
  } else if (place.received.empty()) {
    if (queues == 1 || next_queue_ >= queues) return;
    place.queue = next_queue_++;
  } else {
    place.deleting = std::exchange(place.received, {});
    desk_.write_delete(out, *place.queue, place.deleting);
  }
  desk_.write_receive(out, *place.queue, Desk::kMostMessages);
}

void Drain::reply(size_t connection, const Reply& reply) {
  Place& place = places_[connection];
  if (reply.kind == Desk::kReceive)
    place.received = desk_.read_received(reply.json);
  else
    desk_.read_deleted(reply.json, *place.queue, place.deleting);
}

// --- Calls

void Calls::refill(size_t, Outbox& out) {
  constexpr int kDepth = 8;
  while (next_ < requests_.size() && out.under_way() < kDepth) {
    out.json() = requests_[next_];
    out.send(static_cast<int>(next_++), action_);
  }
}

void Calls::reply(size_t, const Reply& reply) {
  replies_[static_cast<size_t>(reply.kind)] = reply.json;
}

}  // namespace selvage::bench
