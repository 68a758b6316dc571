// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a store would hold after all of an engine's mutations, for tests: a second engine restored
// from it must be the first one again.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "queue/engine.h"

namespace selvage::queue {

// Applies mutations as a store would, and objects to what no store could take.
class Journal {
 public:
  void apply(const Mutations& mutations) {
    for (const Mutation& mutation : mutations) std::visit([&](const auto& m) { put(m); }, mutation);
  }
  void restore_into(Engine& engine, Instant now) const {
    for (const auto& [id, record] : queues_) engine.restore(record);
    for (const auto& [key, known] : deduplication_) engine.restore(known);
    for (const auto& [id, task] : moves_) engine.restore(task, now);
    for (const auto& [place, message] : messages_)
      engine.restore(std::get<QueueId>(place), std::get<Seq>(place), message, now);
  }
  std::string payload(QueueId queue, Seq seq) const {
    const auto at = payloads_.find({queue, seq});
    return at == payloads_.end() ? "(none)" : at->second;
  }
  size_t evidence() const { return evidence_.size(); }
  size_t deduplication() const { return deduplication_.size(); }
  size_t moves() const { return moves_.size(); }
  // How often an artifact was kept less how often it was released.
  int references(ArtifactId artifact) const {
    const auto at = artifacts_.find(artifact);
    return at == artifacts_.end() ? 0 : at->second;
  }
  // Every message has one record and one payload, and nothing else is left.
  void audit() const {
    std::map<Place, int> records;
    for (const auto& [place, message] : messages_) {
      ++records[{std::get<QueueId>(place), std::get<Seq>(place)}];
      EXPECT_EQ(std::get<Instant>(place), message.vest);
    }
    for (const auto& [place, count] : records) {
      EXPECT_EQ(count, 1);
      EXPECT_TRUE(payloads_.contains(place));
      EXPECT_TRUE(queues_.contains(place.first));
    }
    EXPECT_EQ(records.size(), payloads_.size());
    for (const auto& [place, at] : evidence_) EXPECT_TRUE(payloads_.contains(place));
    for (const auto& [key, known] : deduplication_) EXPECT_TRUE(queues_.contains(key.first));
  }

 private:
  using Place = std::pair<QueueId, Seq>;

  void put(const PutQueue& m) { queues_[m.record.id] = m.record; }
  void put(const DropQueue& m) {
    queues_.erase(m.queue);
    std::erase_if(deduplication_, [&](const auto& d) { return d.first.first == m.queue; });
    put(DropMessages{m.queue});
  }
  void put(const DropMessages& m) {
    std::erase_if(messages_, [&](const auto& e) { return std::get<QueueId>(e.first) == m.queue; });
    std::erase_if(payloads_, [&](const auto& e) { return e.first.first == m.queue; });
    std::erase_if(evidence_, [&](const auto& e) { return e.first.first == m.queue; });
  }
  void put(const PutMessage& m) { messages_[{m.queue, m.message.vest, m.seq}] = m.message; }
  void put(const DropMessage& m) { EXPECT_EQ(messages_.erase({m.queue, m.vest, m.seq}), 1u); }
  void put(const PutPayload& m) {
    EXPECT_TRUE(payloads_.emplace(Place(m.queue, m.seq), m.payload).second);
  }
  void put(const DropPayload& m) {
    EXPECT_EQ(payloads_.erase({m.queue, m.seq}), 1u);
    const size_t found = evidence_.erase({m.queue, m.seq});
    EXPECT_EQ(found > 0, m.has_evidence);
  }
  void put(const MovePayload& m) {
    auto payload = payloads_.extract({m.from_queue, m.from});
    EXPECT_FALSE(payload.empty()) << "a payload that is not there cannot move";
    if (payload.empty()) return;
    payload.key() = {m.to_queue, m.to};
    EXPECT_TRUE(payloads_.insert(std::move(payload)).inserted);
    EXPECT_EQ(m.has_evidence, evidence_.contains({m.from_queue, m.from}));
    while (auto evidence = evidence_.extract({m.from_queue, m.from})) {
      evidence.key() = {m.to_queue, m.to};
      evidence_.insert(std::move(evidence));
    }
  }
  void put(const AddEvidence& m) { evidence_.emplace(Place(m.queue, m.seq), m.evidence); }
  void put(const KeepArtifact& m) { ++artifacts_[m.artifact]; }
  void put(const ReleaseArtifact& m) { --artifacts_[m.artifact]; }
  void put(const PutDeduplication& m) { deduplication_[{m.queue, m.key}] = m; }
  void put(const DropDeduplication& m) { EXPECT_EQ(deduplication_.erase({m.queue, m.key}), 1u); }
  void put(const PutMoveTask& m) { moves_[m.task.id] = m.task; }
  void put(const DropMoveTask& m) { EXPECT_EQ(moves_.erase(m.task), 1u); }

  std::map<QueueId, QueueRecord> queues_;
  std::map<std::tuple<QueueId, Instant, Seq>, Message> messages_;
  std::map<Place, std::string> payloads_;
  std::multimap<Place, std::string> evidence_;
  std::map<ArtifactId, int> artifacts_;
  std::map<std::pair<QueueId, std::string>, PutDeduplication> deduplication_;
  std::map<MoveTaskId, MoveTask> moves_;
};

// Everything that can be seen of an engine from outside, at one moment.
inline std::string portrait(Engine& engine, Instant now) {
  Mutations ignored;
  const auto ask = [&](Command command) {
    return engine.execute(std::move(command), now, ignored);
  };
  std::string text;
  const auto say = [&](const auto&... parts) { ((text += std::to_string(parts) + " "), ...); };
  const auto queues = std::get<std::vector<QueueInfo>>(ask(ListQueues{"", "", SIZE_MAX}));
  for (const QueueInfo& q : queues) {
    text += "\n" + q.name + ": ";
    say(q.visible, q.in_flight, q.delayed, to_micros(q.created), to_micros(q.modified));
    const Totals& t = q.totals;
    say(t.sent, t.received, t.deleted, t.handed_over, t.returned, t.failed, t.revoked);
    say(t.dead_lettered, t.expired);
    for (const auto& [key, value] : q.tags) text += key + "=" + value + " ";
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
