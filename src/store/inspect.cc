// SPDX-License-Identifier: Apache-2.0
#include "store/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "store/records.h"

namespace selvage::store {
namespace {

constexpr uint64_t kToldOfAKind = 10;
const std::string kBeyondAllKeys(64, '\xff');

// ---- what a person is told

enum class Kind : uint8_t {
  kTable,
  kRecord,
  kNoQueue,
  kTwice,
  kNoPayload,
  kNoMessage,
  kPayload,
  kCount,
  kLast,
  kLease,
  kEvidence,
  kDeduplication,
  kMoveTask,
};
constexpr size_t kKinds = 13;

std::string_view advice(Kind kind) {
  switch (kind) {
    case Kind::kTable:
      return "restore a backup: nobody can tell what was in the part that cannot be read";
    case Kind::kRecord:
    case Kind::kNoQueue:
    case Kind::kTwice:
    case Kind::kMoveTask:
    case Kind::kDeduplication:
      return "restore a backup: a server refuses to start with this";
    case Kind::kNoPayload:
      return "restore a backup; without one, this message is lost, the others are served";
    case Kind::kPayload:
      return "restore a backup; without one, this message is never delivered, the others are";
    case Kind::kNoMessage:
      return "restore a backup if messages are missing; the payload itself takes room until its "
             "queue is deleted and does no harm";
    case Kind::kCount:
      return "restore a backup if the queue's statistics matter to you; its messages are served";
    case Kind::kLast:
      return "restore a backup: a server would stop when a message is sent to this queue";
    case Kind::kLease:
      return "restore a backup if you can; the message becomes visible when its lease ends";
    case Kind::kEvidence:
      return "nothing has to be done for the messages: only the account of failed attempts is "
             "affected";
  }
  return "";
}

class Findings {
 public:
  explicit Findings(Census& census) : census_(census) {}
  void add(Kind kind, std::string where, std::string what) {
    if (++told_[static_cast<size_t>(kind)] > kToldOfAKind)
      ++census_.more_findings;
    else
      census_.findings.push_back({std::move(where), std::move(what), std::string(advice(kind))});
  }

 private:
  Census& census_;
  std::array<uint64_t, kKinds> told_{};
};

// ---- keys, by untrusting eyes

struct Home {  // of everything that is of one queue
  ShardIndex shard;
  QueueId queue;
  auto operator<=>(const Home&) const = default;
};

Home home_of(Decoder& key) {
  const ShardIndex shard{key.u16()};
  return {shard, QueueId{key.u64()}};
}

struct MessageKey {
  Home home;
  Instant vest{};
  Seq seq;
};
std::optional<MessageKey> read_message_key(std::string_view key) {
  Decoder in(key);
  MessageKey found{.home = home_of(in), .seq = {}};
  found.vest = from_micros(in.i64());
  found.seq = {in.u64()};
  return in.ok() && in.at_end() ? std::optional(found) : std::nullopt;
}

struct PayloadKey {
  Home home;
  Seq seq;
};
std::optional<PayloadKey> read_payload_key(std::string_view key) {
  Decoder in(key);
  PayloadKey found{.home = home_of(in), .seq = {}};
  found.seq = {in.u64()};
  return in.ok() && in.at_end() ? std::optional(found) : std::nullopt;
}
std::optional<PayloadKey> read_evidence_key(std::string_view key) {
  constexpr size_t kTime = 8;
  return read_payload_key(key.substr(0, key.size() - std::min(key.size(), kTime)));
}

// ---- the walk

// What has to be remembered of a message.
struct Seen {
  Seq seq;
  bool has_evidence = false;
  bool payload_found = false;
  bool evidence_found = false;
};

struct Queue {
  std::optional<queue::QueueRecord> record;
  QueueCensus census;
  std::vector<Seen> messages;  // by seq, once all are there

  uint64_t size() const { return census.visible + census.in_flight + census.delayed; }
  Seen* find(Seq seq) {
    const auto at = std::ranges::lower_bound(messages, seq, {}, &Seen::seq);
    return at == messages.end() || at->seq != seq ? nullptr : &*at;
  }
};

class Inspector {
 public:
  Inspector(Store& store, const Question& question) : store_(store), question_(question) {}

  Census inspect() {
    const bool meta = walk(Table::kMeta, [&](auto key, auto value) { see_meta(key, value); });
    const bool state = walk(Table::kState, [&](auto key, auto value) { see_state(key, value); });
    all_messages_ = state;
    if (meta) check_queues();
    sort_messages();
    const bool body = walk(Table::kBody, [&](auto key, auto value) { see_body(key, value); });
    const bool evidence = walk(Table::kEvidence, [&](auto key, auto) { see_evidence(key); });
    for (auto& [home, queue] : queues_) {
      check_messages(queue, body, evidence);
      if (state) check_counts(queue);
    }
    if (meta) check_move_tasks();
    return result();
  }

 private:
  template <typename See>
  bool walk(Table table, See&& see) {
    constexpr std::array<const char*, kTables> kNames = {"queues", "messages", "payloads",
                                                         "evidence"};
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
      case MetaKind::kDeduplication:
        return see_deduplication(home, key, value);
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
  void see_deduplication(const Home& home, std::string_view key, std::string_view value) {
    const auto known = decode_deduplication(value);
    if (!known) return bad_record(key, known.error());
    ++census_.deduplications;
    Queue& queue = queues_[home];
    ++queue.census.deduplications;
    if (known->queue != home.queue || key != deduplication_key(home.shard, home.queue, known->key))
      findings_.add(Kind::kDeduplication, name_of(home, queue),
                    fmt::format("the record of its deduplication id '{}' belongs to another place",
                                known->key));
  }
  void see_move_task(std::string_view key, std::string_view value) {
    const auto task = decode_move_task(value);
    if (!task) return bad_record(key, task.error());
    ++census_.move_tasks;
    if (task->status != queue::MoveTask::Status::kRunning) return;
    ++census_.running_move_tasks;
    running_.push_back(*task);
  }

  void see_state(std::string_view key, std::string_view value) {
    const auto place = read_message_key(key);
    if (!place) return bad_key("a message", key);
    const auto message = decode_message(value);
    if (!message) return bad_record(key, message.error());
    Queue& queue = queues_[place->home];
    queue.messages.push_back({.seq = place->seq, .has_evidence = message->has_evidence});
    count(queue.census, *message);
    if (message->vest != place->vest)
      findings_.add(Kind::kRecord, where(place->home, place->seq),
                    "its record stands at another time than the one in it");
    if (message->leased && (!message->token || message->taken == 0))
      findings_.add(Kind::kLease, where(place->home, place->seq),
                    "it is leased, but nobody was ever given it");
    if (message->leased && message->leased_at > message->vest)
      findings_.add(Kind::kLease, where(place->home, place->seq), "its lease ends before it began");
    if (message->artifact)
      census_.artifacts.emplace(message->artifact, where(place->home, place->seq));
  }
  void count(QueueCensus& census, const queue::Message& message) {
    const bool waits = message.vest > question_.now;
    ++(!waits ? census.visible : message.leased ? census.in_flight : census.delayed);
    if (!census.oldest || message.sent < *census.oldest) census.oldest = message.sent;
    if (!waits || !message.leased || !message.session) return;
    ++census_.session_leases;
    census_.sessions.insert(message.session);
  }

  void sort_messages() {
    for (auto& [home, queue] : queues_) {
      std::vector<Seen>& all = queue.messages;
      std::ranges::sort(all, {}, &Seen::seq);
      for (auto at = all.begin(); at != all.end(); ++at)
        if (at != all.begin() && at->seq == std::prev(at)->seq)
          findings_.add(Kind::kTwice, where(home, at->seq), "there are two records of it");
      const auto again = std::ranges::unique(all, {}, &Seen::seq);
      all.erase(again.begin(), again.end());
    }
  }

  void see_body(std::string_view key, std::string_view value) {
    const auto place = read_payload_key(key);
    if (!place) return bad_key("a payload", key);
    Queue& queue = queues_[place->home];
    queue.census.payload_bytes += value.size();
    if (Seen* const message = queue.find(place->seq))
      message->payload_found = true;
    else if (all_messages_)
      findings_.add(Kind::kNoMessage, where(place->home, place->seq),
                    "its payload is there, but not the message");
    if (!question_.is_payload(value))
      findings_.add(Kind::kPayload, where(place->home, place->seq),
                    "its payload is not what a sender wrote");
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
  bool all_messages_ = false;  // the table of messages could be read to its end
};

}  // namespace

Census inspect(Store& store, const Question& question) {
  return Inspector(store, question).inspect();
}

}  // namespace selvage::store
