// SPDX-License-Identifier: Apache-2.0
#include "bench/process_table.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <string_view>

#include "process/tree.h"

namespace selvage::bench {
namespace {

namespace fs = std::filesystem;
using Role = Process::Role;

// Empty when the process has gone, also in the middle.
std::string proc_file(pid_t pid, const char* name) {
  const process::Fd file(open(fmt::format("/proc/{}/{}", pid, name).c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> buffer;
  const ssize_t size = file ? read(file.get(), buffer.data(), buffer.size()) : -1;
  return size > 0 ? std::string(buffer.data(), static_cast<size_t>(size)) : std::string();
}

// The fields of /proc/PID/stat by their numbers in proc(5); zeros when the process has gone.
struct Stat {
  int64_t parent = -1;  // 4
  double cpu = 0;       // 14, 15: seconds
  double reaped = 0;    // 16, 17: seconds of children that were waited for
  double started = 0;   // 22: seconds since boot
};

Stat stat_of(pid_t pid) {
  const std::string text = proc_file(pid, "stat");
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 1));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  constexpr size_t kFirst = 3;  // of the fields behind the name
  const double tick = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto ticks = [&](size_t number) { return std::stod(fields.at(number - kFirst)) / tick; };
  return {.parent = std::stoll(fields.at(4 - kFirst)),
          .cpu = ticks(14) + ticks(15),
          .reaped = ticks(16) + ticks(17),
          .started = ticks(22)};
}

// The second word of the command line tells our processes apart.
Role role_of(pid_t pid) {
  const std::string line = proc_file(pid, "cmdline");
  const size_t end = line.find('\0');
  if (end == std::string::npos || !line.substr(0, end).ends_with("selvage")) return Role::kProgram;
  const std::string command = line.c_str() + end + 1;
  if (command == "serve") return Role::kBroker;
  if (command == "supervise") return Role::kSupervisor;
  return command == "runner" ? Role::kRunner : Role::kProgram;
}

}  // namespace

std::vector<Process> processes_below(pid_t root) {
  std::vector<Process> processes{{root, -1, Role::kRoot}};
  for (const pid_t pid : process::descendants(root)) {
    Process process{pid, parent_of(pid), role_of(pid)};
    // Between vfork and exec a program still has its runner's command line.
    const auto parent = std::ranges::find(processes, process.parent, &Process::pid);
    if (parent != processes.end() && parent->role == Role::kRunner) process.role = Role::kProgram;
    processes.push_back(process);
  }
  return processes;
}

std::vector<pid_t> pids_of(const std::vector<Process>& processes, Role role) {
  std::vector<pid_t> pids;
  for (const Process& process : processes)
    if (process.role == role) pids.push_back(process.pid);
  return pids;
}

bool is_idle_runner(const std::vector<Process>& processes, pid_t runner) {
  constexpr int kConnections = 2;
  if (std::ranges::find(processes, runner, &Process::parent) != processes.end()) return false;
  int sockets = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", runner), error)) {
    const auto target = fs::read_symlink(entry.path(), error);
    if (!error && target.string().starts_with("socket:")) ++sockets;
  }
  return sockets == kConnections;
}

pid_t parent_of(pid_t pid) {
  return static_cast<pid_t>(stat_of(pid).parent);
}

double age_seconds(pid_t pid) {
  const double started = stat_of(pid).started;
  if (started == 0) return 0;
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9 - started;
}

process::Fd pidfd_of(pid_t pid) {
  return process::Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

void kill_and_wait(pid_t pid) {
  const process::Fd pidfd = pidfd_of(pid);
  kill(pid, SIGKILL);
  if (!pidfd) return;
  pollfd ended{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  poll(&ended, 1, -1);
}

CpuSeconds operator-(const CpuSeconds& a, const CpuSeconds& b) {
  return {a.broker - b.broker, a.supervisor - b.supervisor, a.runners - b.runners,
          a.programs - b.programs};
}

CpuSeconds cpu_seconds(pid_t root) {
  CpuSeconds sum;
  for (const Process& process : processes_below(root)) {
    const Stat stat = stat_of(process.pid);
    switch (process.role) {
      case Role::kBroker:
        sum.broker += stat.cpu;
        break;
      case Role::kRoot:
      case Role::kSupervisor:
        sum.supervisor += stat.cpu;
        break;
      case Role::kRunner:
        sum.runners += stat.cpu;
        sum.programs += stat.reaped;
        break;
      case Role::kProgram:
        sum.programs += stat.cpu;
        break;
    }
  }
  return sum;
}

double cpu_seconds_of(pid_t pid) {
  return stat_of(pid).cpu;
}

double peak_memory_mib(pid_t pid) {
  constexpr std::string_view kPeak = "VmHWM:";
  const std::string text = proc_file(pid, "status");
  const size_t at = text.find(kPeak);
  return at == std::string::npos ? 0 : std::stod(text.substr(at + kPeak.size())) / 1024;
}

}  // namespace selvage::bench
