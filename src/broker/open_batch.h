// SPDX-License-Identifier: Apache-2.0
#pragma once
// What has been decided since the last commit, as writes that are not in the store yet, and the
// store as it will be with them. So a turn is one batch, whatever its commands have to look at:
// what is counted and what is there never come apart.

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/function_ref.h"
#include "store/records.h"
#include "store/store.h"

namespace selvage::broker {

// Not thread-safe.
class OpenBatch {
 public:
  explicit OpenBatch(store::Store& store) : store_(store) {}

  void write(store::Table table, std::string key, std::optional<std::string> value);
  // The first write ever to this key. If it is removed before the batch is taken, the store hears
  // of neither.
  void add(store::Table table, std::string key, std::string value);
  void remove(store::Table table, std::string key);
  // Everything of the range that is in the store or was written so far.
  void drop(store::Table table, store::KeyRange range);

  // Like the store's, with what was written. Failure: the store's.
  Result<std::optional<std::string>> read(store::Table table, const std::string& key);
  Result<std::vector<std::optional<std::string>>> read(store::Table table,
                                                       const std::vector<std::string>& keys);
  Result<void> scan(store::Table table, const store::KeyRange& range,
                    FunctionRef<bool(std::string_view key, std::string_view value)> each);

  bool empty() const { return batch_.empty(); }
  store::Batch take();  // and begins anew

 private:
  using Place = std::pair<store::Table, std::string>;
  void index(store::Table table);
  bool is_dropped(store::Table table, std::string_view key) const;

  store::Store& store_;
  store::Batch batch_;
  // Where in batch_.writes a key was written last. Most turns look at nothing, so it is made when
  // it is needed, for each table up to where it was needed.
  std::map<Place, size_t> index_;
  std::array<size_t, store::kTables> indexed_{};
  std::unordered_map<std::string, size_t> added_;  // likewise, of keys by add()
  bool has_gaps_ = false;                          // writes with an empty key: they are void
};

}  // namespace selvage::broker
