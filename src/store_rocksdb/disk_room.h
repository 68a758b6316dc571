// SPDX-License-Identifier: Apache-2.0
#pragma once
// The room that a data directory has on its file system, and DIR/reserve: blocks that nobody else
// can take, so that on a disk that somebody filled to the last byte deletes can still be written
// and the data be opened again.

#include <string>

#include "store/room.h"

namespace selvage::store_rocksdb {

class DiskRoom final : public store::Room {
 public:
  // What should stay free: room for what the logs have (64 MiB) to be written out twice, and a new
  // log. Half of it lies in the file.
  static constexpr uint64_t kReserve = 256 << 20;
  // The same, but no more than an eighth of a small disk. The directory need not be there yet.
  static uint64_t default_reserve(const std::string& directory);

  DiskRoom(std::string directory, uint64_t reserve_bytes)
      : directory_(std::move(directory)), reserve_bytes_(reserve_bytes) {}

  std::string name() const override { return "the disk of " + directory_; }
  std::optional<uint64_t> free_bytes() override;  // for this user, without the reserve
  void release() override;
  void set_aside() override;

 private:
  const std::string directory_;
  const uint64_t reserve_bytes_;
};

}  // namespace selvage::store_rocksdb
