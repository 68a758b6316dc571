// SPDX-License-Identifier: Apache-2.0
#pragma once
// What can happen to a workflow, each with its name in the file and a sentence for people.

#include <optional>
#include <span>
#include <string_view>

namespace selvage::incident {

enum class Kind {
  // ---- something was lost
  kProgramDied,   // a program ended by a signal, or with an exit code that is a failure
  kProgramHung,   // a program was killed at its deadline
  kOutOfMemory,   // a program was killed because it needed more memory than it may have
  kKilled,        // a program was killed by us for another reason, for example too many processes
  kWorkerDied,    // a runner ended without being asked to
  kProcessDied,   // the broker or the supervisor ended without being asked to
  kRedelivered,   // a message was freed without its worker's end being seen: its lease ran out
  kDeadLettered,  // a message is tried no more and has gone to the dead letters
  // ---- something was mended
  kRestarted,  // a runner or a program is running again
  kProcessRestarted,
  kRecovered,  // the first redo of a message that a dead worker held: a program has it again
  kRetried,    // a later redo, after its back-off
  // ---- something was decided
  kBackedOff,      // what ends again and again is started after a pause
  kBreakerOpened,  // a stage fails most of its attempts: it gets one message at a time
  kBreakerClosed,
  kScaled,      // a stage has another number of workers
  kRolledOut,   // a stage runs another program or another version of its settings
  kRolledBack,  // that one did not become ready: it runs the former one again
};

std::span<const Kind> all_kinds();
std::string_view name_of(Kind kind);      // "program-died"
std::string_view sentence_of(Kind kind);  // "its program died"; of the worker or the stage
std::optional<Kind> kind_of(std::string_view name);

// Whether a message may have lost its worker by it, so that it has to be given to another.
bool is_loss(Kind kind);

}  // namespace selvage::incident
