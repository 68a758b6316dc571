// SPDX-License-Identifier: Apache-2.0
#pragma once
// A set of ids that may take one for another: it says for certain only that an id is not in it. A
// Bloom filter in blocks of a cache line, one look at memory per question (Putze, Sanders and
// Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", 2007).

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace selvage::queue {

// Not thread-safe.
class IdFilter {
 public:
  // With so many about one id in a thousand that was never added is taken for another.
  static constexpr size_t kBytesPerId = 2;

  explicit IdFilter(size_t capacity);  // in ids
  // `hash`: of the id, all of its bits as good as random.
  void add(uint64_t hash);
  bool may_have(uint64_t hash) const;
  bool is_full() const { return added_ >= capacity_; }
  size_t capacity() const { return capacity_; }
  size_t bytes() const { return blocks_.size() * sizeof(Block); }

 private:
  static constexpr size_t kWords = 8;
  struct alignas(64) Block {
    std::array<uint64_t, kWords> words{};
  };
  static_assert(sizeof(Block) == 64);

  size_t block_of(uint64_t hash) const;

  size_t capacity_;
  size_t added_ = 0;
  std::vector<Block> blocks_;
};

}  // namespace selvage::queue
