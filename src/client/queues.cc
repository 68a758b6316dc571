// SPDX-License-Identifier: Apache-2.0
#include "client/queues.h"

#include <chrono>

#include "client/answer.h"

namespace selvage::client {
namespace {

using wire::JsonValue;
using wire::JsonWriter;

void write_named(JsonWriter& out, const NamedTexts& texts) {
  out.begin_object();
  for (const auto& [name, value] : texts) out.field(name, value);
  out.end_object();
}

// The object `member` of an answer; empty when there is none.
Result<NamedTexts> read_named(const std::string& json, std::string_view member) {
  NamedTexts texts;
  SELVAGE_TRY(read_members(json, [&](std::string_view key, JsonValue& value) {
    return key != member || value.object([&](std::string_view name, JsonValue& text) {
      texts.emplace_back(name, text.string().value_or(""));
      return true;
    });
  }));
  return texts;
}

Client::Callback<std::string> named(std::string member, Client::Callback<NamedTexts> done) {
  return parsed_by<NamedTexts>(
      [member = std::move(member)](const std::string& json) { return read_named(json, member); },
      std::move(done));
}

std::string about(const std::string& queue) {
  std::string body;
  JsonWriter(body).begin_object().field("QueueUrl", queue).end_object();
  return body;
}

// A queue, and one object of names and values.
std::string about(const std::string& queue, std::string_view member, const NamedTexts& texts) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("QueueUrl", queue);
  write_named(out.key(member), texts);
  out.end_object();
  return body;
}

bool take_move(std::string_view key, JsonValue& v, Move& move) {
  if (key == "TaskHandle") move.handle = v.string().value_or("");
  if (key == "Status") move.status = v.string().value_or("");
  if (key == "DestinationArn") move.destination = v.string().value_or("");
  if (key == "FailureReason") move.failure = v.string().value_or("");
  if (key == "ApproximateNumberOfMessagesMoved") move.moved = v.integer().value_or(0);
  if (key == "ApproximateNumberOfMessagesToMove") move.to_move = v.integer();
  if (key == "StartedTimestamp")
    move.started = Instant(std::chrono::milliseconds(v.integer().value_or(0)));
  return true;
}

}  // namespace

void create_queue(Client& client, const NewQueue& queue, Client::Callback<std::string> done) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("QueueName", queue.name);
  if (!queue.attributes.empty()) write_named(out.key("Attributes"), queue.attributes);
  if (!queue.tags.empty()) write_named(out.key("tags"), queue.tags);
  out.end_object();
  client.call("AmazonSQS.CreateQueue", std::move(body), member_of("QueueUrl", std::move(done)));
}

void get_attributes(Client& client, const std::string& queue, Client::Callback<NamedTexts> done) {
  std::string body;
  JsonWriter(body)
      .begin_object()
      .field("QueueUrl", queue)
      .key("AttributeNames")
      .begin_array()
      .string("All")
      .end_array()
      .end_object();
  client.call("AmazonSQS.GetQueueAttributes", std::move(body),
              named("Attributes", std::move(done)));
}

void set_attributes(Client& client, const std::string& queue, const NamedTexts& attributes,
                    Client::Callback<void> done) {
  client.call("AmazonSQS.SetQueueAttributes", about(queue, "Attributes", attributes),
              ignoring(std::move(done)));
}

void get_tags(Client& client, const std::string& queue, Client::Callback<NamedTexts> done) {
  client.call("AmazonSQS.ListQueueTags", about(queue), named("Tags", std::move(done)));
}

void set_tags(Client& client, const std::string& queue, const NamedTexts& tags,
              Client::Callback<void> done) {
  client.call("AmazonSQS.TagQueue", about(queue, "Tags", tags), ignoring(std::move(done)));
}

void get_dead_letter_sources(Client& client, const std::string& queue,
                             Client::Callback<std::vector<std::string>> done) {
  client.call("AmazonSQS.ListDeadLetterSourceQueues", about(queue),
              parsed_by<std::vector<std::string>>(
                  [](const std::string& json) -> Result<std::vector<std::string>> {
                    std::vector<std::string> urls;
                    SELVAGE_TRY(read_members(json, [&](std::string_view key, JsonValue& value) {
                      return key != "queueUrls" || read_texts(value, urls);
                    }));
                    return urls;
                  },
                  std::move(done)));
}

void purge_queue(Client& client, const std::string& queue, Client::Callback<void> done) {
  client.call("AmazonSQS.PurgeQueue", about(queue), ignoring(std::move(done)));
}

void delete_queue(Client& client, const std::string& queue, Client::Callback<void> done) {
  client.call("AmazonSQS.DeleteQueue", about(queue), ignoring(std::move(done)));
}

void start_move(Client& client, const NewMove& move, Client::Callback<std::string> done) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("SourceArn", move.source);
  if (!move.destination.empty()) out.field("DestinationArn", move.destination);
  if (move.rate) out.field("MaxNumberOfMessagesPerSecond", *move.rate);
  out.end_object();
  client.call("AmazonSQS.StartMessageMoveTask", std::move(body),
              member_of("TaskHandle", std::move(done)));
}

void list_moves(Client& client, const std::string& source,
                Client::Callback<std::vector<Move>> done) {
  std::string body;
  JsonWriter(body)
      .begin_object()
      .field("SourceArn", source)
      .field("MaxResults", int64_t{10})
      .end_object();
  client.call(
      "AmazonSQS.ListMessageMoveTasks", std::move(body),
      parsed_by<std::vector<Move>>(
          [](const std::string& json) { return read_list<Move>(json, "Results", take_move); },
          std::move(done)));
}

void cancel_move(Client& client, const std::string& handle, Client::Callback<int64_t> done) {
  std::string body;
  JsonWriter(body).begin_object().field("TaskHandle", handle).end_object();
  client.call("AmazonSQS.CancelMessageMoveTask", std::move(body),
              parsed_by<int64_t>(
                  [](const std::string& json) -> Result<int64_t> {
                    int64_t moved = 0;
                    SELVAGE_TRY(read_members(json, [&](std::string_view key, JsonValue& value) {
                      if (key == "ApproximateNumberOfMessagesMoved")
                        moved = value.integer().value_or(0);
                      return true;
                    }));
                    return moved;
                  },
                  std::move(done)));
}

}  // namespace selvage::client
