// SPDX-License-Identifier: Apache-2.0
#include "incident/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "base/log.h"
#include "wire/json.h"

namespace selvage::incident {
namespace {

constexpr Kind kAll[] = {Kind::kProgramDied, Kind::kProgramHung,     Kind::kWorkerDied,
                         Kind::kRestarted,   Kind::kRecovered,       Kind::kRetried,
                         Kind::kProcessDied, Kind::kProcessRestarted};

std::string rotated(const std::string& path) {
  return path + ".1";
}

std::string to_line(const Event& event) {
  std::string line;
  wire::JsonWriter out(line);
  out.begin_object().field("at_us", to_micros(event.at)).field("kind", name_of(event.kind));
  if (!event.stage.empty()) out.field("stage", event.stage);
  if (!event.worker.empty()) out.field("worker", event.worker);
  if (!event.message.empty()) out.field("message", event.message);
  if (!event.cause.empty()) out.field("cause", event.cause);
  if (event.recovery > Duration{0}) out.field("recovery_us", int64_t{event.recovery.count()});
  out.end_object();
  return line + "\n";
}

bool take_member(std::string_view key, wire::JsonValue& v, Event& event) {
  const auto text = [&] { return std::string(v.string().value_or("")); };
  if (key == "at_us") event.at = from_micros(v.integer().value_or(0));
  if (key == "stage") event.stage = text();
  if (key == "worker") event.worker = text();
  if (key == "message") event.message = text();
  if (key == "cause") event.cause = text();
  if (key == "recovery_us") event.recovery = Duration(v.integer().value_or(0));
  if (key != "kind") return true;
  const std::string name = text();
  for (const Kind kind : kAll)
    if (name_of(kind) == name) {
      event.kind = kind;
      return true;
    }
  return false;
}

void read_file(const std::string& path, std::vector<Event>& events) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    Event event;
    const auto parsed = wire::read_json(line, [&](wire::JsonValue& root) {
      return root.object(
          [&](std::string_view key, wire::JsonValue& v) { return take_member(key, v, event); });
    });
    if (parsed) events.push_back(std::move(event));
  }
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::kProgramDied:
      return "program-died";
    case Kind::kProgramHung:
      return "program-hung";
    case Kind::kWorkerDied:
      return "worker-died";
    case Kind::kRestarted:
      return "restarted";
    case Kind::kRecovered:
      return "recovered";
    case Kind::kRetried:
      return "retried";
    case Kind::kProcessDied:
      return "process-died";
    case Kind::kProcessRestarted:
      return "process-restarted";
  }
  return "unknown";
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
  const std::string line = to_line(event);
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
  read_file(rotated(path), events);
  read_file(path, events);
  return events;
}

}  // namespace selvage::incident
