// SPDX-License-Identifier: Apache-2.0
#include "app/backup.h"

#include <fmt/format.h>

#include <chrono>

#include "app/paths.h"
#include "app/show.h"
#include "client/answer.h"
#include "wire/json.h"

namespace selvage::app {
namespace {

constexpr Duration kLongest = std::chrono::hours(24);  // of a copy to a slow disk

struct Made {
  std::string directory;
  int64_t queues = 0, messages = 0, bytes = 0;
};

Result<Made> read_answer(const std::string& json) {
  Made made;
  SELVAGE_TRY(client::read_members(json, [&](std::string_view key, wire::JsonValue& v) {
    if (key == "Directory") made.directory = v.string().value_or("");
    if (key == "Queues") made.queues = v.integer().value_or(0);
    if (key == "Messages") made.messages = v.integer().value_or(0);
    if (key == "Bytes") made.bytes = v.integer().value_or(0);
    return true;
  }));
  return made;
}

Result<Made> ask(Link& link, const std::string& directory) {
  std::string body;
  wire::JsonWriter(body).begin_object().field("Directory", directory).end_object();
  const auto answer = link.ask<std::string>(
      [&](client::Client& c, auto done) { c.call("Selvage.Backup", body, std::move(done)); });
  if (!answer) return std::unexpected(answer.error());
  return read_answer(*answer);
}

// The broker's own sentence says what to do.
ExitCode complain_of(Link& link, const Error& error) {
  const std::string_view refusal = client::refusal_of(error);
  if (refusal != "BackupFailed" && !refusal.starts_with("InvalidParameterValue"))
    return link.complain(error);
  constexpr std::string_view kBetween = ": ";
  const size_t sentence = error.message.find(kBetween);
  return complain(
      {error.code, "no backup was made: " + error.message.substr(sentence + kBetween.size())});
}

void print(const Made& made, bool json) {
  if (!json) {
    fmt::print("{} is a backup: {}, {}, {}\n", made.directory, count_of(made.queues, "queue"),
               count_of(made.messages, "message"), show_bytes(static_cast<uint64_t>(made.bytes)));
    fmt::print(
        "to start from it: selvage serve --data {0}\nto examine it: selvage doctor --data {0}\n",
        made.directory);
    return;
  }
  std::string line;
  wire::JsonWriter(line)
      .begin_object()
      .field("directory", made.directory)
      .field("queues", made.queues)
      .field("messages", made.messages)
      .field("bytes", made.bytes)
      .end_object();
  fmt::print("{}\n", line);
}

}  // namespace

ExitCode back_up(const BackupSettings& settings) {
  const auto link = Link::open(settings.at, kLongest);
  if (!link) return complain(link.error());
  const auto made = ask(**link, absolute(settings.directory));
  if (!made) return complain_of(**link, made.error());
  print(*made, settings.json);
  return ExitCode::kOk;
}

}  // namespace selvage::app
