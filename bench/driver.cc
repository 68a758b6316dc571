// SPDX-License-Identifier: Apache-2.0
#include "bench/driver.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace selvage::bench {
namespace {

constexpr size_t kDigits = 16;
constexpr std::string_view kReceipt = R"("ReceiptHandle":")";
constexpr std::string_view kBody = R"("Body":")";

void expect_success(const Answer& answer) {
  if (answer.status != 200)
    give_up(fmt::format("the server answered {}: {}", answer.status, answer.body.substr(0, 500)));
}

int64_t count_of(std::string_view text, std::string_view part) {
  int64_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

// Refused entries of a batch, which are rare.
int64_t failures_in(std::string_view body) {
  const size_t failed = body.find(R"("Failed":[)");
  return failed == body.npos ? 0 : count_of(body.substr(failed), R"("Id":)");
}

}  // namespace

Driver::Driver(DriverSettings settings) : settings_(std::move(settings)) {
  epoll_ = process::Fd(epoll_create1(EPOLL_CLOEXEC));
  filler_.assign(std::max(settings_.body_bytes, kDigits) - kDigits, 'x');
  for (int i = 0; i < settings_.producers + settings_.consumers; ++i) {
    connections_.push_back(std::make_unique<Connection>(Peer(settings_.endpoint)));
    Connection& connection = *connections_.back();
    connection.is_producer = i < settings_.producers;
    connection.queue = static_cast<size_t>(i) % settings_.queues.size();
    epoll_event wanted{.events = EPOLLIN, .data = {.ptr = &connection}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.peer.socket(), &wanted);
    idle_.push_back(&connection);
  }
}

void Driver::create_queues(std::string_view attributes) {
  Peer peer(settings_.endpoint);
  for (const std::string& queue : settings_.queues)
    expect_success(peer.call(
        "CreateQueue", fmt::format(R"({{"QueueName":"{}","Attributes":{}}})", queue, attributes)));
}

// ---- the loop

template <typename Condition>
void Driver::drive_while(Condition&& condition) {
  while (condition()) {
    start_idle();
    const int64_t due = next_due();
    const auto until_due = std::chrono::nanoseconds(due - now_ns());
    wait(std::clamp<std::chrono::nanoseconds>(until_due, std::chrono::nanoseconds(0),
                                              std::chrono::milliseconds(5)));
  }
}

void Driver::start_idle() {
  for (size_t i = 0; i < idle_.size();) {
    Connection& connection = *idle_[i];
    const bool starts = connection.is_producer ? may_send() : consuming_;
    if (!starts) {
      ++i;
      continue;
    }
    idle_[i] = idle_.back();
    idle_.pop_back();
    connection.is_producer ? send(connection) : receive(connection);
  }
}

bool Driver::may_send() const {
  const Ledger::Counts& counts = ledger_.counts();
  if (!sending_ || counts.begun >= may_begin_) return false;
  if (settings_.window > 0 && counts.begun - counts.deleted + settings_.batch > settings_.window)
    return false;
  return settings_.sends_per_second == 0 || next_due() <= now_ns();
}

// When the next send is to begin; never, where none waits for its time.
int64_t Driver::next_due() const {
  if (!sending_ || settings_.sends_per_second == 0) return INT64_MAX;
  const double seconds =
      static_cast<double>(scheduled_ * settings_.batch) / settings_.sends_per_second;
  return stretch_begun_ns_ + static_cast<int64_t>(seconds * 1e9);
}

void Driver::wait(std::chrono::nanoseconds at_most) {
  std::array<epoll_event, 64> ready;
  const timespec timeout{.tv_sec = 0, .tv_nsec = at_most.count()};
  const int count = epoll_pwait2(epoll_.get(), ready.data(), ready.size(), &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    auto& connection = *static_cast<Connection*>(ready[static_cast<size_t>(i)].data.ptr);
    if (const auto answer = connection.peer.receive()) on_answer(connection, *answer);
  }
}

void Driver::on_answer(Connection& connection, const Answer& answer) {
  expect_success(answer);
  switch (std::exchange(connection.doing, Doing::kNothing)) {
    case Doing::kNothing:
      give_up("the server sent an answer that nobody asked for");
    case Doing::kSend:
      on_sent(connection, answer.body);
      break;
    case Doing::kReceive:
      on_received(connection, answer.body);
      break;
    case Doing::kDelete:
      on_deleted(connection, answer.body);
      break;
  }
  if (connection.doing == Doing::kNothing) idle_.push_back(&connection);
}

// ---- requests

void Driver::append_message(int64_t number) {
  json_.append(R"("MessageBody":")");
  fmt::format_to(std::back_inserter(json_), "{:016}", number);
  json_.append(filler_).append("\"");
  if (settings_.members) json_.append(settings_.members(number));
}

void Driver::send(Connection& connection) {
  const int64_t now = now_ns();
  connection.begun_ns = settings_.sends_per_second == 0 ? now : next_due();
  ++scheduled_;
  connection.numbers.clear();
  for (int i = 0; i < settings_.batch; ++i)
    connection.numbers.push_back(ledger_.begin(connection.begun_ns));
  const auto request = static_cast<size_t>(connection.numbers.front() / settings_.batch);
  json_.assign(R"({"QueueUrl":"http://localhost/000000000000/)");
  json_.append(settings_.queues[request % settings_.queues.size()]).append("\",");
  if (settings_.batch == 1) {
    append_message(connection.numbers.front());
  } else {
    json_.append(R"("Entries":[)");
    for (size_t i = 0; i < connection.numbers.size(); ++i) {
      json_.append(i == 0 ? R"({"Id":")" : R"(,{"Id":")");
      json_.append(1, static_cast<char>('a' + i)).append("\",");
      append_message(connection.numbers[i]);
      json_.append("}");
    }
    json_.append("]");
  }
  json_.append("}");
  connection.doing = Doing::kSend;
  connection.peer.request(settings_.batch == 1 ? "SendMessage" : "SendMessageBatch", json_);
}

void Driver::receive(Connection& connection) {
  json_.assign(R"({"QueueUrl":"http://localhost/000000000000/)");
  connection.queue = (connection.queue + 1) % settings_.queues.size();
  json_.append(settings_.queues[connection.queue]);
  // A consumer of one queue waits there; one of many goes on to the next.
  const bool waits = settings_.queues.size() == 1;
  fmt::format_to(std::back_inserter(json_), R"(","MaxNumberOfMessages":{},"WaitTimeSeconds":{}}})",
                 settings_.batch, waits ? 20 : 0);
  connection.doing = Doing::kReceive;
  connection.begun_ns = now_ns();
  connection.peer.request("ReceiveMessage", json_);
}

void Driver::remove(Connection& connection) {
  json_.assign(R"({"QueueUrl":"http://localhost/000000000000/)");
  json_.append(settings_.queues[connection.queue]).append("\",");
  if (settings_.batch == 1) {
    json_.append(kReceipt).append(connection.receipts.front()).append("\"}");
  } else {
    json_.append(R"("Entries":[)");
    for (size_t i = 0; i < connection.receipts.size(); ++i) {
      json_.append(i == 0 ? R"({"Id":")" : R"(,{"Id":")");
      json_.append(1, static_cast<char>('a' + i)).append("\",");
      json_.append(kReceipt).append(connection.receipts[i]).append("\"}");
    }
    json_.append("]}");
  }
  connection.doing = Doing::kDelete;
  connection.begun_ns = now_ns();
  connection.peer.request(settings_.batch == 1 ? "DeleteMessage" : "DeleteMessageBatch", json_);
}

// ---- answers

void Driver::on_sent(Connection& connection, std::string_view body) {
  ++answered_.sends;
  latencies_.send.add(millis_between(connection.begun_ns, now_ns()));
  if (const int64_t failed = failures_in(body)) {
    ledger_.fail(failed);
    give_up(fmt::format("the server refused a message: {}", body.substr(0, 500)));
  }
  for (const int64_t number : connection.numbers) ledger_.acknowledge(number);
}

void Driver::on_received(Connection& connection, std::string_view body) {
  ++answered_.receives;
  connection.receipts.clear();
  const int64_t now = now_ns();
  for (size_t at = body.find(kReceipt); at != body.npos; at = body.find(kReceipt, at)) {
    at += kReceipt.size();
    connection.receipts.emplace_back(body.substr(at, body.find('"', at) - at));
    at = body.find(kBody, at);
    if (at == body.npos) give_up("the server delivered a message without a body");
    at += kBody.size();
    const std::string_view text = body.substr(at, kDigits);
    int64_t number = -1;
    std::from_chars(text.data(), text.data() + text.size(), number);
    const int64_t begun_ns = ledger_.receive(number);
    if (begun_ns >= 0) latencies_.end_to_end.add(millis_between(begun_ns, now));
    at = std::min(at + settings_.body_bytes, body.size());
  }
  if (connection.receipts.empty()) {
    ++answered_.empty_receives;
    return;
  }
  // One that waited since the stretch before says nothing about the server.
  if (connection.begun_ns >= stretch_begun_ns_)
    latencies_.receive.add(millis_between(connection.begun_ns, now));
  remove(connection);
}

void Driver::on_deleted(Connection& connection, std::string_view body) {
  ++answered_.deletes;
  latencies_.remove.add(millis_between(connection.begun_ns, now_ns()));
  const int64_t failed = failures_in(body);
  ledger_.fail(failed);
  ledger_.remove(static_cast<int64_t>(connection.receipts.size()) - failed);
  // At once, without the detour over the idle: a consumer is never idle while it consumes.
  if (consuming_) receive(connection);
}

// ---- what is asked for

void Driver::run_for(std::chrono::nanoseconds time) {
  sending_ = consuming_ = true;
  stretch_begun_ns_ = now_ns();
  scheduled_ = 0;
  const int64_t end = stretch_begun_ns_ + time.count();
  drive_while([&] { return now_ns() < end; });
  sending_ = consuming_ = false;
}

void Driver::send_only(int64_t count) {
  sending_ = true;
  const int64_t goal = ledger_.counts().acknowledged + count;
  may_begin_ = ledger_.counts().begun + count;
  const int64_t window = std::exchange(settings_.window, 0);
  drive_while([&] { return ledger_.counts().acknowledged < goal; });
  settings_.window = window;
  may_begin_ = INT64_MAX;
  sending_ = false;
}

void Driver::run_to(int64_t count) {
  sending_ = consuming_ = true;
  stretch_begun_ns_ = now_ns();
  scheduled_ = 0;
  const int64_t goal = ledger_.counts().deleted + count;
  may_begin_ = ledger_.counts().begun + count;
  drive_while([&] { return ledger_.counts().deleted < goal; });
  may_begin_ = INT64_MAX;
  sending_ = consuming_ = false;
}

bool Driver::settle(std::chrono::nanoseconds patience) {
  consuming_ = true;
  const Ledger::Counts& counts = ledger_.counts();
  int64_t seen = -1;
  int64_t seen_ns = now_ns();
  const auto is_settled = [&] {
    return counts.acknowledged == counts.begun && counts.deleted >= counts.acknowledged;
  };
  drive_while([&] {
    const int64_t progress = counts.acknowledged + counts.deleted;
    if (progress != std::exchange(seen, progress)) seen_ns = now_ns();
    return !is_settled() && now_ns() - seen_ns < patience.count();
  });
  consuming_ = false;
  return is_settled();
}

}  // namespace selvage::bench
