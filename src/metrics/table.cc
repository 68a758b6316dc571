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
    {Id::kQueueVisible, "selvage_queue_messages_visible", kGauge, "queue",
     "Messages that can be received now."},
    {Id::kQueueInFlight, "selvage_queue_messages_in_flight", kGauge, "queue",
     "Messages that a receiver holds."},
    {Id::kQueueDelayed, "selvage_queue_messages_delayed", kGauge, "queue",
     "Messages that cannot be received yet."},
    {Id::kQueueOldestAge, "selvage_queue_oldest_message_age_seconds", kGauge, "queue",
     "Age of the oldest message that was not deleted, in flight or not; 0 without one. A delay of "
     "more than 15 minutes does not count."},
    {Id::kQueueSent, "selvage_queue_messages_sent_total", kCounter, "queue",
     "Messages that came into the queue since it was made, dead letters included."},
    {Id::kQueueReceived, "selvage_queue_messages_received_total", kCounter, "queue",
     "Deliveries, repeated ones included."},
    {Id::kQueueDeleted, "selvage_queue_messages_deleted_total", kCounter, "queue",
     "Messages that were deleted, by purging too."},
    {Id::kQueueDeadLettered, "selvage_queue_messages_dead_lettered_total", kCounter, "queue",
     "Messages that went from here to the dead-letter queue."},
    {Id::kQueueEmptyReceives, "selvage_queue_empty_receives_total", kCounter, "queue",
     "Receives that were answered without a message. After a crash it may be behind."},
    {Id::kQueues, "selvage_queues", kGauge, "", "Queues that there are."},
    {Id::kCommitAnswers, "selvage_commit_answers", kHistogram, "",
     "Answers that one commit let go: how many calls shared it."},
    {Id::kCommitSeconds, "selvage_commit_duration_seconds", kHistogram, "",
     "From when a commit was applied until it was durable: its wait for the sync before, and its "
     "own."},
    {Id::kSyncSeconds, "selvage_sync_duration_seconds", kHistogram, "",
     "What one sync of the store took."},
    {Id::kRequests, "selvage_http_requests_total", kCounter, "action,status",
     "Answered requests by action and HTTP status; action unknown: none of ours."},
    {Id::kRequestSeconds, "selvage_http_request_duration_seconds", kHistogram, "action",
     "From the parsed request to its answer; of receives, their wait included."},
    {Id::kStoreDisk, "selvage_store_disk_bytes", kGauge, "", "Size of the store's files."},
    {Id::kStoreMemory, "selvage_store_memory_bytes", kGauge, "",
     "What the store holds in memory: its buffers and caches, or everything with durability "
     "memory."},
    {Id::kReady, "selvage_ready", kGauge, "", "1 while /readyz says yes, else 0."},
    {Id::kBuildInfo, "selvage_build_info", kGauge, "version", "Always 1."},
    {Id::kProcessCpu, "process_cpu_seconds_total", kCounter, "",
     "CPU time of the process, user and system."},
    {Id::kProcessMemory, "process_resident_memory_bytes", kGauge, "",
     "Resident memory of the process."},
    {Id::kProcessStart, "process_start_time_seconds", kGauge, "",
     "When the process began, in Unix time."},
    {Id::kProcessOpenFiles, "process_open_fds", kGauge, "",
     "Open file descriptors, connections included."},
    {Id::kProcessMaxFiles, "process_max_fds", kGauge, "", "How many it may open."},
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
