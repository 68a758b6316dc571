// SPDX-License-Identifier: Apache-2.0
#include "process/tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <thread>

#include "process/spawn.h"

namespace selvage::process {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A tree of processes that all hold the write end of one pipe: the end of that pipe is the proof
// that none of them is left, wherever it has gone.
class Tree : public testing::Test {
 protected:
  Tree() { become_subreaper(); }
  ~Tree() override {
    kill_strays();
    EXPECT_TRUE(childless());
  }

  // Runs `life` in a child; it may branch() on and says up() when it is there.
  pid_t branch(const std::function<void()>& life) {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    life();
    _exit(0);
  }

  void up() {
    const pid_t pid = getpid();
    if (write(pipe_.write.get(), &pid, sizeof(pid)) != sizeof(pid)) _exit(1);
  }

  [[noreturn]] void stay() {
    up();
    for (;;) pause();
  }

  // The pid of a process that has said up().
  pid_t heard() {
    pid_t pid = 0;
    EXPECT_EQ(read(pipe_.read.get(), &pid, sizeof(pid)), ssize_t{sizeof(pid)});
    return pid;
  }

  void expect_all_gone() {
    pipe_.write.reset();
    std::array<pid_t, 1024> rest;
    ssize_t size = 0;
    while ((size = read(pipe_.read.get(), rest.data(), sizeof(rest))) > 0) {
    }
    EXPECT_EQ(size, 0);
  }

  Pipe pipe_ = make_pipe(false, false);
};

void ignore_everything() {
  for (int signal = 1; signal < NSIG; signal++) std::signal(signal, SIG_IGN);
}

TEST_F(Tree, NobodyIsChildlessWithAZombie) {
  EXPECT_TRUE(childless());
  const pid_t child = branch([] {});
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(childless());
  EXPECT_THAT(descendants(getpid()), IsEmpty()) << "a zombie does not live";
  EXPECT_EQ(kill_strays(), 0) << "it was dead already";
  EXPECT_TRUE(childless());
}

TEST_F(Tree, DescendantsAreListedChildrenFirst) {
  const pid_t child = branch([&] {
    branch([&] { stay(); });
    pause();
  });
  const pid_t grandchild = heard();
  EXPECT_THAT(descendants(getpid()), ElementsAre(child, grandchild));
  EXPECT_THAT(descendants(child), ElementsAre(grandchild));
  EXPECT_THAT(descendants(getpid(), [&](pid_t pid) { return pid == child; }), IsEmpty());
}

TEST_F(Tree, NameWithParenthesesIsNoTrouble) {
  const pid_t child = branch([&] {
    prctl(PR_SET_NAME, ") Z 1 (x)) ");
    stay();
  });
  heard();
  EXPECT_THAT(descendants(getpid()), ElementsAre(child));
}

TEST_F(Tree, ProgramThatIgnoresSigtermIsGoneWithAllItStarted) {
  branch([&] {
    ignore_everything();
    branch([&] { stay(); });
    branch([&] {
      setsid();
      branch([&] { stay(); });
      stay();
    });
    stay();
  });
  for (int i = 0; i < 4; i++) heard();
  EXPECT_EQ(kill_strays(), 4);
  EXPECT_TRUE(childless());
  expect_all_gone();
}

TEST_F(Tree, DaemonWhoseProgramHasEndedIsGone) {
  const pid_t program = branch([&] {
    const pid_t middle = branch([&] {
      setsid();
      branch([&] {
        ignore_everything();
        stay();
      });
    });
    waitpid(middle, nullptr, 0);
  });
  waitpid(program, nullptr, 0);
  heard();
  EXPECT_FALSE(childless()) << "the daemon is ours now";
  EXPECT_EQ(kill_strays(), 1);
  expect_all_gone();
}

TEST_F(Tree, StoppedProcessIsGone) {
  const pid_t child = branch([&] { stay(); });
  heard();
  kill(child, SIGSTOP);
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &info, WSTOPPED | WNOWAIT), 0);
  EXPECT_EQ(kill_strays(), 1);
  expect_all_gone();
}

TEST_F(Tree, SparedChildAndWhatItStartedLiveOn) {
  Pipe in = make_pipe(false, false);
  Pipe out = make_pipe(false, false);
  SpawnRequest request{.argv = {"/bin/sh", "-c", "cat; exit 7"}, .environment = {"PATH=/bin"}};
  request.in = in.read.get();
  request.out = out.write.get();
  auto spared = spawn(request);
  ASSERT_TRUE(spared) << spared.error().message;
  branch([&] { stay(); });
  heard();

  EXPECT_EQ(kill_strays([&](pid_t pid) { return pid == spared->pid; }), 1);

  char byte = 0;
  EXPECT_EQ(write(in.write.get(), "x", 1), 1);
  EXPECT_EQ(read(out.read.get(), &byte, 1), 1);
  in.write.reset();
  int status = 0;
  waitpid(spared->pid, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST_F(Tree, StrayInTheGroupOfASparedProcessDiesAlone) {
  const pid_t spared = branch([&] {
    setpgid(0, 0);
    branch([&] {  // becomes ours: its parent ends
      branch([&] { stay(); });
    });
    waitpid(-1, nullptr, 0);
    stay();
  });
  heard();
  heard();
  EXPECT_EQ(kill_strays([&](pid_t pid) { return pid == spared; }), 1);
  EXPECT_THAT(descendants(getpid()), ElementsAre(spared));
}

TEST_F(Tree, ProcessOfAnotherUserIsLeftAndNotWaitedFor) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can start a process of another user";
  const pid_t killer = branch([&] {
    become_subreaper();
    branch([&] { stay(); });
    constexpr uid_t kNobody = 65534;
    if (setuid(kNobody) != 0) _exit(1);
    branch([&] { stay(); });
    heard();
    heard();
    _exit(kill_strays() == 1 && !childless() ? 0 : 1);
  });
  int status = -1;
  waitpid(killer, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(kill_strays(), 1) << "root may";
}

TEST_F(Tree, ProcessWhoseFirstThreadHasEndedIsGone) {
  branch([&] {
    std::thread([this, first = pthread_self()] {
      pthread_join(first, nullptr);
      stay();
    }).detach();
    syscall(SYS_exit, 0);  // of this thread only
  });
  heard();
  kill_strays();
  expect_all_gone();
}

TEST_F(Tree, ForkBombIsGone) {
  constexpr int kMost = 300;  // shared by all, so that the machine survives a failure
  branch([&] {
    setpgid(0, 0);
    for (int i = 0; i < kMost; i++) {
      branch([&] {
        for (int j = 0; j < 3; j++) branch([&] { stay(); });
        stay();
      });
    }
    stay();
  });
  for (int i = 0; i < 10; i++) heard();  // in full swing
  EXPECT_GE(kill_strays(), 1);
  EXPECT_TRUE(childless());
  expect_all_gone();
}

// Forks for ever and ends itself: its pid is an old one before anybody has read it.
void run_away(const std::function<void()>& each_time) {
  for (;;) {
    each_time();
    if (fork() > 0) _exit(0);
  }
}

TEST_F(Tree, RunawayInOneGroupIsGone) {
  branch([&] {
    setpgid(0, 0);
    up();
    run_away([] {});
  });
  heard();
  kill_strays();
  EXPECT_TRUE(childless());
  expect_all_gone();
}

TEST_F(Tree, RunawayWithEverNewSessionsIsGone) {
  branch([&] {
    up();
    run_away([] { setsid(); });
  });
  heard();
  kill_strays();
  EXPECT_TRUE(childless());
  expect_all_gone();
}

}  // namespace
}  // namespace selvage::process
