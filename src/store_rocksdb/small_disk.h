// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests only: a disk that is really small, a tmpfs, where one may be mounted.

#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "store_rocksdb/scratch.h"

namespace selvage::store_rocksdb {

class SmallDisk {
 public:
  explicit SmallDisk(const char* size) {
    fs::create_directory(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, size) == 0;
    if (!mounted_) problem_ = std::strerror(errno);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (!mounted_) return;
    EXPECT_EQ(::umount2(path_.c_str(), MNT_DETACH), 0);
  }
  // Why it is not there; empty when it is.
  const std::string& problem() const { return problem_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  // Somebody else's file takes so many bytes; without a number, whatever is left.
  void take(const std::string& name, uint64_t bytes = UINT64_MAX) const {
    std::ofstream out(*this / name, std::ios::binary);
    const std::string page(4096, 'x');
    for (uint64_t done = 0; done < bytes; done += page.size())
      if (!out.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) return;
  }
  void give_back(const std::string& name) const { fs::remove(*this / name); }
  uint64_t free() const { return fs::space(path_).available; }

 private:
  Scratch scratch_;
  const std::string path_ = scratch_ / "disk";
  bool mounted_ = false;
  std::string problem_;
};

// Incompressible, so that tables are as large as logs; the same for the same number.
inline std::string body(int number, size_t size = 100'000) {
  SeededRandom random(static_cast<uint64_t>(number));
  std::string bytes;
  while (bytes.size() < size) Encoder(bytes).u64(random.next());
  return bytes;
}

}  // namespace selvage::store_rocksdb
