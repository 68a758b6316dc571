// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who is who below a `selvage up`, and what it has cost so far: read from /proc.

#include <sys/types.h>

#include <string>
#include <vector>

#include "process/fd.h"

namespace selvage::bench {

struct Process {
  enum class Role { kRoot, kBroker, kSupervisor, kRunner, kProgram };
  pid_t pid = -1;
  pid_t parent = -1;
  Role role = Role::kProgram;
};

// The root and everything below it: one look at a moving picture.
std::vector<Process> processes_below(pid_t root);
std::vector<pid_t> pids_of(const std::vector<Process>& processes, Process::Role role);

// A runner has one connection for its session and opens a second one with its first long poll. So
// one with both, and without a program, is waiting for a message.
bool is_idle_runner(const std::vector<Process>& processes, pid_t runner);

pid_t parent_of(pid_t pid);     // -1: it has gone
double age_seconds(pid_t pid);  // to a hundredth; 0: it has gone
process::Fd pidfd_of(pid_t pid);
void kill_and_wait(pid_t pid);  // SIGKILL; returns when the process has ended

// CPU seconds, user and system. `programs`: of the reaped children of runners.
struct CpuSeconds {
  double broker = 0, supervisor = 0, runners = 0, programs = 0;
  double total() const { return broker + supervisor + runners + programs; }
};
CpuSeconds operator-(const CpuSeconds& a, const CpuSeconds& b);
// Of the living processes of the tree since each began, root and supervisor together. In steps of
// 10 ms per process.
CpuSeconds cpu_seconds(pid_t root);
// Of one process, user and system, since it began; in steps of 10 ms.
double cpu_seconds_of(pid_t pid);
double peak_memory_mib(pid_t pid);  // the most that was resident so far

}  // namespace selvage::bench
