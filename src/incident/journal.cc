// SPDX-License-Identifier: Apache-2.0
#include "incident/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "incident/lines.h"
#include "wire/json.h"

namespace selvage::incident {
namespace {

bool take_member(std::string_view key, wire::JsonValue& v, Event& event) {
  const auto text = [&] { return std::string(v.string().value_or("")); };
  if (key == "at_us") event.at = from_micros(v.integer().value_or(0));
  if (key == "stage") event.stage = text();
  if (key == "worker") event.worker = text();
  if (key == "message") event.message = text();
  if (key == "cause") event.cause = text();
  if (key == "recovery_us") event.recovery = Duration(v.integer().value_or(0));
  if (key != "kind") return true;
  const auto kind = kind_of(text());
  if (kind) event.kind = *kind;
  return kind.has_value();
}

}  // namespace

std::string to_json(const Event& event) {
  std::string line;
  wire::JsonWriter out(line);
  out.begin_object().field("at_us", to_micros(event.at)).field("kind", name_of(event.kind));
  if (!event.stage.empty()) out.field("stage", event.stage);
  if (!event.worker.empty()) out.field("worker", event.worker);
  if (!event.message.empty()) out.field("message", event.message);
  if (!event.cause.empty()) out.field("cause", event.cause);
  if (event.recovery > Duration{0}) out.field("recovery_us", int64_t{event.recovery.count()});
  out.end_object();
  return line;
}

std::optional<Event> parse_event(std::string_view json) {
  Event event;
  bool has_kind = false;
  const auto parsed = wire::read_json(json, [&](wire::JsonValue& root) {
    return root.object([&](std::string_view key, wire::JsonValue& v) {
      has_kind = has_kind || key == "kind";
      return take_member(key, v, event);
    });
  });
  return parsed && has_kind ? std::optional(std::move(event)) : std::nullopt;
}

Result<Journal> Journal::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0)
    return failure(errno == ENOSPC ? ErrorCode::kDiskFull : ErrorCode::kSettings,
                   fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  close(fd);
  return Journal(path);
}

// Opened for each event: events are rare, and a file that another process rotated is never written.
void Journal::record(const Event& event) {
  const std::string line = to_json(event) + "\n";
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const ssize_t written = fd < 0 ? -1 : ::write(fd, line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size()))
    log_warn("cannot write to {}: {}; the event was {}", path_, std::strerror(errno), line);
  struct stat info{};
  const bool full =
      fd >= 0 && fstat(fd, &info) == 0 && static_cast<size_t>(info.st_size) > kMaxBytes;
  if (fd >= 0) close(fd);
  if (full) std::rename(path_.c_str(), rotated(path_).c_str());
}

std::vector<Event> read_journal(const std::string& path) {
  std::vector<Event> events;
  LineReader lines(path);
  while (const auto line = lines.next())
    if (auto event = parse_event(*line)) events.push_back(*std::move(event));
  return events;
}

}  // namespace selvage::incident
