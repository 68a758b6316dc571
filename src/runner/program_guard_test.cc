// SPDX-License-Identifier: Apache-2.0
// Takes the place of the C library's kill(2) in this test binary: see program_guard.h.
#include "runner/program_guard.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace {

std::atomic<int> forbidden = 0;

}  // namespace

namespace selvage::runner {

int forbidden_kills() {
  return forbidden;
}

}  // namespace selvage::runner

extern "C" int kill(pid_t pid, int signal) noexcept {
  if (pid != -1 && pid != 1 && pid != 0) return static_cast<int>(syscall(SYS_kill, pid, signal));
  ++forbidden;
  errno = EPERM;
  return -1;
}

namespace selvage::runner {
namespace {

TEST(ProgramGuard, NobodyCanSignalEverybodyOrInit) {
  const int before = forbidden_kills();
  EXPECT_EQ(::kill(-1, 0), -1);
  EXPECT_EQ(::kill(1, 0), -1);
  EXPECT_EQ(::kill(getpid(), 0), 0);
  EXPECT_EQ(forbidden_kills(), before + 2);
}

}  // namespace
}  // namespace selvage::runner
