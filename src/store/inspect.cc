// SPDX-License-Identifier: Apache-2.0
#include "store/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "queue/message_id.h"
#include "store/findings.h"
#include "store/inspect_keys.h"
#include "store/records.h"

namespace selvage::store {
namespace {

using Kind = FindingKind;

const std::string kBeyondAllKeys(64, '\xff');

// What has to be remembered of a message.
struct Seen {
  Seq seq;
  Instant time{};         // of its place, when it waits
  queue::Lane home = 0;   // when its delay is over
  bool has_place = true;  // its payload has to say that it is there
  bool has_evidence = false;
  bool payload_found = false;
  bool evidence_found = false;
};
static_assert(sizeof(Seen) == 24);  // there may be many
struct Moved {                      // one whose id does not say its seq
  MessageId id;
  Seq seq;
  bool found = false;
};
struct Refers {  // to files
  Seq seq;
  ArtifactId artifact;
  bool found = false;
};

template <typename T, typename Key>
T* find_in(std::vector<T>& sorted, const Key& key, Key T::* by) {
  const auto at = std::ranges::lower_bound(sorted, key, {}, by);
  return at == sorted.end() || (*at).*by != key ? nullptr : &*at;
}

struct Queue {
  std::optional<queue::QueueRecord> record;
  QueueCensus census;
  queue::Extent extent;  // as it is found
  // In order once all are there: by seq, by id, by seq.
  std::vector<Seen> messages;
  std::vector<Moved> moved;
  std::vector<Refers> files;

  uint64_t size() const { return census.visible + census.in_flight + census.delayed; }
  Seen* find(Seq seq) { return find_in(messages, seq, &Seen::seq); }
};

class Inspector {
 public:
  Inspector(Store& store, const Question& question) : store_(store), question_(question) {}

  Census inspect() {
    const bool meta = walk(Table::kMeta, [&](auto key, auto value) { see_meta(key, value); });
    const bool waiting = walk(Table::kWaiting, [&](auto key, auto value) {
      see_message(key, read_waiting_key(key), value);
    });
    const bool held = walk(
        Table::kHeld, [&](auto key, auto value) { see_message(key, read_held_key(key), value); });
    all_messages_ = waiting && held;
    walk(Table::kIds, [&](auto key, auto value) { see_id(key, value); });
    if (meta) check_queues();
    sort_messages();
    const bool index = walk(Table::kIndex, [&](auto key, auto value) { see_index(key, value); });
    const bool body = walk(Table::kBody, [&](auto key, auto value) { see_body(key, value); });
    const bool evidence = walk(Table::kEvidence, [&](auto key, auto) { see_evidence(key); });
    for (auto& [home, queue] : queues_) {
      check_messages(queue, body, evidence);
      if (index) check_index(queue);
      if (all_messages_) check_counts(queue);
      if (waiting) check_extent(queue);
    }
    if (meta) check_move_tasks();
    return result();
  }

 private:
  template <typename See>
  bool walk(Table table, See&& see) {
    constexpr std::array<const char*, kTables> kNames = {
        "queues",   "waiting messages", "held messages",    "the index",
        "payloads", "evidence",         "deduplication ids"};
    const auto read =
        store_.scan(table, "", kBeyondAllKeys, [&](std::string_view key, std::string_view value) {
          see(key, value);
          return true;
        });
    if (!read)
      findings_.add(Kind::kTable,
                    fmt::format("the table of {}", kNames[static_cast<size_t>(table)]),
                    "not all of it can be read: " + read.error().message);
    return read.has_value();
  }

  void bad_key(std::string_view what, std::string_view key) {
    findings_.add(Kind::kRecord, fmt::format("the record {}", to_hex(key)),
                  fmt::format("its key is not that of {}", what));
  }
  void bad_record(std::string_view key, const Error& error) {
    findings_.add(Kind::kRecord, fmt::format("the record {}", to_hex(key)), error.message);
  }
  static std::string name_of(const Home& home, const Queue& queue) {
    if (queue.record) return "queue " + queue.record->name;
    return fmt::format("queue number {} of shard {}", home.queue.value, home.shard.value);
  }
  std::string where(const Home& home, Seq seq) {
    return fmt::format("{}, message {}", name_of(home, queues_[home]), seq.value);
  }

  void see_meta(std::string_view key, std::string_view value) {
    Decoder in(key);
    const Home home = home_of(in);
    if (!in.ok()) return bad_key("a queue", key);
    switch (meta_kind(key)) {
      case MetaKind::kQueue:
        return see_queue(home, key, value);
      case MetaKind::kMoveTask:
        return see_move_task(key, value);
      case MetaKind::kUnknown:
        break;
    }
    bad_key("anything that this version knows", key);
  }
  void see_queue(const Home& home, std::string_view key, std::string_view value) {
    const auto record = decode_queue(value);
    if (!record) return bad_record(key, record.error());
    Queue& queue = queues_[home];
    if (record->id != home.queue)
      findings_.add(
          Kind::kRecord, "queue " + record->name,
          fmt::format("its record stands where that of queue number {} belongs", home.queue.value));
    if (!names_.emplace(record->name).second)
      findings_.add(Kind::kTwice, "queue " + record->name, "there are two records of that name");
    queue.census.name = record->name;
    queue.census.fifo = record->config.fifo.has_value();
    queue.record = *record;
  }
  void see_id(std::string_view raw, std::string_view value) {
    const auto key = read_id_key(raw);
    if (!key) return bad_key("a deduplication id", raw);
    const auto known = decode_deduplication(key->at, value);
    if (!known) return bad_record(raw, known.error());
    ++census_.deduplications;
    // One that has expired may still stand there for a while, also when its queue is gone.
    if (known->until <= question_.now) return;
    Queue& queue = queues_[key->home];
    ++queue.census.deduplications;
    const auto wrong = [&](std::string_view what) {
      findings_.add(Kind::kDeduplication, name_of(key->home, queue),
                    fmt::format("the record of its deduplication id '{}' {}", key->at.key, what));
    };
    if (key->at.minute != queue::minute_of(known->until - queue::kDeduplicationWindow))
      wrong("stands in another minute than that in which it came");
    if (queue.record && queue::place_of(known->id) > queue.record->last_seq)
      wrong("is of a message that never was");
  }
  void see_move_task(std::string_view key, std::string_view value) {
    const auto task = decode_move_task(value);
    if (!task) return bad_record(key, task.error());
    ++census_.move_tasks;
    if (task->status != queue::MoveTask::Status::kRunning) return;
    ++census_.running_move_tasks;
    running_.push_back(*task);
  }

  void see_message(std::string_view raw, const std::optional<MessageKey>& key,
                   std::string_view value) {
    if (!key) return bad_key("a message", raw);
    const auto message = decode_message(value);
    if (!message) return bad_record(raw, message.error());
    Queue& queue = queues_[key->home];
    queue.messages.push_back({.seq = key->seq,
                              .time = key->place.time,
                              .home = queue::lane_of(message->group),
                              .has_place = !key->place.is_held(),
                              .has_evidence = message->has_evidence});
    if (queue::place_of(message->id) != key->seq) queue.moved.push_back({message->id, key->seq});
    count(queue, key->place, *message);
    if (key->place.is_held())
      check_lease(*key, *message);
    else
      check_place(queue, *key, *message);
    if (!message->artifact) return;
    queue.files.push_back({key->seq, message->artifact});
    census_.artifacts.emplace(message->artifact, where(key->home, key->seq));
  }
  void count(Queue& queue, const queue::Place& place, const queue::Message& message) {
    // Of a FIFO queue's delay the configuration of now decides, see queue::Stock::load().
    const bool has_queues_delay = place.is_delayed() && queue.census.fifo && queue.record;
    const Instant vest = has_queues_delay ? place.time + queue.record->config.delay : message.vest;
    QueueCensus& census = queue.census;
    const bool waits = vest > question_.now;
    ++(!waits ? census.visible : message.leased ? census.in_flight : census.delayed);
    if (!census.oldest || message.sent < *census.oldest) census.oldest = message.sent;
    if (!waits || !message.leased || !message.session) return;
    ++census_.session_leases;
    census_.sessions.insert(message.session);
  }
  void check_lease(const MessageKey& key, const queue::Message& message) {
    if (!message.leased) return;
    if (!message.token || message.taken == 0)
      findings_.add(Kind::kLease, where(key.home, key.seq),
                    "it is leased, but nobody was ever given it");
    if (message.leased_at > message.vest)
      findings_.add(Kind::kLease, where(key.home, key.seq), "its lease ends before it began");
  }
  void check_place(Queue& queue, const MessageKey& key, const queue::Message& message) {
    const queue::Place& place = key.place;
    ++(place.is_delayed() ? queue.extent.delayed : queue.extent.visible);
    if (!place.is_delayed()) queue.extent.lanes.set(place.lane);
    if (message.leased)
      findings_.add(Kind::kLease, where(key.home, key.seq),
                    "it is leased, but stands among those that wait");
    if (!place.is_delayed() && place.lane != queue::lane_of(message.group))
      findings_.add(Kind::kPlace, where(key.home, key.seq),
                    fmt::format("its record stands in lane {}, but its group has lane {}",
                                place.lane, queue::lane_of(message.group)));
    if (!queue.record) return;
    const bool fits = place.time >= message.retained_from &&
                      place.time <= std::max(message.vest, message.retained_from);
    if (!queue.census.fifo && !fits)
      findings_.add(Kind::kPlace, where(key.home, key.seq),
                    "its record stands at another time than the one in it");
    if (place.time < queue.record->extent.floor)
      findings_.add(Kind::kExtent, where(key.home, key.seq),
                    "it stands before the time from which its queue is read");
  }

  void sort_messages() {
    for (auto& [home, queue] : queues_) {
      std::vector<Seen>& all = queue.messages;
      std::ranges::sort(all, {}, &Seen::seq);
      std::ranges::sort(queue.moved, {}, &Moved::id);
      std::ranges::sort(queue.files, {}, &Refers::seq);
      for (size_t i = 1; i < all.size(); ++i) {
        if (all[i].seq != all[i - 1].seq) continue;
        findings_.add(Kind::kTwice, where(home, all[i].seq), "there are two records of it");
        all[i].has_place = all[i - 1].has_place = false;  // nobody knows which is the true one
      }
      const auto again = std::ranges::unique(all, {}, &Seen::seq);
      all.erase(again.begin(), again.end());
    }
  }

  void see_index(std::string_view raw, std::string_view value) {
    const auto key = read_index_key(raw);
    if (!key) return bad_key("an entry of the index", raw);
    if (key->alias) {
      const auto seq = decode_seq(value);
      if (!seq) return bad_record(raw, seq.error());
      return see_alias(key->home, *key->alias, *seq);
    }
    const auto artifact = decode_id(value);
    if (!artifact) return bad_record(raw, artifact.error());
    see_reference(key->home, *key->refers, *artifact);
  }
  void see_alias(const Home& home, MessageId id, Seq seq) {
    Moved* const moved = find_in(queues_[home].moved, id, &Moved::id);
    if (moved != nullptr && moved->seq == seq)
      moved->found = true;
    else if (all_messages_)
      findings_.add(Kind::kAlias, where(home, seq),
                    fmt::format("the index has it under the id {}, but no message of that id was "
                                "moved there",
                                id.to_string()));
  }
  void see_reference(const Home& home, Seq seq, ArtifactId artifact) {
    Refers* const refers = find_in(queues_[home].files, seq, &Refers::seq);
    if (refers != nullptr) refers->found = true;
    if (refers == nullptr && all_messages_)
      findings_.add(Kind::kNoMessage, where(home, seq),
                    fmt::format("the index says that it refers to artifact {}, but no message "
                                "there does",
                                artifact.to_string()));
    if (refers != nullptr && refers->artifact != artifact)
      findings_.add(Kind::kFiles, where(home, seq),
                    fmt::format("it refers to artifact {}, but the index says {}",
                                refers->artifact.to_string(), artifact.to_string()));
  }

  void see_body(std::string_view raw, std::string_view value) {
    const auto key = read_payload_key(raw);
    if (!key) return bad_key("a payload", raw);
    Queue& queue = queues_[key->home];
    Seen* const message = queue.find(key->seq);
    if (message != nullptr)
      message->payload_found = true;
    else if (all_messages_)
      findings_.add(Kind::kNoMessage, where(key->home, key->seq),
                    "its payload is there, but not the message");
    const auto placed = decode_payload(value);
    if (!placed) return bad_record(raw, placed.error());
    queue.census.payload_bytes += placed->payload.size();
    if (!question_.is_payload(placed->payload))
      findings_.add(Kind::kPayload, where(key->home, key->seq),
                    "its payload is not what a sender wrote");
    if (message != nullptr && message->has_place &&
        placed->place != queue::Place{message->home, message->time})
      findings_.add(Kind::kPlace, where(key->home, key->seq),
                    "its payload says that it stands elsewhere");
  }
  void see_evidence(std::string_view key) {
    const auto place = read_evidence_key(key);
    if (!place) return bad_key("evidence", key);
    ++census_.evidence;
    if (Seen* const message = queues_[place->home].find(place->seq))
      message->evidence_found = true;
    else if (all_messages_)
      findings_.add(Kind::kEvidence, where(place->home, place->seq),
                    "the account of a failed attempt is there, but not the message");
  }

  void check_queues() {
    for (const auto& [home, queue] : queues_) {
      if (queue.record) continue;
      findings_.add(Kind::kNoQueue, name_of(home, queue),
                    fmt::format("{} messages and {} deduplication ids are there, but not the queue",
                                queue.size(), queue.census.deduplications));
    }
  }
  void check_messages(Queue& queue, bool all_payloads, bool all_evidence) {
    for (const Seen& message : queue.messages) {
      const auto name = [&] {
        return fmt::format("{}, message {}", label(queue), message.seq.value);
      };
      if (all_payloads && !message.payload_found)
        findings_.add(Kind::kNoPayload, name(), "its payload is missing");
      if (all_evidence && message.has_evidence && !message.evidence_found)
        findings_.add(Kind::kEvidence, name(), "the account of its failed attempts is missing");
    }
  }
  void check_index(const Queue& queue) {
    for (const Moved& moved : queue.moved)
      if (!moved.found)
        findings_.add(Kind::kAlias, fmt::format("{}, message {}", label(queue), moved.seq.value),
                      fmt::format("it came from another queue, but the index does not have its id "
                                  "{}",
                                  moved.id.to_string()));
    for (const Refers& refers : queue.files)
      if (!refers.found)
        findings_.add(Kind::kFiles, fmt::format("{}, message {}", label(queue), refers.seq.value),
                      fmt::format("it refers to artifact {}, but the index does not say so",
                                  refers.artifact.to_string()));
  }
  void check_extent(const Queue& queue) {
    if (!queue.record) return;
    const queue::Extent& kept = queue.record->extent;
    const queue::Extent& found = queue.extent;
    if (kept.visible != found.visible || kept.delayed != found.delayed)
      findings_.add(Kind::kExtent, label(queue),
                    fmt::format("its record says that {} messages wait and {} are delayed, but {} "
                                "and {} are there",
                                kept.visible, kept.delayed, found.visible, found.delayed));
    if (const queue::LaneSet missed = found.lanes & ~kept.lanes; missed.any())
      findings_.add(Kind::kExtent, label(queue),
                    fmt::format("its record leaves out {} of the {} lanes that have messages",
                                missed.count(), found.lanes.count()));
  }
  static std::string label(const Queue& queue) {
    return "queue " + (queue.record ? queue.record->name : "without a record");
  }
  // Every message was sent into its queue once, and left it in one of these ways.
  void check_counts(const Queue& queue) {
    if (!queue.record) return;
    const queue::Totals& t = queue.record->totals;
    const uint64_t left = t.deleted + t.handed_over + t.dead_lettered + t.expired + t.moved;
    if (t.sent != left + queue.size())
      findings_.add(
          Kind::kCount, label(queue),
          fmt::format("its counters say that {} messages came and {} left, but {} are there",
                      t.sent, left, queue.size()));
    if (!queue.messages.empty() && queue.messages.back().seq > queue.record->last_seq)
      findings_.add(Kind::kLast, label(queue),
                    fmt::format("its record says that message {} was the last, but message {} is "
                                "there",
                                queue.record->last_seq.value, queue.messages.back().seq.value));
  }
  void check_move_tasks() {
    for (const queue::MoveTask& task : running_)
      for (const std::string& queue : {task.source, task.destination})
        if (!queue.empty() && !names_.contains(queue))
          findings_.add(Kind::kMoveTask,
                        fmt::format("the move of messages out of queue {}", task.source),
                        fmt::format("it goes on, but there is no queue {}", queue));
  }

  Census result() {
    for (auto& [home, queue] : queues_) {
      census_.messages += queue.size();
      if (queue.record) census_.queues.push_back(std::move(queue.census));
    }
    std::ranges::sort(census_.queues, {}, &QueueCensus::name);
    return std::move(census_);
  }

  Store& store_;
  const Question question_;
  Census census_;
  Findings findings_{census_};
  std::map<Home, Queue> queues_;
  std::set<std::string> names_;
  std::vector<queue::MoveTask> running_;
  bool all_messages_ = false;  // both tables of messages could be read to their ends
};

}  // namespace

Census inspect(Store& store, const Question& question) {
  return Inspector(store, question).inspect();
}

}  // namespace selvage::store
