// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/content.h"

#include <set>
#include <string_view>

#include "base/bytes.h"
#include "store/records.h"

namespace selvage::sim {
namespace {

using Place = std::pair<uint64_t, uint64_t>;  // queue, seq

// Keys of payloads, and of evidence behind them: shard, queue, seq (docs/internals/records.md).
Place place_in(std::string_view key) {
  Decoder in(key);
  in.u16();
  const uint64_t queue = in.u64();
  return {queue, in.u64()};
}

std::string name(const Place& place) {
  return "message " + std::to_string(place.second) + " of queue " + std::to_string(place.first);
}

}  // namespace

std::string fault_in(const SimStore& disk) {
  std::set<Place> records;
  for (const store::Table table : {store::Table::kWaiting, store::Table::kHeld})
    for (const std::string& key : disk.keys(table)) {
      const store::MessagePlace at = store::decode_message_key(table, key);
      if (!records.emplace(at.queue.value, at.seq.value).second)
        return name({at.queue.value, at.seq.value}) + " has two records";
    }
  std::set<Place> payloads;
  for (const std::string& key : disk.keys(store::Table::kBody)) payloads.insert(place_in(key));
  for (const Place& place : records)
    if (!payloads.contains(place)) return name(place) + " has no payload";
  for (const Place& place : payloads)
    if (!records.contains(place)) return name(place) + " is only a payload";
  for (const std::string& key : disk.keys(store::Table::kEvidence))
    if (!records.contains(place_in(key))) return name(place_in(key)) + " left evidence behind";
  return "";
}

}  // namespace selvage::sim
