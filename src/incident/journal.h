// SPDX-License-Identifier: Apache-2.0
#pragma once
// What went wrong and how it was mended: one JSON line per event in a file that several processes
// append to. Bounded: at kMaxBytes the file becomes FILE.1 and a new one begins.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "incident/kind.h"

namespace selvage::incident {

struct Event {
  Instant at{};
  Kind kind{};
  std::string stage;    // empty: of no stage
  std::string worker;   // "shrink-1", "broker", "supervisor"
  std::string message;  // the message's id; empty: of no message
  std::string cause;
  Duration recovery{0};  // kRecovered, kRetried: since the former worker lost it
};

// Appends with one write(2) per event, so that lines of several processes do not mix.
class Journal {
 public:
  static constexpr size_t kMaxBytes = 16 << 20;
  // Failure: kSettings or kDiskFull.
  static Result<Journal> open(const std::string& path);
  // An event that cannot be written is logged instead: work goes on.
  void record(const Event& event);

 private:
  explicit Journal(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// Of a line of the file; nullopt: it is none, or of a kind that is not known here.
std::optional<Event> parse_event(std::string_view json);
std::string to_json(const Event& event);

// The events of the older file and the current one, in order. Lines that make no sense are skipped.
// A missing file has no events.
std::vector<Event> read_journal(const std::string& path);

}  // namespace selvage::incident
