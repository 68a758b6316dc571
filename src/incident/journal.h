// SPDX-License-Identifier: Apache-2.0
#pragma once
// What went wrong and how it was mended: one JSON line per event in a file that several processes
// append to. Bounded: at kMaxBytes the file becomes FILE.1 and a new one begins.

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace selvage::incident {

enum class Kind {
  kProgramDied,  // a program ended by a signal, or with an exit code that is a failure
  kProgramHung,  // a program was killed at its deadline
  kWorkerDied,   // a runner ended without being asked to
  kRestarted,    // a runner or a program is running again
  kRecovered,    // the first redo of a message that a dead worker held: a program has it again
  kRetried,      // a later redo, after its back-off
  kProcessDied,  // the broker or the supervisor ended without being asked to
  kProcessRestarted,
};

struct Event {
  Instant at{};
  Kind kind{};
  std::string stage;    // empty: of no stage
  std::string worker;   // "shrink-1", "broker", "supervisor"
  std::string message;  // the message's id; empty: of no message
  std::string cause;
  Duration recovery{0};  // kRecovered, kRetried: since the former worker lost it
};

std::string_view name_of(Kind kind);

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

// The events of the older file and the current one, in order. Lines that make no sense are skipped.
// A missing file has no events.
std::vector<Event> read_journal(const std::string& path);

}  // namespace selvage::incident
