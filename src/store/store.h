// SPDX-License-Identifier: Apache-2.0
#pragma once
// The durability port: ordered records in a few tables, written in atomic batches, fenced by
// epochs. What the records mean is in records.h; a store sees bytes. The contract is proved for
// every store by contract_test.h; memory_store.h is the reference.

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/function_ref.h"
#include "base/ids.h"

namespace selvage::store {

enum class Table : uint8_t {
  kMeta,      // shards, queues and what belongs to them
  kWaiting,   // one small record per message that waits, by lane: see queue/place.h
  kHeld,      // the same of those that somebody received
  kIndex,     // moved messages by their id; which message refers to which files
  kBody,      // payloads
  kEvidence,  // what failed attempts left behind
  kIds,       // deduplication ids, by the minute in which they came
};
inline constexpr int kTables = 7;

// Keys are ordered by their bytes, as unsigned numbers. A key is never empty.
struct Write {
  Table table;
  std::string key;
  std::optional<std::string> value;  // nullopt deletes; deleting an absent key is fine
};

struct RangeDelete {  // nothing when last <= first
  Table table;
  std::string first;  // inclusive
  std::string last;   // exclusive
};

// Becomes visible and durable together or not at all. Range deletes take effect before writes; of
// two writes to one key the later wins.
struct Batch {
  std::vector<RangeDelete> ranges;
  std::vector<Write> writes;
  bool empty() const { return ranges.empty() && writes.empty(); }
};

struct Statistics {
  uint64_t bytes_on_disk = 0;
  uint64_t bytes_in_memory = 0;
};

// apply() and sync() may be called from different threads at the same time; everything else from
// one thread at a time, reads also beside apply and sync, and one checkpoint() beside everything.
class Store {
 public:
  virtual ~Store() = default;

  // Takes ownership of a shard and fences its former owner: from now on that one's apply() fails.
  // Returns the new epoch, higher than every one before. Durable when it returns.
  virtual Result<uint64_t> claim(ShardIndex shard) = 0;

  // Writes a batch of a shard that was claimed with `epoch`. Visible to reads when it returns;
  // durable only after a sync() that began later has succeeded.
  // Failure: nothing of it was written, or the store refuses everything from now on (after a write
  // error nobody knows what the disk holds: stop, reopen, recover). kDiskFull, kRetry, or kGiveUp
  // when the epoch is stale.
  virtual Result<void> apply(ShardIndex shard, uint64_t epoch, Batch batch) = 0;

  // Makes everything applied before the call durable. Failure: as for apply; what was not yet
  // synced may be lost.
  virtual Result<void> sync() = 0;

  // Calls back for each record with first <= key < last in key order, until the callback returns
  // false. Shows the records of one moment: of a batch applied meanwhile all or nothing. Views are
  // valid during the callback, which must not call the store. Failure: kCorruption.
  virtual Result<void> scan(
      Table table, std::string_view first, std::string_view last,
      FunctionRef<bool(std::string_view key, std::string_view value)> each) = 0;

  // The values of `keys`, in their order; nullopt where there is none. Failure: kCorruption.
  virtual Result<std::vector<std::optional<std::string>>> read(
      Table table, const std::vector<std::string>& keys) = 0;

  // From any thread, beside everything else; must cost no more than a few milliseconds.
  virtual Statistics statistics() = 0;

  // Makes a copy that the same kind of store opens: everything applied before the call, of a batch
  // applied meanwhile all or nothing. `path` is absolute and does not exist, its parent does. The
  // copy is durable on return, but for its own name. Holds up apply() and sync() no longer than a
  // sync does. Gives up between two files when `stop` is asked for.
  // Failure: kGiveUp when this store keeps nothing, or was stopped; kDiskFull, kSettings (about
  // `path`), or as sync(). What was copied so far is left at `path`, for the caller to remove.
  virtual Result<void> checkpoint([[maybe_unused]] const std::string& path,
                                  [[maybe_unused]] const std::stop_token& stop) {
    return failure(ErrorCode::kGiveUp,
                   "this server keeps everything in memory and nothing on disk: there is nothing "
                   "to copy");
  }
};

// The failure of apply() for an owner that was fenced, the same sentence in every store.
inline Error stale_epoch(ShardIndex shard, uint64_t epoch) {
  return Error{ErrorCode::kGiveUp, "shard " + std::to_string(shard.value) +
                                       " does not belong to the owner with epoch " +
                                       std::to_string(epoch) + " (any more): claim it first"};
}

}  // namespace selvage::store
