// SPDX-License-Identifier: Apache-2.0
#pragma once
// What FIFO queues have been sent lately, so that a repeated send is answered like the first and
// adds nothing. It outlives the messages: deleting one does not make room for its double.
//
// The ids stand in the store, by the minute in which they came. In memory is a filter of each
// minute: two bytes an id, and it is certain of those that it does not have.
//
//            11:58   11:59   12:00   12:01   12:02   12:03
//   store    ▒▒▒▒    ▒▒▒     ▒▒▒▒▒   ▒▒▒     ▒▒▒▒▒   ▒▒
//   filter                   ███▒▒   ███     ▒▒▒▒▒   ▒▒      (started anew at 12:01:30)
//            looked for in the store         denied without
//
// An id that the filter of a minute does not deny is looked for there in the store, and so is every
// id in a minute of which there is no filter: from before this process began, or given up because
// there are too many ids. So nothing has to be read at the start. When the last id of a minute has
// expired, all of it is dropped as one range.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "queue/command.h"
#include "queue/id_filter.h"

namespace selvage::queue {

// How long a send is remembered, counted from the first one (SendMessage, MessageDeduplicationId).
inline constexpr Duration kDeduplicationWindow = std::chrono::minutes(5);

using Minute = uint32_t;  // since 1970; part of the format of what is stored
Minute minute_of(Instant at);

// Where the record of an id stands in the store.
struct IdPlace {
  Minute minute = 0;
  QueueId queue;
  std::string key;  // see Deduplication::key()
  auto operator<=>(const IdPlace&) const = default;
};

// Of all queues of an engine.
// 1. Every id of the store that has not expired is of one of its minutes.
// 2. A minute that is `whole` has the hash of every id of it in one of its filters.
// 3. The filters take no more than `most_bytes`.
// Not thread-safe.
class Deduplication {
 public:
  // `seed`: so that nobody can choose ids that the filters take for each other, which would cost
  // reads. Nothing else depends on it.
  Deduplication(size_t most_bytes, uint64_t seed) : most_bytes_(most_bytes), seed_(seed) {}

  // By what two sends are the same: within one group, or anywhere in the queue.
  static std::string key(const Fifo& fifo, std::string_view group, std::string_view id);

  // Recovery: an earlier process was sent ids until `last`, and no later.
  void restore(Instant last);

  // Appends where the store may have it, the latest minute first; nothing if it is surely new.
  void look_up(QueueId queue, const std::string& key, std::vector<IdPlace>& out) const;
  // It has come now: where its record is to stand.
  IdPlace remember(QueueId queue, std::string key, Instant now);

  // Forgets what has expired: of the store everything before the minute that it returns has; then
  // nullopt until next_expiry().
  std::optional<Minute> expire(Instant now);
  Instant next_expiry() const;          // kNever when nothing is remembered
  std::vector<Minute> minutes() const;  // that the store may have ids of

  size_t bytes() const { return bytes_; }
  void audit() const;  // CHECKs the invariants, as far as they can be seen here

 private:
  struct Ids {
    bool is_whole = true;
    size_t count = 0;  // of this process
    std::vector<IdFilter> filters;
  };
  uint64_t hash_of(QueueId queue, std::string_view key) const;
  Ids& ids_of(Minute minute);
  size_t next_capacity(Minute minute, const Ids& ids) const;
  void give_up_filters();

  const size_t most_bytes_;
  const uint64_t seed_;
  std::map<Minute, Ids> minutes_;
  std::optional<Minute> last_of_before_;  // an earlier process may have left ids up to this one
  size_t bytes_ = 0;                      // of all filters
};

}  // namespace selvage::queue
