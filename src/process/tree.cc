// SPDX-License-Identifier: Apache-2.0
#include "process/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "process/fd.h"

namespace selvage::process {
namespace {

using Spare = std::function<bool(pid_t)>;

// A process as /proc/PID/stat (proc(5)) shows it.
struct Seen {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  unsigned long long start = 0;  // clock ticks since boot: tells two users of one pid apart
  bool living = false;           // false: a zombie
};

std::optional<Seen> see(pid_t pid) {
  char path[32];
  std::snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  const Fd file(open(path, O_RDONLY | O_CLOEXEC));
  char text[1024];
  const ssize_t size = read(file.get(), text, sizeof(text) - 1);
  if (size <= 0) return std::nullopt;  // it has gone
  text[size] = '\0';
  // The name may contain anything, ')' too; behind it there are only numbers.
  const char* name_end = std::strrchr(text, ')');
  if (name_end == nullptr) return std::nullopt;
  Seen seen{.pid = pid};
  char state = 0;
  int threads = 0;
  if (std::sscanf(name_end + 1,
                  " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d %*d %llu",
                  &state, &seen.parent, &seen.group, &threads, &seen.start) != 5)
    return std::nullopt;
  // A first thread that ended is a zombie too, while the others run on.
  seen.living = (state != 'Z' && state != 'X') || threads > 1;
  return seen;
}

// All processes, by parent.
std::vector<Seen> see_all() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc"), closedir);
  SELVAGE_CHECK(directory);
  std::vector<Seen> all;
  while (const dirent* item = readdir(directory.get())) {
    const std::string_view name = item->d_name;
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
    if (const auto seen = see(pid)) all.push_back(*seen);
  }
  std::ranges::stable_sort(all, {}, &Seen::parent);
  return all;
}

// What is below `root` in `all`, zombies too, children before grandchildren.
std::vector<Seen> below(pid_t root, const std::vector<Seen>& all, const Spare& spare) {
  std::vector<Seen> found;
  const auto add_children = [&](pid_t parent) {
    for (const Seen& child : std::ranges::equal_range(all, parent, {}, &Seen::parent))
      if (child.pid != root && !(spare && spare(child.pid))) found.push_back(child);
  };
  add_children(root);
  for (size_t i = 0; i < found.size(); i++) add_children(found[i].pid);
  return found;
}

// To a group the kernel delivers at once, to those that are being forked too, which no list of pids
// can do. Only groups of nothing but strays.
void kill_groups(const std::vector<Seen>& strays, const std::vector<Seen>& all) {
  std::map<pid_t, int> outsiders;
  for (const Seen& process : all) ++outsiders[process.group];
  for (const Seen& stray : strays) --outsiders[stray.group];
  for (const auto& [group, count] : outsiders)
    if (count == 0 && group > 1 && group != getpgrp()) kill(-group, SIGKILL);
}

// False when we may not. True, too, when it has gone meanwhile (and its pid may be another's).
bool kill_stray(const Seen& stray) {
  const auto now = see(stray.pid);
  return !now || now->start != stray.start || kill(stray.pid, SIGKILL) == 0 || errno != EPERM;
}

// Waits for a killed child; tells whether it was one of ours.
bool wait_for_child(pid_t pid) {
  siginfo_t info{};
  int done = 0;
  while ((done = waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | __WALL)) != 0 &&
         errno == EINTR) {
  }
  return done == 0;
}

}  // namespace

void become_subreaper() {
  SELVAGE_CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
}

std::vector<pid_t> descendants(pid_t root, const Spare& spare) {
  std::vector<pid_t> pids;
  for (const Seen& process : below(root, see_all(), spare))
    if (process.living) pids.push_back(process.pid);
  return pids;
}

// Each round kills what it sees and waits for those that are our children. The children of the dead
// become ours, so the next round waits for them. A round that sees neither strays nor their zombies
// is the last: a parent that died while we looked is still seen as a zombie.
int kill_strays(const Spare& spare) {
  const pid_t self = getpid();
  std::set<std::pair<pid_t, unsigned long long>> killed;
  std::set<pid_t> immune;
  while (!childless()) {
    const std::vector<Seen> all = see_all();
    std::vector<Seen> strays = below(self, all, spare);
    kill_groups(strays, all);
    std::erase_if(strays, [&](const Seen& stray) {
      if (!stray.living) return false;
      const bool may = kill_stray(stray);
      if (may)
        killed.emplace(stray.pid, stray.start);
      else if (immune.insert(stray.pid).second)
        log_warn("may not kill process {}: it runs as another user", stray.pid);
      return !may;
    });
    if (strays.empty()) break;
    int waited = 0;
    for (const Seen& stray : strays) waited += stray.parent == self && wait_for_child(stray.pid);
    // Only below an immune process: it does the reaping, and does not tell us.
    if (waited == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return static_cast<int>(killed.size());
}

bool childless() {
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL) != 0 &&
         errno == ECHILD;
}

}  // namespace selvage::process
