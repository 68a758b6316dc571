// SPDX-License-Identifier: Apache-2.0
#include "broker/body_cache.h"

#include <utility>

namespace selvage::broker {
namespace {

// Counts for a body of no bytes too: its entries take memory.
constexpr size_t kOverhead = 128;

}  // namespace

void BodyCache::put(QueueId queue, Seq seq, queue::Payload body) {
  const size_t bytes = body.size() + kOverhead;
  if (bytes > most_bytes_ / 8) return;  // it would push out too many others
  const Name name{queue, seq};
  bodies_.insert_or_assign(name, std::move(body));
  arrivals_.push_back({name, bytes});
  bytes_ += bytes;
  while (bytes_ > most_bytes_) {
    bytes_ -= arrivals_.front().bytes;
    bodies_.erase(arrivals_.front().name);
    arrivals_.pop_front();
  }
}

std::optional<queue::Payload> BodyCache::take(QueueId queue, Seq seq) {
  auto node = bodies_.extract({queue, seq});
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

void BodyCache::clear() {
  bodies_.clear();
  arrivals_.clear();
  bytes_ = 0;
}

}  // namespace selvage::broker
