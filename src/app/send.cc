// SPDX-License-Identifier: Apache-2.0
#include "app/send.h"

#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <vector>

#include "app/show.h"
#include "wire/json.h"

namespace selvage::app {
namespace {

using client::Sent;

// What one call may carry.
constexpr size_t kBatch = 10;
constexpr size_t kBatchBytes = 1 << 20;

// The broker's own words, where we have no better ones.
std::string sentence_of(const Sent& sent, const std::string& queue) {
  if (sent.outcome == "NoGroup")
    return fmt::format("{} is a FIFO queue: say with --group which group this belongs to", queue);
  if (sent.outcome == "TooLarge")
    return fmt::format("it is larger than {} takes (selvage queue show {})", queue, queue);
  if (sent.outcome == "BadContents") return "it has characters that a message may not have";
  return sent.problem.empty() ? sent.outcome : sent.problem;
}

// Sends in batches of ten; knows which line of the input a message was.
class Sender {
 public:
  Sender(Link& link, const SendSettings& settings) : link_(link), settings_(settings) {}

  // False when there is no point in going on: it has been said why.
  bool add(std::string body, size_t line) {
    const bool fits = batch_.size() < kBatch && bytes_ + body.size() <= kBatchBytes;
    if (!fits && !flush()) return false;
    bytes_ += body.size();
    client::NewMessage& message = batch_.emplace_back(settings_.message);
    message.body = std::move(body);
    lines_.push_back(line);
    return batch_.size() < kBatch || flush();
  }

  bool flush() {
    if (batch_.empty()) return true;
    const auto results = link_.ask<std::vector<Sent>>([this](client::Client& c, auto done) {
      client::send_messages(c, settings_.queue, batch_, std::move(done));
    });
    if (!results) {
      code_ = link_.complain(results.error(), {settings_.queue});
      return false;
    }
    for (size_t i = 0; i < results->size() && i < lines_.size(); ++i)
      tell((*results)[i], lines_[i]);
    std::fflush(stdout);
    batch_.clear();
    lines_.clear();
    bytes_ = 0;
    return true;
  }

  ExitCode code() const { return code_; }

 private:
  void tell(const Sent& sent, size_t line) {
    if (sent.outcome == "Done") return print(sent);
    const std::string where = settings_.lines ? fmt::format("line {}", line) : "the message";
    code_ = complain({ErrorCode::kGiveUp, fmt::format("{} was not sent: {}", where,
                                                      sentence_of(sent, settings_.queue))});
  }

  void print(const Sent& sent) const {
    if (!settings_.json) return fmt::print("{}\n", sent.id);
    std::string line;
    wire::JsonWriter out(line);
    out.begin_object().field("id", sent.id);
    if (!sent.sequence.empty()) out.field("sequence", sent.sequence);
    out.end_object();
    fmt::print("{}\n", line);
  }

  Link& link_;
  const SendSettings& settings_;
  std::vector<client::NewMessage> batch_;
  std::vector<size_t> lines_;  // of each message in the batch
  size_t bytes_ = 0;
  ExitCode code_ = ExitCode::kOk;
};

// A message has at least one character: empty lines are none.
void send_lines(Sender& sender) {
  std::string line;
  size_t empty = 0;
  for (size_t number = 1; std::getline(std::cin, line); ++number) {
    if (line.empty())
      ++empty;
    else if (!sender.add(std::move(line), number))
      return;
  }
  if (sender.flush() && empty > 0)
    fmt::print(stderr, "{} skipped\n", count_of(static_cast<int64_t>(empty), "empty line"));
}

std::string read_all() {
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

}  // namespace

ExitCode send(const SendSettings& settings) {
  const auto link = Link::open(settings.at);
  if (!link) return complain(link.error());
  Sender sender(**link, settings);
  if (settings.lines) {
    send_lines(sender);
    return sender.code();
  }
  std::string body = settings.message.body == "-" ? read_all() : settings.message.body;
  if (body.empty())
    return complain(
        {ErrorCode::kSettings, "a message has at least one character: nothing was sent"});
  if (sender.add(std::move(body), 1)) sender.flush();
  return sender.code();
}

}  // namespace selvage::app
