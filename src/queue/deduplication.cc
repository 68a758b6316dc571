// SPDX-License-Identifier: Apache-2.0
#include "queue/deduplication.h"

#include "base/check.h"

namespace selvage::queue {

std::string Deduplication::key(const Fifo& fifo, const NewMessage& message) {
  const std::string& id =
      message.deduplication_id.empty() ? message.content_digest : message.deduplication_id;
  // A group's name has no line break, so this cannot be read in two ways.
  return fifo.deduplicates_per_group ? message.group + "\n" + id : id;
}

void Deduplication::remember(const std::string& key, Sent sent, Instant until) {
  const auto [at, fresh] = known_.emplace(key, Known{sent, until});
  if (!fresh) {
    by_expiry_.erase({at->second.until, key});
    at->second = {sent, until};
  }
  by_expiry_.emplace(until, key);
  SELVAGE_CHECK(by_expiry_.size() == known_.size());
}

std::optional<Sent> Deduplication::find(const std::string& key, Instant now) const {
  const auto at = known_.find(key);
  if (at == known_.end() || at->second.until <= now) return std::nullopt;
  return at->second.sent;
}

std::vector<std::string> Deduplication::expire(Instant now) {
  std::vector<std::string> forgotten;
  while (!by_expiry_.empty() && by_expiry_.begin()->first <= now) {
    forgotten.push_back(by_expiry_.begin()->second);
    known_.erase(forgotten.back());
    by_expiry_.erase(by_expiry_.begin());
  }
  return forgotten;
}

Instant Deduplication::next_expiry() const {
  return by_expiry_.empty() ? kNever : by_expiry_.begin()->first;
}

}  // namespace selvage::queue
