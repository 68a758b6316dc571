// SPDX-License-Identifier: Apache-2.0
#pragma once
// Killing a program with everything it started. We are the subreaper (prctl(2)) of what we start,
// so a descendant cannot leave the tree: daemonising, a new session or an ignored SIGTERM do not
// help.

#include <sys/types.h>

#include <functional>
#include <vector>

namespace selvage::process {

// From now on orphaned descendants of this process become its children.
void become_subreaper();

// All living descendants of `root`, children before grandchildren: one look at a moving picture.
// `spare(pid)` true leaves that process and everything below it out.
std::vector<pid_t> descendants(pid_t root, const std::function<bool(pid_t)>& spare = {});

// Sends SIGKILL to every descendant of this process that is not spared, again and again (they may
// be forking), and reaps those that became our children, until none is left. Children that the
// caller reaps by pidfd must be spared or already reaped. Returns how many were killed. Waits for
// the dying, so also for one that the kernel holds in uninterruptible sleep. What we may not kill
// (it changed its user) is left with a warning.
int kill_strays(const std::function<bool(pid_t)>& spare = {});

// True when this process has no child at all, zombie or alive: one system call.
bool childless();

}  // namespace selvage::process
