// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every metric of a server, in one table: docs/reference/metrics.md is printed from it.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace selvage::metrics {

enum class Kind : uint8_t { kCounter, kGauge, kHistogram };

enum class Id : uint8_t {
  kQueueVisible,
  kQueueInFlight,
  kQueueDelayed,
  kQueueOldestAge,
  kQueueSent,
  kQueueReceived,
  kQueueDeleted,
  kQueueDeadLettered,
  kQueueEmptyReceives,
  kQueues,
  kCommitAnswers,
  kCommitSeconds,
  kSyncSeconds,
  kRequests,
  kRequestSeconds,
  kStoreDisk,
  kStoreMemory,
  kReady,
  kBuildInfo,
  kProcessCpu,
  kProcessMemory,
  kProcessStart,
  kProcessOpenFiles,
  kProcessMaxFiles,
};

struct Metric {
  Id id;
  Kind kind;
  std::string_view name;
  std::string_view labels;  // their names, with a comma between them
  std::string_view help;    // one sentence, without what would need escaping
};

// In the order of Id, which is the order in which they are written.
std::span<const Metric> table();
const Metric& metric(Id id);
std::string_view kind_name(Kind kind);

// The reference page, as Markdown.
std::string reference();

}  // namespace selvage::metrics
