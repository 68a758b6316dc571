// SPDX-License-Identifier: Apache-2.0
#pragma once
// check-length: one store, all of its tables together
// What a store would hold after all of an engine's mutations, for tests: a second engine
// restored from it must be the first one again.

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/check.h"
#include "queue/engine.h"
#include "queue/message_id.h"

namespace selvage::queue {

// Applies mutations as a store would, and objects to what no store could take.
class Journal {
 public:
  struct Work {  // that it was asked to do; records and pages: read
    uint64_t mutations = 0, pages = 0, records = 0;
    bool operator==(const Work&) const = default;
  };
  const Work& work() const { return work_; }
  void apply(const Mutations& mutations) {
    work_.mutations += mutations.size();
    for (const Mutation& mutation : mutations) std::visit([&](const auto& m) { put(m); }, mutation);
  }
  void restore_into(Engine& engine, Instant now) const {
    for (const auto& [id, record] : queues_) engine.restore(record);
    for (const auto& [id, task] : moves_) engine.restore(task, now);
    for (const auto& [at, message] : held_) engine.restore(at.first, at.second, message, now);
  }
  std::string payload(QueueId queue, Seq seq) const {
    const auto at = payloads_.find({queue, seq});
    return at == payloads_.end() ? "(none)" : at->second.text;
  }
  std::vector<std::string> evidence_of(QueueId queue, Seq seq) const {
    std::vector<std::string> found;
    const auto [first, last] = evidence_.equal_range({queue, seq});
    for (auto at = first; at != last; ++at) found.push_back(at->second);
    return found;
  }
  size_t evidence() const { return evidence_.size(); }
  size_t ids() const { return ids_.size(); }
  size_t moves() const { return moves_.size(); }
  // How many messages there are that refer to it.
  int64_t references(ArtifactId artifact) const {
    const auto refers = [&](const auto& p) { return p.second.artifact == artifact; };
    return std::ranges::count_if(payloads_, refers);
  }
  // ---- what the engine wants to see
  std::vector<Located> page(const Page& page) const {
    std::vector<Located> records;
    const Key first{page.queue, {page.lane, page.from.time}, page.from.seq};
    for (auto at = waiting_.lower_bound(first); at != waiting_.end(); ++at) {
      const auto& [queue, place, seq] = at->first;
      if (queue != page.queue || place.lane != page.lane || records.size() == page.limit) break;
      records.push_back({queue, seq, place, at->second});
    }
    ++work_.pages;
    work_.records += records.size();
    return records;
  }
  Found find(const Reads& reads) const {
    Found answers;
    std::vector<Located>& found = answers.messages;
    for (const Lookup& lookup : reads.messages) {
      Seq seq = lookup.seq;
      if (lookup.id) {
        const auto alias = aliases_.find({lookup.queue, *lookup.id});
        seq = alias == aliases_.end() ? place_of(*lookup.id) : alias->second;
      }
      find_at(lookup.queue, seq, found);
    }
    for (const Page& wanted : reads.pages) std::ranges::move(page(wanted), back_inserter(found));
    for (const IdPlace& at : reads.ids)
      if (const auto known = ids_.find(at); known != ids_.end())
        answers.ids.push_back(known->second);
    return answers;
  }

  // Every message has one record, where its payload says, and one payload; nothing else is left;
  // and the counts that are kept of it are right.
  void audit() const {
    std::map<QueueId, Extent> extents;
    size_t records = held_.size();
    for (const auto& [key, message] : waiting_) {
      const auto& [queue, place, seq] = key;
      ++records;
      const Extent& kept = queues_.at(queue).extent;
      ++(place.is_delayed() ? extents[queue].delayed : extents[queue].visible);
      SELVAGE_CHECK(place.is_delayed() || kept.lanes.test(place.lane));
      SELVAGE_CHECK(place.time >= kept.floor);
      SELVAGE_CHECK(payloads_.contains({queue, seq}));
      SELVAGE_CHECK(payloads_.at({queue, seq}).place == Place(lane_of(message.group), place.time));
      SELVAGE_CHECK(payloads_.at({queue, seq}).artifact == message.artifact);
    }
    for (const auto& [at, message] : held_) SELVAGE_CHECK(payloads_.contains(at));
    SELVAGE_CHECK(records == payloads_.size());
    for (const auto& [id, record] : queues_) {
      SELVAGE_CHECK(record.extent.visible == extents[id].visible);
      SELVAGE_CHECK(record.extent.delayed == extents[id].delayed);
    }
    for (const auto& [at, text] : evidence_) SELVAGE_CHECK(payloads_.contains(at));
    for (const auto& [at, seq] : aliases_) SELVAGE_CHECK(payloads_.contains({at.first, seq}));
    for (const auto& [at, known] : ids_) SELVAGE_CHECK(queues_.contains(at.queue));
  }

 private:
  using Key = std::tuple<QueueId, Place, Seq>;
  using At = std::pair<QueueId, Seq>;
  struct Stored {
    Place place;
    std::string text;
    ArtifactId artifact;
  };

  void find_at(QueueId queue, Seq seq, std::vector<Located>& found) const {
    const auto payload = payloads_.find({queue, seq});
    if (payload == payloads_.end()) return;
    ++work_.records;
    const Place home = payload->second.place;
    for (const Place& place : {home, Place{kDelayedLane, home.time}})
      if (const auto at = waiting_.find({queue, place, seq}); at != waiting_.end())
        found.push_back({queue, seq, place, at->second});
    if (const auto at = held_.find({queue, seq}); at != held_.end())
      found.push_back({queue, seq, kHeldPlace, at->second});
  }

  void put(const PutQueue& m) { queues_[m.record.id] = m.record; }
  void put(const DropQueue& m) {
    queues_.erase(m.queue);
    std::erase_if(ids_, [&](const auto& known) {
      const bool is_named = std::ranges::find(m.minutes, known.first.minute) != m.minutes.end();
      return is_named && known.first.queue == m.queue;
    });
    put(DropMessages{m.queue});
  }
  void put(const DropMessages& m) {
    std::erase_if(waiting_, [&](const auto& e) { return std::get<QueueId>(e.first) == m.queue; });
    std::erase_if(held_, [&](const auto& e) { return e.first.first == m.queue; });
    std::erase_if(payloads_, [&](const auto& e) { return e.first.first == m.queue; });
    std::erase_if(evidence_, [&](const auto& e) { return e.first.first == m.queue; });
    std::erase_if(aliases_, [&](const auto& e) { return e.first.first == m.queue; });
  }
  void put(const PutMessage& m) {
    if (m.place.is_held())
      held_[{m.queue, m.seq}] = m.message;
    else
      waiting_[{m.queue, m.place, m.seq}] = m.message;
  }
  void put(const DropMessage& m) {
    const size_t gone = m.place.is_held() ? held_.erase({m.queue, m.seq})
                                          : waiting_.erase({m.queue, m.place, m.seq});
    SELVAGE_CHECK(gone == 1);
  }
  void put(const PutPayload& m) {
    const Stored stored{m.place, m.payload, m.artifact};
    SELVAGE_CHECK(payloads_.emplace(At(m.queue, m.seq), stored).second);
  }
  void put(const PlacePayload& m) { payloads_.at({m.queue, m.seq}).place = m.place; }
  void put(const ReplacePayload& m) { payloads_.at({m.queue, m.seq}).text = m.payload; }
  void put(const DropPayload& m) {
    SELVAGE_CHECK(payloads_.erase({m.queue, m.seq}) == 1);
    SELVAGE_CHECK((evidence_.erase({m.queue, m.seq}) > 0) == m.has_evidence);
    SELVAGE_CHECK(aliases_.erase({m.queue, m.id}) == (place_of(m.id) == m.seq ? 0 : 1));
  }
  void put(const MovePayload& m) {
    auto payload = payloads_.extract({m.from_queue, m.from});
    SELVAGE_CHECK(!payload.empty());
    payload.key() = {m.to_queue, m.to};
    payload.mapped().place = m.place;
    SELVAGE_CHECK(payload.mapped().artifact == m.artifact);
    SELVAGE_CHECK(payloads_.insert(std::move(payload)).inserted);
    SELVAGE_CHECK(aliases_.erase({m.from_queue, m.former_id}) ==
                  (place_of(m.former_id) == m.from ? 0 : 1));
    if (place_of(m.id) != m.to) aliases_[{m.to_queue, m.id}] = m.to;
    SELVAGE_CHECK(m.has_evidence == evidence_.contains({m.from_queue, m.from}));
    while (auto evidence = evidence_.extract({m.from_queue, m.from})) {
      evidence.key() = {m.to_queue, m.to};
      evidence_.insert(std::move(evidence));
    }
  }
  void put(const AddEvidence& m) { evidence_.emplace(At(m.queue, m.seq), m.evidence); }
  void put(const PutDeduplication& m) { ids_[m.at] = m; }
  void put(const DropDeduplications& m) {
    std::erase_if(ids_, [&](const auto& known) { return known.first.minute < m.before; });
  }
  void put(const PutMoveTask& m) { moves_[m.task.id] = m.task; }
  void put(const DropMoveTask& m) { SELVAGE_CHECK(moves_.erase(m.task) == 1); }

  std::map<QueueId, QueueRecord> queues_;
  std::map<Key, Message> waiting_;
  std::map<At, Message> held_;
  std::map<At, Stored> payloads_;
  std::multimap<At, std::string> evidence_;
  std::map<std::pair<QueueId, MessageId>, Seq> aliases_;
  std::map<IdPlace, PutDeduplication> ids_;
  std::map<MoveTaskId, MoveTask> moves_;
  mutable Work work_;
};

}  // namespace selvage::queue
