// SPDX-License-Identifier: Apache-2.0
#include "metrics/table.h"

#include <fmt/format.h>

#include <iterator>

namespace selvage::metrics {
namespace {

constexpr auto kCounter = Kind::kCounter;
constexpr auto kGauge = Kind::kGauge;
constexpr auto kHistogram = Kind::kHistogram;

constexpr Metric kTable[] = {
    {Id::kQueueVisible, kGauge, "selvage_queue_messages_visible", "queue",
     "Messages that can be received now."},
    {Id::kQueueInFlight, kGauge, "selvage_queue_messages_in_flight", "queue",
     "Messages that a receiver holds."},
    {Id::kQueueDelayed, kGauge, "selvage_queue_messages_delayed", "queue",
     "Messages that cannot be received yet."},
    {Id::kQueueOldestAge, kGauge, "selvage_queue_oldest_message_age_seconds", "queue",
     "Age of the oldest message that was not deleted, in flight or not; 0 without one. A delay of "
     "more than 15 minutes does not count."},
    {Id::kQueueSent, kCounter, "selvage_queue_messages_sent_total", "queue",
     "Messages that came into the queue since it was made, dead letters included."},
    {Id::kQueueReceived, kCounter, "selvage_queue_messages_received_total", "queue",
     "Deliveries, repeated ones included."},
    {Id::kQueueDeleted, kCounter, "selvage_queue_messages_deleted_total", "queue",
     "Messages that were deleted, by purging too."},
    {Id::kQueueDeadLettered, kCounter, "selvage_queue_messages_dead_lettered_total", "queue",
     "Messages that went from here to the dead-letter queue."},
    {Id::kQueueEmptyReceives, kCounter, "selvage_queue_empty_receives_total", "queue",
     "Receives that were answered without a message. After a crash it may be behind."},
    {Id::kQueues, kGauge, "selvage_queues", "", "Queues that there are."},
    {Id::kCommitAnswers, kHistogram, "selvage_commit_answers", "",
     "Answers that one commit let go: how many calls shared it."},
    {Id::kCommitSeconds, kHistogram, "selvage_commit_duration_seconds", "",
     "From when a commit was applied until it was durable: its wait for the sync before, and its "
     "own."},
    {Id::kSyncSeconds, kHistogram, "selvage_sync_duration_seconds", "",
     "What one sync of the store took."},
    {Id::kRequests, kCounter, "selvage_http_requests_total", "action,status",
     "Answered requests by action and HTTP status; action unknown: none of ours."},
    {Id::kRequestSeconds, kHistogram, "selvage_http_request_duration_seconds", "action",
     "From the parsed request to its answer; of receives, their wait included."},
    {Id::kStoreDisk, kGauge, "selvage_store_disk_bytes", "", "Size of the store's files."},
    {Id::kStoreMemory, kGauge, "selvage_store_memory_bytes", "",
     "What the store holds in memory: its buffers and caches, or everything with durability "
     "memory."},
    {Id::kReady, kGauge, "selvage_ready", "", "1 while /readyz says yes, else 0."},
    {Id::kBuildInfo, kGauge, "selvage_build_info", "version", "Always 1."},
    {Id::kProcessCpu, kCounter, "process_cpu_seconds_total", "",
     "CPU time of the process, user and system."},
    {Id::kProcessMemory, kGauge, "process_resident_memory_bytes", "",
     "Resident memory of the process."},
    {Id::kProcessStart, kGauge, "process_start_time_seconds", "",
     "When the process began, in Unix time."},
    {Id::kProcessOpenFiles, kGauge, "process_open_fds", "",
     "Open file descriptors, connections included."},
    {Id::kProcessMaxFiles, kGauge, "process_max_fds", "", "How many it may open."},
};

constexpr bool is_in_order() {
  for (size_t i = 0; i < std::size(kTable); ++i)
    if (static_cast<size_t>(kTable[i].id) != i) return false;
  return true;
}
static_assert(is_in_order(), "metric() finds a line by its id");

constexpr std::string_view kIntroduction = R"(# Metrics

<!-- Printed by `selvage reference metrics` from the table in src/metrics/table.cc. -->

`GET /metrics` answers in the text format of Prometheus. Who may ask, and how to scrape a server
with credentials: [../operate/server.md](../operate/server.md).

| metric | type | labels | |
| --- | --- | --- | --- |
)";

}  // namespace

std::span<const Metric> table() {
  return kTable;
}

const Metric& metric(Id id) {
  return kTable[static_cast<size_t>(id)];
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return "counter";
    case Kind::kGauge:
      return "gauge";
    case Kind::kHistogram:
      return "histogram";
  }
  return "untyped";
}

std::string reference() {
  std::string page(kIntroduction);
  for (const Metric& m : kTable)
    page += fmt::format("| `{}` | {} | {} | {} |\n", m.name, kind_name(m.kind),
                        m.labels.empty() ? "" : fmt::format("`{}`", m.labels), m.help);
  return page;
}

}  // namespace selvage::metrics
