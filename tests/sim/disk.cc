// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/disk.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include "base/check.h"
#include "tests/sim/block.h"

namespace selvage::sim {

using store::Table;

Error SimStore::broken(ErrorCode code, const char* what) {
  broken_ = code;
  return {code, std::string("the simulated disk: ") + what};
}

Result<void> SimStore::usable() const {
  if (!broken_) return {};
  return failure(*broken_, "the simulated disk refuses everything until it is opened again");
}

Result<uint64_t> SimStore::claim(ShardIndex shard) {
  SELVAGE_TRY(usable());
  return ++epochs_[shard];
}

Result<void> SimStore::apply(ShardIndex shard, uint64_t epoch, store::Batch batch) {
  SELVAGE_TRY(usable());
  const auto owner = epochs_.find(shard);
  if (owner == epochs_.end() || owner->second != epoch) {
    if (batch.empty()) marks_.hit(Mark::kStaleAfterRead);
    return std::unexpected(store::stale_epoch(shard, epoch));
  }
  if (batch.empty()) return {};
  if (full_) {
    marks_.hit(Mark::kDiskFull);
    return std::unexpected(broken(ErrorCode::kDiskFull, "no space left"));
  }
  if (apply_failure_) {
    marks_.hit(Mark::kApplyFailed);
    return std::unexpected(broken(*std::exchange(apply_failure_, {}), "a write failed"));
  }
  tail_.push_back(encode_block(batch));
  apply_to(shown_, batch);
  ++applied_;
  return {};
}

void SimStore::apply_to(Tables& tables, const store::Batch& batch) {
  for (const store::RangeDelete& range : batch.ranges) {
    if (range.last <= range.first) continue;
    Records& in = tables.at(static_cast<size_t>(range.table));
    in.erase(in.lower_bound(range.first), in.lower_bound(range.last));
  }
  for (const store::Write& write : batch.writes) {
    SELVAGE_CHECK(!write.key.empty());
    Records& in = tables.at(static_cast<size_t>(write.table));
    if (write.value)
      in[write.key] = {*write.value, sum_of(*write.value)};
    else
      in.erase(write.key);
  }
}

Result<void> SimStore::sync() {
  SELVAGE_TRY(usable());
  if (sync_failure_) {
    marks_.hit(Mark::kSyncFailed);
    return std::unexpected(broken(*std::exchange(sync_failure_, {}), "a sync failed"));
  }
  for (; synced_ < covers_; ++synced_) {
    SELVAGE_CHECK(!tail_.empty());
    apply_to(durable_, *decode_block(tail_.front()));
    tail_.pop_front();
  }
  return {};
}

Result<void> SimStore::sound(Table table, const Record& record) {
  if (sum_of(record.value) == record.sum) return {};
  if (table == Table::kBody)
    marks_.hit(Mark::kBodyDamaged);
  else
    rot_found_ = true;
  return failure(ErrorCode::kCorruption, "the simulated disk: a record is not what was written");
}

Result<void> SimStore::scan(Table table, std::string_view first, std::string_view last,
                            FunctionRef<bool(std::string_view, std::string_view)> each) {
  const Records& in = shown_.at(static_cast<size_t>(table));
  for (auto at = in.lower_bound(first); at != in.end() && at->first < last; ++at) {
    SELVAGE_TRY(sound(table, at->second));
    if (table == Table::kWaiting) marks_.hit(Mark::kReadBack);
    if (!each(at->first, at->second.value)) break;
  }
  return {};
}

Result<std::vector<std::optional<std::string>>> SimStore::read(
    Table table, const std::vector<std::string>& keys) {
  const Records& in = shown_.at(static_cast<size_t>(table));
  std::vector<std::optional<std::string>> values(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto found = in.find(keys[i]);
    if (found == in.end()) continue;
    SELVAGE_TRY(sound(table, found->second));
    values[i] = found->second.value;
  }
  return values;
}

void SimStore::look(Table table, std::string_view first, std::string_view last,
                    FunctionRef<bool(std::string_view, std::string_view)> each) const {
  const Records& in = shown_.at(static_cast<size_t>(table));
  for (auto at = in.lower_bound(first); at != in.end() && at->first < last; ++at) {
    const auto rotten = std::ranges::find_if(rotten_, [&](const Rotten& one) {
      return one.table == table && one.key == at->first && one.flipped == at->second.value;
    });
    if (!each(at->first, rotten == rotten_.end() ? at->second.value : rotten->sound)) break;
  }
}

store::Statistics SimStore::statistics() {
  store::Statistics result;
  for (const Records& in : shown_)
    for (const auto& [key, record] : in) result.bytes_in_memory += key.size() + record.value.size();
  result.bytes_on_disk = result.bytes_in_memory;
  return result;
}

void SimStore::flip_a_bit(std::string& bytes) {
  const auto bit = static_cast<unsigned char>(1U << chance_.below(8));
  char& at = bytes.at(chance_.below(bytes.size()));
  at = static_cast<char>(static_cast<unsigned char>(at) ^ bit);
}

// What is left of the tail when the power goes: each block by itself may have reached the disk or
// not, whole or torn, and the first one that has not ends it.
void SimStore::lose_power() {
  if (tail_.empty()) return;
  const size_t kept = chance_.below(tail_.size() + 1);
  switch (chance_.below(4)) {
    case 0:  // in order, up to somewhere
      if (kept < tail_.size()) marks_.hit(Mark::kLostPrefix);
      tail_.resize(kept);
      break;
    case 1: {  // the last one torn
      std::string& last = tail_.at(std::min(kept, tail_.size() - 1));
      last.resize(chance_.below(last.size()));
      marks_.hit(Mark::kTornTail);
      break;
    }
    case 2: {  // out of order: later ones reached the disk, this one did not
      const size_t hole = std::min(kept, tail_.size() - 1);
      tail_.at(hole).clear();
      if (hole + 1 < tail_.size()) marks_.hit(Mark::kHole);
      break;
    }
    default: {
      flip_a_bit(tail_.at(std::min(kept, tail_.size() - 1)));
      marks_.hit(Mark::kFlippedTail);
    }
  }
}

void SimStore::reopen(bool power_loss) {
  if (power_loss)
    lose_power();
  else if (!tail_.empty())
    marks_.hit(Mark::kKilled);
  while (!tail_.empty()) {
    const auto batch = decode_block(tail_.front());
    if (!batch) break;  // the log ends here
    apply_to(durable_, *batch);
    tail_.pop_front();
    ++synced_;
  }
  tail_.clear();
  shown_ = durable_;
  covers_ = synced_;
  broken_.reset();
  apply_failure_.reset();
  sync_failure_.reset();
  rot_found_ = false;
}

std::optional<std::string> SimStore::rot() {
  size_t records = 0;
  for (const Records& table : durable_) records += table.size();
  if (records == 0) return std::nullopt;
  size_t skip = chance_.below(records);
  size_t n = 0;
  for (; skip >= durable_.at(n).size(); ++n) skip -= durable_.at(n).size();
  const auto table = static_cast<Table>(n);
  auto& [key, record] = *std::next(in(durable_, table).begin(), static_cast<ptrdiff_t>(skip));
  const std::string sound = record.value;
  if (sound.empty() || sum_of(sound) != record.sum) return std::nullopt;  // none left to flip
  flip_a_bit(record.value);
  rotten_.push_back({table, key, sound, record.value});
  // What was overwritten since the last sync is not read from there.
  const auto shown = in(shown_, table).find(key);
  if (shown != in(shown_, table).end() && shown->second.value == sound)
    shown->second.value = record.value;
  return table == Table::kBody ? std::optional(sound) : std::nullopt;
}

void SimStore::put_back(Tables& tables, const Rotten& rotten) {
  Records& records = in(tables, rotten.table);
  const auto at = records.find(rotten.key);
  if (at != records.end() && at->second.value == rotten.flipped &&
      at->second.sum == sum_of(rotten.sound))
    at->second.value = rotten.sound;
}

void SimStore::repair() {
  const auto is_body = [](const Rotten& rotten) { return rotten.table == Table::kBody; };
  for (auto rotten = rotten_.rbegin(); rotten != rotten_.rend(); ++rotten) {
    if (is_body(*rotten)) continue;
    put_back(shown_, *rotten);
    put_back(durable_, *rotten);
  }
  std::erase_if(rotten_, std::not_fn(is_body));
  rot_found_ = false;
}

}  // namespace selvage::sim
