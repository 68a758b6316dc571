// SPDX-License-Identifier: Apache-2.0
#pragma once
// An engine over a journal, for tests: driven as a shard does it, and looked at from outside.

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "queue/engine.h"
#include "queue/journal_fixture.h"

namespace selvage::queue {

// An engine and what it wrote, driven as a shard does it.
struct Driver {
  Engine& engine;
  Journal& journal;
  Mutations* last = nullptr;  // what the last command or advance changed

  Reply ask(Command command, Instant now) const {
    if (engine.is_due(now)) advance(now);
    for (size_t n = 0; n < kMaxPagesAtOnce; ++n)
      if (const auto page = engine.page_before(command))
        engine.load(*page, journal.page(*page), now);
    Mutations before;
    const Reads reads = engine.reads(command, now, before);
    journal.apply(before);
    Mutations out;
    Reply reply = engine.execute(std::move(command), now, out, journal.find(reads));
    journal.apply(out);
    if (last != nullptr) *last = std::move(out);
    return reply;
  }
  void advance(Instant now) const {
    int rounds = 0;
    do {
      SELVAGE_CHECK(++rounds < 1000);  // else time does not pass
      Mutations out;
      engine.advance(now, out);
      journal.apply(out);
      if (last != nullptr) *last = std::move(out);
      for (const Page& page : engine.take_pages()) engine.load(page, journal.page(page), now);
    } while (engine.next_event() <= now || engine.wants_pages());
  }
  void flush() const {
    Mutations out;
    engine.flush(out);
    journal.apply(out);
    journal.audit();
  }
};

// Everything that can be seen of an engine from outside, at one moment.
inline std::string portrait(const Driver& driver, Instant now) {
  const auto ask = [&](Command command) { return driver.ask(std::move(command), now); };
  std::string text;
  const auto say = [&](const auto&... parts) { ((text += std::to_string(parts) + " "), ...); };
  const auto queues = std::get<std::vector<QueueInfo>>(ask(ListQueues{"", "", SIZE_MAX}));
  for (const QueueInfo& q : queues) {
    text += "\n" + q.name + ": ";
    say(q.visible, q.in_flight, q.delayed, to_micros(q.created), to_micros(q.modified));
    const Totals& t = q.totals;
    say(t.sent, t.received, t.deleted, t.handed_over, t.returned, t.failed, t.revoked);
    say(t.dead_lettered, t.expired);
    for (const auto& [key, value] : q.tags) text.append(key).append("=").append(value).append(" ");
    text += q.config.policy;
    const auto page = std::get<Peeked>(ask(Peek{q.name, {}, {}, {}, UINT32_MAX}));
    for (const Delivery& d : page.messages) {
      const Message& m = d.message;
      text += "\n  " + m.id.to_string() + " " + m.group + " " + m.deduplication_id + " " + m.source;
      say(d.receipt.seq.value, static_cast<int>(d.state), to_micros(m.sent), to_micros(m.vest));
      say(to_micros(m.first_received), to_micros(m.leased_at), to_micros(m.freed), m.size, m.taken);
      say(m.taken_before, m.failed, m.token.value, m.session.value, m.leased, m.has_evidence);
      say(to_micros(m.retained_from));
    }
    const auto moves = std::get<std::vector<MoveTask>>(ask(ListMoves{q.name, UINT32_MAX}));
    for (const MoveTask& m : moves) {
      text += "\n  move to '" + m.destination + "' " + m.failure + " ";
      say(m.id.value, m.max_per_second, static_cast<int>(m.status), m.moved, m.to_move);
    }
  }
  return text;
}

}  // namespace selvage::queue
