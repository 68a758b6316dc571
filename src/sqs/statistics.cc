// SPDX-License-Identifier: Apache-2.0
// Selvage.Statistics: exact counts of every queue, now and since it was created.
#include "sqs/actions.h"

namespace selvage::sqs {

void statistics(const CallPtr& call) {
  constexpr size_t kMaxQueues = 100'000;
  call->submit<std::vector<queue::QueueInfo>>(
      queue::ListQueues{.prefix = "", .after = "", .max = kMaxQueues},
      [](Call& c, const std::vector<queue::QueueInfo>& queues) {
        std::string json;
        wire::JsonWriter out(json);
        out.begin_object().key("Queues").begin_array();
        for (const queue::QueueInfo& q : queues) {
          const auto field = [&](std::string_view name, uint64_t value) {
            out.field(name, static_cast<int64_t>(value));
          };
          out.begin_object().field("Name", q.name);
          field("Visible", q.visible);
          field("InFlight", q.in_flight);
          field("Delayed", q.delayed);
          field("Sent", q.totals.sent);
          field("Received", q.totals.received);
          field("Deleted", q.totals.deleted);
          field("HandedOver", q.totals.handed_over);
          field("Returned", q.totals.returned);
          field("Failed", q.totals.failed);
          field("Revoked", q.totals.revoked);
          field("DeadLettered", q.totals.dead_lettered);
          field("Expired", q.totals.expired);
          field("Moved", q.totals.moved);
          if (q.config.gate.until != Instant{}) {
            field("MostInFlight", q.config.gate.most_in_flight);
            out.field("GateUntilUs", to_micros(q.config.gate.until));
          }
          if (q.oldest != kNever) out.field("OldestAtUs", to_micros(q.oldest));
          out.end_object();
        }
        out.end_array().end_object();
        c.answer_json(std::move(json));
      });
}

}  // namespace selvage::sqs
