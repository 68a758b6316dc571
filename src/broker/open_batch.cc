// SPDX-License-Identifier: Apache-2.0
#include "broker/open_batch.h"

#include <algorithm>

#include "broker/sound_read.h"

namespace selvage::broker {

using store::Table;

void OpenBatch::write(Table table, std::string key, std::optional<std::string> value) {
  if (!added_.empty()) added_.erase(key);
  batch_.writes.push_back({table, std::move(key), std::move(value)});
}

void OpenBatch::add(Table table, std::string key, std::string value) {
  added_.insert_or_assign(key, batch_.writes.size());
  batch_.writes.push_back({table, std::move(key), std::move(value)});
}

void OpenBatch::remove(Table table, std::string key) {
  const auto added = added_.find(key);
  if (added == added_.end() || batch_.writes[added->second].table != table)
    return write(table, std::move(key), std::nullopt);
  index_.erase({table, key});
  batch_.writes[added->second] = {table, "", std::nullopt};
  added_.erase(added);
  has_gaps_ = true;
}

void OpenBatch::index(Table table) {
  for (size_t& at = indexed_.at(static_cast<size_t>(table)); at < batch_.writes.size(); ++at) {
    const store::Write& write = batch_.writes[at];
    if (write.table == table && !write.key.empty()) index_[{table, write.key}] = at;
  }
}

void OpenBatch::drop(Table table, store::KeyRange range) {
  // A batch drops its ranges before it writes.
  for (store::Write& write : batch_.writes)
    if (write.table == table && range.first <= write.key && write.key < range.second)
      write.value.reset();
  batch_.ranges.push_back({table, std::move(range.first), std::move(range.second)});
}

bool OpenBatch::is_dropped(Table table, std::string_view key) const {
  return std::ranges::any_of(batch_.ranges, [&](const store::RangeDelete& range) {
    return range.table == table && range.first <= key && key < range.last;
  });
}

Result<std::optional<std::string>> OpenBatch::read(Table table, const std::string& key) {
  auto values = read(table, std::vector{key});
  if (!values) return std::unexpected(std::move(values).error());
  return std::move(values->front());
}

Result<std::vector<std::optional<std::string>>> OpenBatch::read(
    Table table, const std::vector<std::string>& keys) {
  index(table);
  std::vector<std::optional<std::string>> values(keys.size());
  std::vector<std::string> in_store;
  std::vector<size_t> places;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (const auto written = index_.find({table, keys[i]}); written != index_.end()) {
      values[i] = batch_.writes[written->second].value;
    } else if (!is_dropped(table, keys[i])) {
      in_store.push_back(keys[i]);
      places.push_back(i);
    }
  }
  if (in_store.empty()) return values;
  // A damaged payload stops nobody; without any other record nobody knows what to do.
  auto found =
      table == Table::kBody ? read_sound(store_, table, in_store) : store_.read(table, in_store);
  if (!found) return std::unexpected(std::move(found).error());
  for (size_t i = 0; i < places.size(); ++i) values[places[i]] = std::move((*found)[i]);
  return values;
}

Result<void> OpenBatch::scan(Table table, const store::KeyRange& range,
                             FunctionRef<bool(std::string_view, std::string_view)> each) {
  index(table);
  auto at = index_.lower_bound({table, range.first});
  const auto end = index_.lower_bound({table, range.second});
  bool goes_on = true;
  const auto show_own = [&] {
    const auto& value = batch_.writes[at->second].value;
    if (value) goes_on = each(at->first.second, *value);
    ++at;
  };
  SELVAGE_TRY(store_.scan(table, range.first, range.second, [&](std::string_view key, auto value) {
    while (goes_on && at != end && at->first.second < key) show_own();
    if (!goes_on) return false;
    if (at != end && at->first.second == key)
      show_own();
    else if (!is_dropped(table, key))
      goes_on = each(key, value);
    return goes_on;
  }));
  while (goes_on && at != end) show_own();
  return {};
}

store::Batch OpenBatch::take() {
  index_.clear();
  indexed_.fill(0);
  added_.clear();
  if (std::exchange(has_gaps_, false))
    std::erase_if(batch_.writes, [](const store::Write& write) { return write.key.empty(); });
  return std::exchange(batch_, {});
}

}  // namespace selvage::broker
