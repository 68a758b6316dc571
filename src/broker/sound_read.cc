// SPDX-License-Identifier: Apache-2.0
#include "broker/sound_read.h"

#include "base/bytes.h"
#include "base/log.h"

namespace selvage::broker {

Result<std::vector<std::optional<std::string>>> read_sound(store::Store& store, store::Table table,
                                                           const std::vector<std::string>& keys) {
  auto together = store.read(table, keys);
  if (together || together.error().code != ErrorCode::kCorruption) return together;
  std::vector<std::optional<std::string>> values;
  for (const std::string& key : keys) {
    auto one = store.read(table, {key});
    if (!one && one.error().code != ErrorCode::kCorruption)
      return std::unexpected(std::move(one).error());
    if (!one)
      log_error("the body {} of a message cannot be read, nobody is shown it: {}", to_hex(key),
                one.error().message);
    values.push_back(one ? std::move(one->front()) : std::nullopt);
  }
  return values;
}

}  // namespace selvage::broker
