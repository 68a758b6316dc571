// SPDX-License-Identifier: Apache-2.0
#include "process/reactor.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>

#include <csignal>
#include <string>

namespace selvage::process {
namespace {

using std::chrono::microseconds;
using testing::ElementsAre;

constexpr Duration kNow{0};
constexpr Duration kLong = std::chrono::hours(1);  // no test waits for it

Pipe readable_pipe() {
  Pipe pipe = make_pipe(true, true);
  EXPECT_EQ(write(pipe.write.get(), "x", 1), 1);
  return pipe;
}

TEST(Reactor, TimersRunInTheOrderOfTheirDeadlines) {
  Reactor reactor;
  std::vector<int> order;
  reactor.after(microseconds(3000), [&] {
    order.push_back(3);
    reactor.stop();
  });
  reactor.after(microseconds(-5), [&] { order.push_back(0); });
  reactor.after(microseconds(2000), [&] { order.push_back(2); });
  reactor.after(kNow, [&] { order.push_back(1); });
  reactor.run();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
}

TEST(Reactor, TimerNeverRunsBeforeItsDeadline) {
  Reactor reactor;
  constexpr Duration kDelay{1500};
  const auto start = std::chrono::steady_clock::now();
  reactor.after(kDelay, [&] { reactor.stop(); });
  reactor.run();
  EXPECT_GE(std::chrono::steady_clock::now() - start, kDelay);
}

TEST(Reactor, CancelledTimerNeverRuns) {
  Reactor reactor;
  int ran = 0;
  const TimerId first = reactor.after(kNow, [&] { ran++; });
  TimerId third = 0;
  const TimerId second = reactor.after(kNow, [&] { reactor.cancel(third); });
  third = reactor.after(kNow, [&] { ran++; });
  reactor.cancel(first);
  reactor.run_once(kNow);
  EXPECT_EQ(ran, 0);
  reactor.cancel(0);
  reactor.cancel(second);  // past
}

TEST(Reactor, TimerCanCancelItselfAndKeepItsState) {
  Reactor reactor;
  TimerId timer = 0;
  std::string seen;
  timer = reactor.after(kNow, [&, text = std::string(100, 'x')] {
    reactor.cancel(timer);
    seen = text;
  });
  reactor.run_once(kNow);
  EXPECT_EQ(seen, std::string(100, 'x'));
}

TEST(Reactor, TimerThatACallbackStartsWaitsForTheNextRound) {
  Reactor reactor;
  int rounds = 0;
  std::function<void()> again = [&] {
    rounds++;
    reactor.after(kNow, again);
  };
  again();
  reactor.run_once(kNow);
  EXPECT_EQ(rounds, 2);
}

TEST(Reactor, EndlessDelayIsNoOverflow) {
  Reactor reactor;
  reactor.after(Duration::max(), [] { FAIL(); });
  EXPECT_TRUE(reactor.run_once(kNow));
}

TEST(Reactor, ReadableDescriptorCallsBackUntilItIsRead) {
  Reactor reactor;
  const Pipe pipe = readable_pipe();
  int calls = 0;
  reactor.watch(pipe.read.get(), EPOLLIN, [&](uint32_t events) {
    EXPECT_EQ(events, uint32_t{EPOLLIN});
    char byte;
    if (++calls < 2) return;
    EXPECT_EQ(read(pipe.read.get(), &byte, 1), 1);
  });
  for (int i = 0; i < 4; i++) reactor.run_once(kNow);
  EXPECT_EQ(calls, 2);
}

TEST(Reactor, WaitEndsWithTheFirstEvent) {
  Reactor reactor;
  const Pipe pipe = readable_pipe();
  bool called = false;
  reactor.watch(pipe.read.get(), EPOLLIN, [&](uint32_t) { called = true; });
  EXPECT_TRUE(reactor.run_once(kLong));
  EXPECT_TRUE(called);
}

TEST(Reactor, HangUpIsReportedToAWatchForNothing) {
  Reactor reactor;
  Pipe pipe = make_pipe(true, true);
  uint32_t seen = 0;
  reactor.watch(pipe.read.get(), 0, [&](uint32_t events) { seen = events; });
  pipe.write.reset();
  reactor.run_once(kLong);
  EXPECT_EQ(seen, uint32_t{EPOLLHUP});
}

TEST(Reactor, EventThatCameInTimeIsCalledBeforeThePassedDeadline) {
  Reactor reactor;
  const Pipe pipe = readable_pipe();
  const TimerId deadline = reactor.after(kNow, [] { FAIL(); });
  reactor.watch(pipe.read.get(), EPOLLIN, [&](uint32_t) { reactor.cancel(deadline); });
  reactor.run_once(kLong);
}

TEST(Reactor, CallbackCanUnwatchItselfAndKeepItsState) {
  Reactor reactor;
  Pipe pipe = readable_pipe();
  const int fd = pipe.read.get();
  int calls = 0;
  reactor.watch(fd, EPOLLIN, [&, fd, text = std::string(100, 'x')](uint32_t) {
    reactor.unwatch(fd);
    pipe.read.reset();
    calls++;
    EXPECT_EQ(text, std::string(100, 'x'));
  });
  reactor.run_once(kNow);
  reactor.run_once(kNow);
  EXPECT_EQ(calls, 1);
  reactor.unwatch(fd);  // unknown by now
}

// Two descriptors are ready; whoever is called first does `to_other` to the other one.
int calls_when_first_does(Reactor& reactor, const std::function<void(Pipe& other)>& to_other) {
  Pipe pipes[2] = {readable_pipe(), readable_pipe()};
  int calls = 0;
  for (int i = 0; i < 2; i++) {
    reactor.watch(pipes[i].read.get(), EPOLLIN, [&, i](uint32_t) {
      if (++calls == 1) to_other(pipes[1 - i]);
    });
  }
  reactor.run_once(kNow);
  for (Pipe& pipe : pipes) reactor.unwatch(pipe.read.get());
  return calls;
}

TEST(Reactor, UnwatchedDescriptorIsNotCalledForAnEventOfTheSameRound) {
  Reactor reactor;
  EXPECT_EQ(calls_when_first_does(reactor,
                                  [&](Pipe& other) {
                                    reactor.unwatch(other.read.get());
                                    other.read.reset();
                                  }),
            1);
}

TEST(Reactor, StaleEventDoesNotCallTheNewWatchOfAReusedNumber) {
  Reactor reactor;
  const Pipe quiet = make_pipe(true, true);
  const auto replace = [&](Pipe& other) {
    const int number = other.read.get();
    reactor.unwatch(number);
    ASSERT_EQ(dup2(quiet.read.get(), number), number);
    reactor.watch(number, EPOLLIN, [](uint32_t) { FAIL(); });
  };
  EXPECT_EQ(calls_when_first_does(reactor, replace), 1);
}

TEST(Reactor, ChangedWatchIsNotCalledForWhatItNoLongerAsks) {
  Reactor reactor;
  EXPECT_EQ(
      calls_when_first_does(reactor, [&](Pipe& other) { reactor.change(other.read.get(), 0); }), 1);
}

TEST(Reactor, ChangedWatchIsCalledForWhatItAsksNow) {
  Reactor reactor;
  const Pipe pipe = readable_pipe();
  int calls = 0;
  reactor.watch(pipe.read.get(), 0, [&](uint32_t) { calls++; });
  reactor.run_once(kNow);
  EXPECT_EQ(calls, 0);
  reactor.change(pipe.read.get(), EPOLLIN);
  reactor.run_once(kNow);
  EXPECT_EQ(calls, 1);
}

TEST(Reactor, NothingCallsBackAfterStop) {
  Reactor reactor;
  EXPECT_EQ(calls_when_first_does(reactor, [&](Pipe&) { reactor.stop(); }), 1);
  reactor.after(kNow, [] { FAIL(); });
  EXPECT_FALSE(reactor.run_once(kLong));
  reactor.run();
}

TEST(Reactor, EachSignalCallsBack) {
  Reactor reactor;
  std::vector<int> seen;
  reactor.on_signal({SIGUSR1, SIGUSR2}, [&](int signal) {
    seen.push_back(signal);
    if (seen.size() == 2) reactor.stop();
  });
  kill(getpid(), SIGUSR2);
  kill(getpid(), SIGUSR1);
  reactor.run();
  EXPECT_THAT(seen, testing::UnorderedElementsAre(SIGUSR1, SIGUSR2));
}

TEST(ReactorDeathTest, DescriptorClosedBeforeItsUnwatchIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Reactor reactor;
        Pipe pipe = make_pipe(true, true);
        const int fd = pipe.read.get();
        reactor.watch(fd, EPOLLIN, [](uint32_t) {});
        pipe.read.reset();
        reactor.unwatch(fd);
      },
      "this is a bug");
}

}  // namespace
}  // namespace selvage::process
