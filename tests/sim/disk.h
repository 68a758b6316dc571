// SPDX-License-Identifier: Apache-2.0
#pragma once
// A disk that forgets what was not synced, and the store on it: a write-ahead log with
// point-in-time recovery, as the real one. Read store/store.h first.
//
//   apply ─▶ block ─▶ tail of the log ── sync ──▶ durable records
//                     │ power loss keeps what a disk might have kept: a part, torn, flipped, with
//                     ▼ holes; recovery ends at the first block that is not whole
//              durable records and the sound beginning of the tail

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/store.h"
#include "tests/sim/chance.h"
#include "tests/sim/marks.h"

namespace selvage::sim {

// 1. What a sync covered survives every end of the broker, unless rot() hits it; that is never
//    shown as sound.
// 2. Of what no sync covered a beginning survives, in batches: never a part of one, never one
//    without those before it.
// 3. After a failed apply() or sync() everything is refused until the store is opened again.
class SimStore final : public store::Store {
 public:
  SimStore(Chance& chance, Marks& marks) : chance_(chance), marks_(marks) {}

  Result<uint64_t> claim(ShardIndex shard) override;
  Result<void> apply(ShardIndex shard, uint64_t epoch, store::Batch batch) override;
  // Covers what begin_sync() of this caller saw, and not a block more.
  Result<void> sync() override;
  Result<void> scan(store::Table table, std::string_view first, std::string_view last,
                    FunctionRef<bool(std::string_view, std::string_view)> each) override;
  Result<std::vector<std::optional<std::string>>> read(
      store::Table table, const std::vector<std::string>& keys) override;
  store::Statistics statistics() override;

  // ---- the world's side
  // Where the log ends: what a sync that begins now has to cover.
  uint64_t position() const { return synced_ + tail_.size(); }
  // The sync() that comes next began when the log ended there.
  void sync_began_at(uint64_t position) { covers_ = position; }
  uint64_t applied() const { return applied_; }  // batches that were taken

  // The broker is gone; the store is opened anew. After a power loss what was not synced is what a
  // disk makes of it, otherwise the kernel has kept it.
  void reopen(bool power_loss);
  void fail_next_apply(ErrorCode code) { apply_failure_ = code; }
  void fail_next_sync(ErrorCode code) { sync_failure_ = code; }
  void fill(bool full) { full_ = full; }
  bool is_full() const { return full_; }
  // Flips a bit in some durable record. If that is a body: what it was.
  std::optional<std::string> rot();
  // Brings back all of those but bodies, as from a mirror. A body stays as it is: nobody has to
  // stop for one.
  void repair();
  bool rot_was_found() const { return rot_found_; }  // by who has to stop for it
  bool is_broken() const { return broken_.has_value(); }
  // As scan(), by somebody for whom no bit has flipped and whose reading leaves no mark.
  void look(store::Table table, std::string_view first, std::string_view last,
            FunctionRef<bool(std::string_view, std::string_view)> each) const;

 private:
  struct Record {
    std::string value;
    uint64_t sum = 0;
  };
  using Records = std::map<std::string, Record, std::less<>>;
  using Tables = std::array<Records, store::kTables>;
  struct Rotten {
    store::Table table;
    std::string key;
    std::string sound;
    std::string flipped;
  };

  static Records& in(Tables& tables, store::Table table) {
    return tables.at(static_cast<size_t>(table));
  }
  static void apply_to(Tables& tables, const store::Batch& batch);
  Result<void> usable() const;
  Result<void> sound(store::Table table, const Record& record);
  Error broken(ErrorCode code, const char* what);
  void flip_a_bit(std::string& bytes);
  void lose_power();
  void put_back(Tables& tables, const Rotten& rotten);

  Chance& chance_;
  Marks& marks_;
  Tables shown_;                  // what reads see
  Tables durable_;                // what syncs have covered
  std::deque<std::string> tail_;  // encoded blocks since the last sync
  uint64_t synced_ = 0;           // blocks before the tail
  uint64_t covers_ = 0;
  uint64_t applied_ = 0;
  std::map<ShardIndex, uint64_t> epochs_;
  std::optional<ErrorCode> apply_failure_;
  std::optional<ErrorCode> sync_failure_;
  std::optional<ErrorCode> broken_;
  bool full_ = false;
  bool rot_found_ = false;
  std::vector<Rotten> rotten_;
};

}  // namespace selvage::sim
