// SPDX-License-Identifier: Apache-2.0
#include "bench/raw_disk.h"

#include <fcntl.h>
#include <unistd.h>

namespace selvage::bench {

RawDisk::RawDisk(const std::string& file)
    : file_(open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (!file_) give_up("cannot write to " + file);
}

double RawDisk::measure(std::chrono::nanoseconds time) {
  const std::string block(1024, 'x');
  const int64_t begun_ns = now_ns();
  int64_t before_ns = begun_ns;
  int64_t count = 0;
  while (before_ns - begun_ns < time.count()) {
    if (write(file_.get(), block.data(), block.size()) < 0 || fdatasync(file_.get()) != 0)
      give_up("cannot write beside the data of the server");
    const int64_t after_ns = now_ns();
    latencies_.add(millis_between(before_ns, after_ns));
    before_ns = after_ns;
    ++count;
  }
  return static_cast<double>(count) / (millis_between(begun_ns, before_ns) / 1000);
}

}  // namespace selvage::bench
