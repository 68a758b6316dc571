// SPDX-License-Identifier: Apache-2.0
#include "bench/server_state.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

#include "bench/figures.h"

namespace selvage::bench {

int64_t cpu_ns(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
    give_up(fmt::format("process {} has ended", pid));
  return int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
}

Memory memory_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  Memory memory;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    int64_t kib = 0;
    words >> name >> kib;
    if (name == "VmRSS:") memory.resident_bytes = kib << 10;
    if (name == "RssAnon:") memory.anonymous_bytes = kib << 10;
  }
  return memory;
}

int64_t disk_bytes(const std::string& directory) {
  namespace fs = std::filesystem;
  int64_t sum = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator each(directory, error), end; !error && each != end;
       each.increment(error)) {
    struct stat status{};
    if (lstat(each->path().c_str(), &status) == 0) sum += int64_t{status.st_blocks} * 512;
  }
  return sum;
}

}  // namespace selvage::bench
