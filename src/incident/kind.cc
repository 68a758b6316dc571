// SPDX-License-Identifier: Apache-2.0
#include "incident/kind.h"

#include <algorithm>
#include <iterator>

namespace selvage::incident {
namespace {

constexpr Kind kAll[] = {
    Kind::kProgramDied, Kind::kProgramHung,      Kind::kOutOfMemory,   Kind::kKilled,
    Kind::kWorkerDied,  Kind::kProcessDied,      Kind::kRedelivered,   Kind::kDeadLettered,
    Kind::kRestarted,   Kind::kProcessRestarted, Kind::kRecovered,     Kind::kRetried,
    Kind::kBackedOff,   Kind::kBreakerOpened,    Kind::kBreakerClosed, Kind::kScaled,
    Kind::kRolledOut,   Kind::kRolledBack,
};

struct Words {
  std::string_view name;
  std::string_view sentence;
};

Words words_of(Kind kind) {
  switch (kind) {
    case Kind::kProgramDied:
      return {"program-died", "its program failed"};
    case Kind::kProgramHung:
      return {"program-hung", "its program hung and was killed"};
    case Kind::kOutOfMemory:
      return {"out-of-memory", "its program needed too much memory and was killed"};
    case Kind::kKilled:
      return {"killed", "its program was killed"};
    case Kind::kWorkerDied:
      return {"worker-died", "the worker died"};
    case Kind::kProcessDied:
      return {"process-died", "it died"};
    case Kind::kRedelivered:
      return {"redelivered", "its lease ran out and its message was taken from it"};
    case Kind::kDeadLettered:
      return {"dead-lettered", "its message went to the dead letters"};
    case Kind::kRestarted:
      return {"restarted", "it runs again"};
    case Kind::kProcessRestarted:
      return {"process-restarted", "it runs again"};
    case Kind::kRecovered:
      return {"recovered", "it has the message that another one lost"};
    case Kind::kRetried:
      return {"retried", "it tries the message again, after a pause"};
    case Kind::kBackedOff:
      return {"backed-off", "it ends again and again: it is started after a pause"};
    case Kind::kBreakerOpened:
      return {"breaker-opened", "most attempts fail: one message at a time is tried"};
    case Kind::kBreakerClosed:
      return {"breaker-closed", "attempts succeed again: messages flow as before"};
    case Kind::kScaled:
      return {"scaled", "the number of workers changed"};
    case Kind::kRolledOut:
      return {"rolled-out", "all workers run the new version"};
    case Kind::kRolledBack:
      return {"rolled-back", "the new version did not become ready: the former one runs again"};
  }
  return {"unknown", "something happened"};
}

}  // namespace

std::span<const Kind> all_kinds() {
  return kAll;
}

std::string_view name_of(Kind kind) {
  return words_of(kind).name;
}

std::string_view sentence_of(Kind kind) {
  return words_of(kind).sentence;
}

std::optional<Kind> kind_of(std::string_view name) {
  const auto* const at = std::ranges::find(kAll, name, name_of);
  return at == std::end(kAll) ? std::nullopt : std::optional(*at);
}

bool is_loss(Kind kind) {
  constexpr Kind kLosses[] = {Kind::kProgramDied, Kind::kProgramHung, Kind::kOutOfMemory,
                              Kind::kKilled,      Kind::kWorkerDied,  Kind::kRedelivered};
  return std::ranges::find(kLosses, kind) != std::end(kLosses);
}

}  // namespace selvage::incident
