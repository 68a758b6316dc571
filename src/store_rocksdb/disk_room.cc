// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/disk_room.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "store_rocksdb/files.h"

namespace selvage::store_rocksdb {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kShareOfDisk = 8;
// Of the reserve, what lies in the file: enough to open the data, which writes out what the log
// has and the tables have not.
constexpr uint64_t kShareInFile = 2;

std::optional<struct statvfs> look(const std::string& directory) {
  struct statvfs found{};
  if (::statvfs(directory.c_str(), &found) != 0) return std::nullopt;
  return found;
}

}  // namespace

std::optional<uint64_t> DiskRoom::free_bytes() {
  const auto found = look(directory_);
  if (!found) return std::nullopt;
  return uint64_t{found->f_bavail} * found->f_frsize;
}

uint64_t DiskRoom::default_reserve(const std::string& directory) {
  fs::path place = fs::absolute(directory);
  auto found = look(place);
  for (; !found && place.has_relative_path(); found = look(place)) place = place.parent_path();
  if (!found) return kReserve;
  return std::min(kReserve, uint64_t{found->f_blocks} * found->f_frsize / kShareOfDisk);
}

void DiskRoom::release() {
  ::unlink((directory_ + "/reserve").c_str());
}

// Only where blocks can be promised without writing them; elsewhere there is no file.
void DiskRoom::set_aside() {
  const std::string path = directory_ + "/reserve";
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return;
  const auto bytes = static_cast<off_t>(reserve_bytes_ / kShareInFile);
  if (::fallocate(fd.get(), 0, 0, bytes) != 0) release();
}

}  // namespace selvage::store_rocksdb
