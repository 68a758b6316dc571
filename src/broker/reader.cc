// SPDX-License-Identifier: Apache-2.0
#include "broker/reader.h"

#include <utility>

#include "queue/message_id.h"
#include "store/records.h"

namespace selvage::broker {

using queue::Located;
using store::Table;

Result<std::vector<Located>> Reader::page(const queue::Page& page) const {
  std::vector<Located> records;
  Result<void> outcome;
  SELVAGE_TRY(
      batch_.scan(Table::kWaiting, store::page_range(shard_, page), [&](auto key, auto value) {
        auto message = store::decode_message(value);
        if (!message) {
          outcome = std::unexpected(message.error());
          return false;
        }
        const auto at = store::decode_message_key(Table::kWaiting, key);
        records.push_back({at.queue, at.seq, at.place, *std::move(message)});
        return records.size() < page.limit;
      }));
  SELVAGE_TRY(outcome);
  return records;
}

Result<queue::Found> Reader::find(const queue::Reads& reads) const {
  queue::Found found;
  for (const queue::Lookup& lookup : reads.messages) SELVAGE_TRY(find(lookup, found.messages));
  for (const queue::Page& wanted : reads.pages) {
    auto records = page(wanted);
    if (!records) return std::unexpected(std::move(records).error());
    std::ranges::move(*records, std::back_inserter(found.messages));
  }
  auto ids = find(reads.ids);
  if (!ids) return std::unexpected(std::move(ids).error());
  found.ids = *std::move(ids);
  return found;
}

Result<std::vector<queue::PutDeduplication>> Reader::find(
    const std::vector<queue::IdPlace>& ids) const {
  std::vector<queue::PutDeduplication> found;
  if (ids.empty()) return found;
  std::vector<std::string> keys;
  for (const queue::IdPlace& at : ids) keys.push_back(store::id_key(shard_, at));
  const auto values = batch_.read(Table::kIds, keys);
  if (!values) return std::unexpected(values.error());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!(*values)[i]) continue;
    auto known = store::decode_deduplication(ids[i], *(*values)[i]);
    if (!known) return std::unexpected(std::move(known).error());
    found.push_back(*std::move(known));
  }
  return found;
}

Result<void> Reader::find(const queue::Lookup& lookup, std::vector<Located>& found) const {
  if (!lookup.id) return find_at(lookup.queue, lookup.seq, found);
  const auto alias = batch_.read(Table::kIndex, store::alias_key(shard_, lookup.queue, *lookup.id));
  if (!alias) return std::unexpected(alias.error());
  if (!*alias) return find_at(lookup.queue, queue::place_of(*lookup.id), found);
  const auto seq = store::decode_seq(**alias);
  if (!seq) return std::unexpected(seq.error());
  return find_at(lookup.queue, *seq, found);
}

// Its payload says in which lane it is when it waits, at what time; a delayed one stands at that
// time too.
Result<void> Reader::find_at(QueueId queue, Seq seq, std::vector<Located>& found) const {
  const auto body = batch_.read(Table::kBody, store::payload_key(shard_, queue, seq));
  if (!body) return std::unexpected(body.error());
  if (!*body) return {};
  const auto placed = store::decode_payload(**body);
  if (!placed) return std::unexpected(placed.error());
  const queue::Place home = placed->place;
  for (const queue::Place& place :
       {home, queue::Place{queue::kDelayedLane, home.time}, queue::kHeldPlace}) {
    const auto record =
        batch_.read(store::table_of(place), store::message_key(shard_, queue, place, seq));
    if (!record) return std::unexpected(record.error());
    if (!*record) continue;
    auto message = store::decode_message(**record);
    if (!message) return std::unexpected(message.error());
    found.push_back({queue, seq, place, *std::move(message)});
    return {};
  }
  return {};
}

Result<std::set<ArtifactId>> Reader::artifacts() const {
  std::set<ArtifactId> ids;
  Result<void> outcome;
  SELVAGE_TRY(batch_.scan(Table::kIndex, store::artifact_range(shard_), [&](auto, auto value) {
    const auto id = store::decode_id(value);
    if (id)
      ids.insert(*id);
    else
      outcome = std::unexpected(id.error());
    return outcome.has_value();
  }));
  SELVAGE_TRY(outcome);
  return ids;
}

}  // namespace selvage::broker
