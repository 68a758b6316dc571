// SPDX-License-Identifier: Apache-2.0
#include "incident/worker_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/log.h"
#include "incident/lines.h"
#include "wire/json.h"

namespace selvage::incident {
namespace {

bool goes_on_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// At most `most` bytes of `line`, no half character at the end; at least one byte.
size_t piece_of(std::string_view line, size_t most) {
  if (line.size() <= most) return line.size();
  size_t end = most;
  while (end > 1 && goes_on_character(line[end])) --end;
  return end > 1 ? end : most;
}

}  // namespace

std::string logs_directory(const std::string& data) {
  return data + "/run/logs";
}

std::string log_path(const std::string& data, const std::string& worker) {
  return logs_directory(data) + "/" + worker + ".log";
}

WorkerLog::WorkerLog(std::string path, LogLimits limits)
    : path_(std::move(path)), limits_(limits), budget_(static_cast<double>(limits.burst_bytes)) {}

WorkerLog::~WorkerLog() {
  if (fd_ >= 0) close(fd_);
}

// An endless complaint must not keep a disk busy.
bool WorkerLog::has_budget(Instant now, size_t bytes) {
  const double passed = std::chrono::duration<double>(now - budget_at_).count();
  const auto rate = static_cast<double>(limits_.bytes_per_second);
  if (passed > 0)
    budget_ = std::min(static_cast<double>(limits_.burst_bytes), budget_ + passed * rate);
  budget_at_ = now;
  if (budget_ < static_cast<double>(bytes)) return false;
  budget_ -= static_cast<double>(bytes);
  return true;
}

void WorkerLog::take(Instant now, std::string_view message, std::string_view bytes) {
  if (bytes.empty()) return;
  if (!has_budget(now, bytes.size())) {
    missing_ += static_cast<size_t>(std::ranges::count(bytes, '\n'));
    unended_.clear();
    skipping_ = bytes.back() != '\n';
    return;
  }
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    const bool ends = end != std::string_view::npos;
    bytes.remove_prefix(ends ? end + 1 : bytes.size());
    if (!skipping_) unended_ += part;
    if (ends && skipping_) ++missing_;
    if (ends) skipping_ = false;
    if (ends || unended_.size() >= limits_.line_bytes)
      add_pieces(now, message, std::exchange(unended_, {}));
  }
  write();
}

void WorkerLog::end_line(Instant now, std::string_view message) {
  skipping_ = false;
  if (unended_.empty() && missing_ == 0) return;
  add_pieces(now, message, std::exchange(unended_, {}));
  if (batch_.empty() && !failing_) add(now, message, "");  // only what is missing is left to tell
  write();
}

void WorkerLog::add_pieces(Instant now, std::string_view message, std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  while (!line.empty()) {
    const size_t size = piece_of(line, limits_.line_bytes);
    add(now, message, line.substr(0, size));
    line.remove_prefix(size);
  }
}

void WorkerLog::add(Instant now, std::string_view message, std::string_view line) {
  const auto put = [&](std::string_view text) {
    wire::JsonWriter object(batch_);
    object.begin_object().field("at_us", to_micros(now));
    if (!message.empty()) object.field("message", message);
    object.field("line", text).end_object();
    batch_ += '\n';
  };
  if (const size_t missing = std::exchange(missing_, 0); missing > 0) {
    put(fmt::format("({} line{} missing here: too many at once, or a full disk)", missing,
                    missing == 1 ? " is" : "s are"));
    batch_lines_ += missing;
  }
  if (line.empty()) return;
  put(line);
  ++batch_lines_;
}

void WorkerLog::write() {
  if (batch_.empty()) return;
  const bool kept = open() && has_room() && append();
  if (!kept) missing_ += batch_lines_;
  batch_.clear();
  batch_lines_ = 0;
  if (kept && std::exchange(failing_, false)) log_info("{} is written again", path_);
}

bool WorkerLog::open() {
  if (fd_ >= 0) return true;
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), error);
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  struct stat info{};
  if (fd_ < 0 || fstat(fd_, &info) != 0) {
    complain("open");
    return false;
  }
  size_ = static_cast<size_t>(info.st_size);
  return true;
}

bool WorkerLog::has_room() {
  if (size_ == 0 || size_ + batch_.size() <= limits_.file_bytes) return true;
  if (std::rename(path_.c_str(), rotated(path_).c_str()) != 0) {
    complain("rename");
    return false;
  }
  close(std::exchange(fd_, -1));
  return open();
}

// Half a batch is taken back, so that what follows begins a line.
bool WorkerLog::append() {
  const ssize_t written = ::write(fd_, batch_.data(), batch_.size());
  if (written == static_cast<ssize_t>(batch_.size())) {
    size_ += batch_.size();
    return true;
  }
  if (written >= 0) errno = ENOSPC;
  complain("write");
  if (written > 0 && ftruncate(fd_, static_cast<off_t>(size_)) != 0) close(std::exchange(fd_, -1));
  return false;
}

void WorkerLog::complain(std::string_view what) {
  const int error = errno;
  if (std::exchange(failing_, true)) return;
  log_warn(
      "cannot {} {}: {}; what programs write to standard error is lost until that works, the "
      "work goes on",
      what, path_, std::strerror(error));
}

std::optional<Said> parse_said(std::string_view json) {
  Said said;
  bool has_line = false;
  const auto parsed = wire::read_json(json, [&](wire::JsonValue& root) {
    return root.object([&](std::string_view key, wire::JsonValue& v) {
      if (key == "at_us") said.at = from_micros(v.integer().value_or(0));
      if (key == "message") said.message = v.string().value_or("");
      if (key != "line") return true;
      const auto text = v.string();
      has_line = text.has_value();
      said.line = text.value_or("");
      return has_line;
    });
  });
  return parsed && has_line ? std::optional(std::move(said)) : std::nullopt;
}

}  // namespace selvage::incident
