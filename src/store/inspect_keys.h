// SPDX-License-Identifier: Apache-2.0
#pragma once
// Keys as inspect() reads them, by untrusting eyes: what is not a key of its table gives nullopt.
// Private to this folder.

#include <compare>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "queue/deduplication.h"
#include "queue/place.h"

namespace selvage::store {

struct Home {  // of everything that is of one queue
  ShardIndex shard;
  QueueId queue;
  auto operator<=>(const Home&) const = default;
};
Home home_of(Decoder& key);  // of a key that begins with it

struct PayloadKey {
  Home home;
  Seq seq;
};
std::optional<PayloadKey> read_payload_key(std::string_view key);
std::optional<PayloadKey> read_evidence_key(std::string_view key);

struct MessageKey {
  Home home;
  queue::Place place = queue::kHeldPlace;
  Seq seq;
};
std::optional<MessageKey> read_waiting_key(std::string_view key);
std::optional<MessageKey> read_held_key(std::string_view key);

struct IndexKey {
  Home home;
  std::optional<MessageId> alias = {};  // one of the two
  std::optional<Seq> refers = {};
};
std::optional<IndexKey> read_index_key(std::string_view key);

struct IdKey {
  Home home;
  queue::IdPlace at;
};
std::optional<IdKey> read_id_key(std::string_view key);

}  // namespace selvage::store
