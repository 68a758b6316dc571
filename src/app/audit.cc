// SPDX-License-Identifier: Apache-2.0
#include "app/audit.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/clock.h"
#include "wire/json.h"

namespace selvage::app {
namespace {

// The person, not the account that a tool switched to.
std::string who() {
  for (const char* variable : {"SUDO_USER", "LOGNAME"})
    if (const char* const name = getenv(variable); name != nullptr && *name != '\0') return name;
  const passwd* const entry = getpwuid(getuid());
  return entry != nullptr ? entry->pw_name : std::to_string(getuid());
}

std::string to_json(const AuditEntry& entry) {
  std::string json;
  wire::JsonWriter out(json);
  const auto add = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) out.field(name, text);
  };
  out.begin_object().field("at_us", to_micros(SystemClock().now())).field("by", who());
  add("action", entry.action);
  add("queue", entry.queue);
  add("message", entry.message);
  add("to", entry.to);
  add("signature", entry.signature);
  add("outcome", entry.outcome);
  add("broker", entry.broker);
  out.end_object();
  return json;
}

// Not renamed before it is full: lines of several commands do not mix, each is one write.
Result<int> open_file(const std::string& path) {
  struct stat info{};
  const bool is_full =
      stat(path.c_str(), &info) == 0 && static_cast<size_t>(info.st_size) > Audit::kMaxBytes;
  if (is_full) std::rename(path.c_str(), (path + ".1").c_str());
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  return failure(errno == ENOSPC ? ErrorCode::kDiskFull : ErrorCode::kSettings,
                 fmt::format("cannot write {}: {}; what is done to dead letters is recorded there",
                             path, std::strerror(errno)));
}

}  // namespace

Result<Audit> Audit::open(const BrokerPlace& at, bool knows_directory) {
  const std::string run = at.data + "/run";
  std::error_code error;
  if (!knows_directory || !std::filesystem::is_directory(run, error)) return Audit("");
  const std::string path = run + "/audit.jsonl";
  const auto fd = open_file(path);
  if (!fd) return std::unexpected(fd.error());
  close(*fd);
  return Audit(path);
}

Result<void> Audit::record(const AuditEntry& entry) const {
  const std::string line = to_json(entry) + "\n";
  if (is_on_stdout()) {
    fmt::print("{}", line);
    return {};
  }
  const auto fd = open_file(path_);
  if (!fd) return std::unexpected(fd.error());
  const ssize_t written = ::write(*fd, line.data(), line.size());
  close(*fd);
  if (written == static_cast<ssize_t>(line.size())) return {};
  return failure(ErrorCode::kDiskFull,
                 fmt::format("cannot write {}: {}; the last message was changed, but no more are",
                             path_, std::strerror(written < 0 ? errno : ENOSPC)));
}

}  // namespace selvage::app
