// SPDX-License-Identifier: Apache-2.0
#include "metrics/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

namespace selvage::metrics {
namespace {

double seconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double seconds_of(clockid_t clock) {
  timespec now{};
  return clock_gettime(clock, &now) == 0 ? seconds(now) : 0;
}

uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t all = 0;
  uint64_t resident = 0;
  if (!(file >> all >> resident)) return 0;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// /proc has it in ticks since the machine began, behind the program's name, which may hold spaces.
double start_time() {
  constexpr int kFieldsBetween = 19;  // from the state (3) to starttime (22), proc(5)
  std::ifstream file("/proc/self/stat");
  file.ignore(std::numeric_limits<std::streamsize>::max(), ')');
  std::string skipped;
  for (int i = 0; i < kFieldsBetween; ++i) file >> skipped;
  double ticks = 0;
  if (!(file >> ticks)) return 0;
  const double machine_began = seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME);
  return machine_began + ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

uint64_t open_files() {
  std::error_code error;
  uint64_t count = 0;
  std::filesystem::directory_iterator at("/proc/self/fd", error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) ++count;
  return count > 0 ? count - 1 : 0;  // the one that reads the directory
}

uint64_t max_files() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

}  // namespace

ProcessFigures read_process() {
  // Computed once: the two clocks would differ a little each time.
  static const double started = start_time();
  return {.cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID),
          .resident_bytes = resident_bytes(),
          .started = started,
          .open_files = open_files(),
          .max_files = max_files()};
}

}  // namespace selvage::metrics
