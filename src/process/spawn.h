// SPDX-License-Identifier: Apache-2.0
#pragma once
// Starting a program and learning how it ended, by pidfd: no pid is reused under our hands and no
// SIGCHLD handler exists. Spawning costs what vfork+exec costs, whatever our own size.

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "process/fd.h"

namespace selvage::process {

// The program gets these descriptors as 0, 1 and 2 and no other, an empty signal mask and default
// signal dispositions. A relative path in argv[0] is relative to *our* directory.
struct SpawnRequest {
  std::vector<std::string> argv;              // argv[0] is a path, or a name to look up in our PATH
  std::vector<std::string> environment = {};  // NAME=value, the whole of it
  std::string directory = {};                 // working directory; empty keeps ours
  int in = -1, out = -1, err = -1;  // becomes 0, 1, 2; -1: /dev/null for 0, ours for 1 and 2
  bool own_group = true;            // leads a new process group (and so gets its signals)
  int death_signal = 0;             // sent to it when the spawning thread dies; 0: none
};

// A child that was started and not yet reaped. Dropping it does not kill it.
struct Child {
  pid_t pid = -1;
  Fd pidfd;  // readable once it has ended
};

// How a child ended, and what it used.
struct Ended {
  int exit_code = 0;             // when signal == 0
  int signal = 0;                // the signal that killed it, 0 when it exited
  rusage used{};                 // CPU and peak memory of it and the children it waited for
  std::string describe() const;  // "exit code 3", "signal 9 (Killed)"
};

// Starts the program. Failure: kSettings with a sentence that names the program and the reason
// (not found, no execute permission, bad interpreter, no such directory); kRetry when the machine
// is short of processes, memory or descriptors or the file is being written; nothing is left
// behind. Thread-safe; the thread waits until the program runs.
Result<Child> spawn(const SpawnRequest& request);

// Our own environment, as SpawnRequest wants it.
std::vector<std::string> own_environment();

// Reaps `child` if it has ended; nullopt while it runs. Its pidfd stays open (it may be watched),
// but its pid is anybody's from then on: never reap it again.
std::optional<Ended> reap(Child& child);

// Finds the file that `name` would run: as it is when it has a slash, else through PATH.
// Failure (kSettings): says whether it is missing, a directory, or lacks its x bit.
Result<std::string> find_program(const std::string& name);

}  // namespace selvage::process
