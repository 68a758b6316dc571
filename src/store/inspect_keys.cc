// SPDX-License-Identifier: Apache-2.0
#include "store/inspect_keys.h"

#include <algorithm>

#include "store/records.h"

namespace selvage::store {

Home home_of(Decoder& key) {
  const ShardIndex shard{key.u16()};
  return {shard, QueueId{key.u64()}};
}

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

std::optional<MessageKey> read_waiting_key(std::string_view key) {
  Decoder in(key);
  MessageKey found{.home = home_of(in), .seq = {}};
  found.place.lane = in.u16();
  found.place.time = from_micros(in.i64());
  found.seq = {in.u64()};
  const bool is_one = in.ok() && in.at_end() && found.place.lane <= queue::kDelayedLane;
  return is_one ? std::optional(found) : std::nullopt;
}

std::optional<MessageKey> read_held_key(std::string_view key) {
  const auto found = read_payload_key(key);
  if (!found) return std::nullopt;
  return MessageKey{.home = found->home, .seq = found->seq};
}

std::optional<IndexKey> read_index_key(std::string_view key) {
  constexpr size_t kBeforeEntry = 2 + 1 + 8;
  Decoder in(key);
  IndexKey found{.home = {.shard = ShardIndex{in.u16()}, .queue = {}}};
  in.u8();
  found.home.queue = {in.u64()};
  if (!in.ok()) return std::nullopt;
  const auto& [shard, queue] = found.home;
  const std::string_view entry = key.substr(kBeforeEntry);
  if (const auto id = decode_id(entry); id && key == alias_key(shard, queue, *id))
    found.alias = *id;
  else if (const auto seq = decode_seq(entry); seq && key == artifact_key(shard, queue, *seq))
    found.refers = *seq;
  else
    return std::nullopt;
  return found;
}

std::optional<IdKey> read_id_key(std::string_view key) {
  constexpr size_t kBeforeId = 2 + 4 + 8;
  Decoder in(key);
  IdKey found{.home = {.shard = ShardIndex{in.u16()}, .queue = {}}, .at = {}};
  found.at.minute = in.u32();
  found.at.queue = found.home.queue = {in.u64()};
  if (!in.ok() || in.at_end()) return std::nullopt;
  found.at.key = key.substr(kBeforeId);
  return found;
}

}  // namespace selvage::store
