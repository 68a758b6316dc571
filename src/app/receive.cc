// SPDX-License-Identifier: Apache-2.0
#include "app/receive.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "app/show.h"
#include "app/show_message.h"
#include "client/messages.h"
#include "workflow/print.h"

namespace selvage::app {
namespace {

using client::Message;

// The broker names the queue of each message; with one queue it may leave that out.
std::string queue_of(const Message& message, const ReceiveSettings& settings) {
  return message.queue.empty() ? settings.queues.front() : std::string(queue_name(message.queue));
}

std::string to_json(const Message& message, const std::string& queue) {
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object()
      .field("id", message.id)
      .field("queue", queue)
      .field("receipt", message.receipt)
      .field("body", message.body)
      .field("failed", message.failed)
      .field("sent_us", to_micros(message.sent));
  if (!message.group.empty()) out.field("group", message.group);
  if (message.artifact) out.field("artifact", message.artifact.to_string());
  write_attributes(out, message.attributes);
  out.end_object();
  return json;
}

std::string to_text(const Message& message, const std::string& queue) {
  Fields fields = {{"queue", queue}, {"sent", show_time(message.sent)}};
  if (message.failed > 0) fields.emplace_back("failed", count_of(message.failed, "time"));
  if (!message.group.empty()) fields.emplace_back("group", message.group);
  if (message.artifact) fields.emplace_back("artifact", message.artifact.to_string());
  add_attributes(message.attributes, fields);
  fields.emplace_back("receipt", message.receipt);
  fields.emplace_back("body", message.body);
  return show_fields("message " + message.id, fields);
}

// What could not be written must not be deleted.
Result<void> print(const std::vector<Message>& messages, const ReceiveSettings& settings) {
  for (const Message& message : messages) {
    const std::string queue = queue_of(message, settings);
    const std::string text =
        settings.json ? to_json(message, queue) + "\n" : to_text(message, queue);
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return {};
  return failure(ErrorCode::kGiveUp, fmt::format("cannot write what was received: {}; nothing was "
                                                 "deleted",
                                                 std::strerror(errno)));
}

// To people, beside what was asked for.
void tell_none(const ReceiveSettings& settings) {
  if (settings.wait == Duration::zero())
    fmt::print(stderr, "no messages now; to wait for one: --wait 20s\n");
  else
    fmt::print(stderr, "no message came within {}\n", workflow::print_duration(settings.wait));
}

void tell_leased(const std::vector<Message>& messages, const ReceiveSettings& settings) {
  const std::string how_long = settings.visibility == Duration::zero()
                                   ? "the queue's visibility timeout"
                                   : workflow::print_duration(settings.visibility);
  fmt::print(stderr,
             "leased {} for {}: then back in line, unless acknowledged: selvage ack {} RECEIPT\n",
             count_of(static_cast<int64_t>(messages.size()), "message"), how_long,
             queue_of(messages.front(), settings));
}

Result<void> delete_message(Link& link, const std::string& queue, const std::string& receipt) {
  return link.ask<void>([&](client::Client& c, auto done) {
    client::acknowledge(c, queue, receipt, std::move(done));
  });
}

ExitCode delete_all(Link& link, const std::vector<Message>& messages,
                    const ReceiveSettings& settings) {
  for (const Message& message : messages) {
    const std::string queue = queue_of(message, settings);
    const auto deleted = delete_message(link, queue, message.receipt);
    if (!deleted) return link.complain(deleted.error(), {queue});
  }
  if (!settings.json)
    fmt::print(stderr, "acknowledged {}\n",
               count_of(static_cast<int64_t>(messages.size()), "message"));
  return ExitCode::kOk;
}

client::Client::Receive to_request(const ReceiveSettings& settings) {
  client::Client::Receive request{
      .queue = settings.queues.front(),
      .max = settings.max,
      .wait = settings.wait,
      .visibility = settings.visibility,
  };
  if (settings.queues.size() > 1) request.queues = settings.queues;
  return request;
}

}  // namespace

ExitCode receive(const ReceiveSettings& settings) {
  const auto link = Link::open(settings.at, settings.wait);
  if (!link) return complain(link.error());
  const auto messages = (*link)->ask<std::vector<Message>>(
      [&](client::Client& c, auto done) { c.receive(to_request(settings), std::move(done)); });
  if (!messages) return (*link)->complain(messages.error(), settings.queues);
  if (messages->empty()) {
    if (!settings.json) tell_none(settings);
    return ExitCode::kOk;
  }
  if (const auto printed = print(*messages, settings); !printed) return complain(printed.error());
  if (settings.acknowledge) return delete_all(**link, *messages, settings);
  if (!settings.json) tell_leased(*messages, settings);
  return ExitCode::kOk;
}

ExitCode acknowledge(const AckSettings& settings) {
  const auto link = Link::open(settings.at);
  if (!link) return complain(link.error());
  for (const std::string& receipt : settings.receipts) {
    const auto deleted = delete_message(**link, settings.queue, receipt);
    if (!deleted) return (*link)->complain(deleted.error(), {settings.queue});
    print_outcome(settings.json, {"receipt", receipt}, "Done");
  }
  if (!settings.json)
    fmt::print("acknowledged {}\n",
               count_of(static_cast<int64_t>(settings.receipts.size()), "message"));
  return ExitCode::kOk;
}

}  // namespace selvage::app
