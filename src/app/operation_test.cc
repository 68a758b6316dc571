// SPDX-License-Identifier: Apache-2.0
// What operators and systemd are told of a server.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <future>

#include "app/front.h"
#include "app/heartbeat.h"
#include "base/clock.h"
#include "metrics/table.h"
#include "process/fd.h"
#include "store/memory_store.h"

namespace selvage::app {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// What systemd would read, on a socket of ours.
class NotifySocket {
 public:
  // `address` as in NOTIFY_SOCKET.
  explicit NotifySocket(const std::string& address)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, address.data(), address.size());
    if (address[0] == '@') at.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&at), length), 0);
  }
  // What was said so far.
  std::vector<std::string> heard() {
    std::vector<std::string> all;
    char text[4096];
    while (true) {
      const ssize_t size = recv(socket_.get(), text, sizeof text, MSG_DONTWAIT);
      if (size < 0) return all;
      all.emplace_back(text, static_cast<size_t>(size));
    }
  }

 private:
  process::Fd socket_;
};

std::string abstract_address() {
  return fmt::format("@selvage-test-{}", getpid());
}

// A broker that answers when the test says so.
class SlowBackend final : public sqs::Backend {
 public:
  Ticket submit(queue::Command command, Done done) override {
    commands.push_back(std::move(command));
    if (answers) {
      done(queue::Refusal::kNoSuchQueue);
    } else {
      waiting.push_back(std::move(done));
    }
    return commands.size();
  }
  void cancel(Ticket) override {}
  void answer() {
    for (Done& done : std::exchange(waiting, {})) done(queue::Refusal::kNoSuchQueue);
  }

  bool answers = false;
  std::vector<queue::Command> commands;
  std::vector<Done> waiting;
};

// ---- systemd

TEST(Notifier, SpeaksToAnAbstractAddress) {
  NotifySocket systemd(abstract_address());
  Notifier(abstract_address(), std::nullopt).tell("READY=1\nSTATUS=fine");
  EXPECT_THAT(systemd.heard(), ElementsAre("READY=1\nSTATUS=fine"));
}

TEST(Notifier, SpeaksToAPath) {
  const std::string path = fmt::format("{}/selvage-notify-{}",
                                       std::filesystem::temp_directory_path().string(), getpid());
  NotifySocket systemd(path);
  Notifier(path, std::nullopt).tell("STOPPING=1");
  EXPECT_THAT(systemd.heard(), ElementsAre("STOPPING=1"));
  std::filesystem::remove(path);
}

TEST(Notifier, WithoutASocketNothingIsSaid) {
  Notifier().tell("READY=1");
  Notifier("", std::nullopt).tell("READY=1");
  Notifier("relative", std::nullopt).tell("READY=1");
  Notifier("/nobody/listens/here", std::nullopt).tell("READY=1");
  Notifier("@" + std::string(200, 'x'), std::nullopt).tell("READY=1");
}

TEST(Notifier, AReloadHasItsTime) {
  NotifySocket systemd(abstract_address());
  Notifier(abstract_address(), std::nullopt).tell_reloading();
  EXPECT_THAT(systemd.heard(),
              ElementsAre(testing::MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+")));
}

class NotifierEnvironment : public testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }
};

TEST_F(NotifierEnvironment, TheWatchdogIsOursIfItNamesUsOrNobody) {
  EXPECT_EQ(Notifier::from_environment().watchdog(), std::nullopt);
  setenv("WATCHDOG_USEC", "3000000", 1);
  EXPECT_EQ(Notifier::from_environment().watchdog(), seconds(3));
  setenv("WATCHDOG_PID", fmt::format("{}", getpid()).c_str(), 1);
  EXPECT_EQ(Notifier::from_environment().watchdog(), seconds(3));
  setenv("WATCHDOG_PID", fmt::format("{}", getppid()).c_str(), 1);
  EXPECT_EQ(Notifier::from_environment().watchdog(), std::nullopt);
  unsetenv("WATCHDOG_PID");
  for (const char* odd : {"0", "-5", "soon", "3s", ""}) {
    setenv("WATCHDOG_USEC", odd, 1);
    EXPECT_EQ(Notifier::from_environment().watchdog(), std::nullopt) << odd;
  }
}

class HeartbeatTest : public testing::Test {
 protected:
  NotifySocket systemd_{abstract_address()};
  Notifier notifier_{abstract_address(), seconds(30)};
  SlowBackend backend_;
  Heartbeat heartbeat_{backend_, notifier_};
};

TEST_F(HeartbeatTest, TheWatchdogIsFedByTheBrokersAnswerOnly) {
  heartbeat_.beat();
  EXPECT_TRUE(systemd_.heard().empty());
  backend_.answer();
  EXPECT_THAT(systemd_.heard(), ElementsAre("WATCHDOG=1"));
}

TEST_F(HeartbeatTest, ABrokerThatHangsIsAskedOnceAndNothingIsFed) {
  for (int i = 0; i < 3; ++i) heartbeat_.beat();
  EXPECT_EQ(backend_.commands.size(), 1u);
  EXPECT_TRUE(systemd_.heard().empty());
  backend_.answer();
  heartbeat_.beat();
  backend_.answer();
  EXPECT_THAT(systemd_.heard(), ElementsAre("WATCHDOG=1", "WATCHDOG=1"));
}

TEST_F(HeartbeatTest, ThereAreThreeBeatsWithinTheWatchdogsPatience) {
  EXPECT_EQ(heartbeat_.period(), seconds(10));
  const Notifier without(abstract_address(), std::nullopt);
  EXPECT_EQ(Heartbeat(backend_, without).period(), std::nullopt);
}

// ---- readiness

TEST(ReadinessTest, DrainingIsForGoodAndReadOnlyIsNot) {
  using State = Readiness::State;
  Readiness readiness;
  EXPECT_EQ(readiness.state(), State::kStarting);
  readiness.set(broker::Health::State::kReadOnly);
  EXPECT_EQ(readiness.state(), State::kStarting);
  readiness.set_started();
  EXPECT_EQ(readiness.state(), State::kReadOnly);
  readiness.set(broker::Health::State::kOk);
  EXPECT_EQ(readiness.state(), State::kReady);
  readiness.set_draining();
  readiness.set(broker::Health::State::kReadOnly);
  EXPECT_EQ(readiness.state(), State::kDraining);
}

// ---- pages

class SomeConnection final : public http::Connection {
 public:
  void on_close(std::function<void()>) override {}
  void on_abandoned(std::function<void()>) override {}
  uint64_t id() const override { return 1; }
};

class Answer final : public http::Responder::Sink {
 public:
  void send(const http::Response& response) override { promise_.set_value(response); }
  http::Response get() { return promise_.get_future().get(); }

 private:
  std::promise<http::Response> promise_;
};

class NextHandler final : public http::Handler {
 public:
  void handle(const http::Request&, std::shared_ptr<http::Connection>,
              http::Responder responder) override {
    responder.send(http::plain_text(200, "queues"));
  }
};

http::Response ask(http::Handler& handler, const std::string& target,
                   const std::string& method = "GET") {
  const auto answer = std::make_shared<Answer>();
  handler.handle({.method = method, .target = target, .headers = {}, .body = ""},
                 std::make_shared<SomeConnection>(), http::Responder(answer));
  return answer->get();
}

queue::QueueInfo named(std::string name) {
  queue::QueueInfo info;
  info.name = std::move(name);
  return info;
}

// A broker with ready answers about some queues.
class ListingBackend final : public sqs::Backend {
 public:
  Ticket submit(queue::Command command, Done done) override {
    const auto& list = std::get<queue::ListQueues>(command);
    std::vector<queue::QueueInfo> found;
    for (const queue::QueueInfo& q : queues)
      if (q.name > list.after && found.size() < list.max) found.push_back(q);
    ++asked;
    done(std::move(found));
    return 1;
  }
  void cancel(Ticket) override {}

  std::vector<queue::QueueInfo> queues;  // by name
  int asked = 0;
};

class Pages : public testing::Test {
 protected:
  ~Pages() override { monitor_.detach(); }
  std::string metrics() { return ask(front_, "/metrics").body; }

  Readiness readiness_;
  Monitor monitor_{readiness_};
  Front front_{readiness_, monitor_};
  ListingBackend backend_;
  store::MemoryStore store_;
};

TEST_F(Pages, HealthIsThereFromTheFirstMomentAndReadinessIsNot) {
  EXPECT_EQ(ask(front_, "/healthz").status, 200);
  EXPECT_EQ(ask(front_, "/readyz").status, 503);
  EXPECT_THAT(ask(front_, "/readyz").body, HasSubstr("starting"));
  readiness_.set_started();
  EXPECT_EQ(ask(front_, "/readyz").status, 200);
  EXPECT_EQ(ask(front_, "/readyz?probe=1").status, 200);
  readiness_.set(broker::Health::State::kReadOnly);
  EXPECT_EQ(ask(front_, "/readyz").status, 503);
  EXPECT_THAT(ask(front_, "/readyz").body, HasSubstr("disk is full"));
  readiness_.set_draining();
  EXPECT_THAT(ask(front_, "/readyz").body, HasSubstr("draining"));
  EXPECT_EQ(ask(front_, "/healthz").status, 200);
}

TEST_F(Pages, OnItsOwnAddressThereIsNothingElse) {
  EXPECT_EQ(ask(front_, "/").status, 404);
  EXPECT_EQ(ask(front_, "/healthz", "POST").status, 404);
}

TEST_F(Pages, WithoutABrokerTheProcessStillTellsOfItself) {
  const http::Response page = ask(front_, "/metrics");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("process_resident_memory_bytes "));
  EXPECT_THAT(page.body, HasSubstr("\nselvage_ready 0\n"));
  EXPECT_THAT(page.body, HasSubstr("selvage_build_info{version=\""));
  EXPECT_THAT(page.body, Not(HasSubstr("selvage_queues")));
}

TEST_F(Pages, QueuesAreToldWithTheirCounts) {
  queue::QueueInfo orders = named("orders");
  orders.visible = 3;
  orders.in_flight = 2;
  orders.delayed = 1;
  orders.totals.sent = 9;
  orders.totals.empty_receives = 4;
  orders.oldest = SystemClock().now() - std::chrono::hours(1);
  backend_.queues = {named("mail"), orders};
  monitor_.attach(backend_, [this] { return store_.statistics(); });
  const std::string page = metrics();
  EXPECT_THAT(page, HasSubstr("\nselvage_queues 2\n"));
  EXPECT_THAT(page, HasSubstr("selvage_queue_messages_visible{queue=\"orders\"} 3\n"));
  EXPECT_THAT(page, HasSubstr("selvage_queue_messages_in_flight{queue=\"orders\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("selvage_queue_messages_delayed{queue=\"orders\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("selvage_queue_messages_sent_total{queue=\"orders\"} 9\n"));
  EXPECT_THAT(page, HasSubstr("selvage_queue_empty_receives_total{queue=\"orders\"} 4\n"));
  EXPECT_THAT(page, HasSubstr("selvage_queue_oldest_message_age_seconds{queue=\"orders\"} 360"));
  EXPECT_THAT(page, HasSubstr("selvage_queue_oldest_message_age_seconds{queue=\"mail\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("\nselvage_store_memory_bytes 0\n"));
}

TEST_F(Pages, ManyQueuesAreAskedForInParts) {
  constexpr int kMany = 1200;
  for (int i = 0; i < kMany; ++i) backend_.queues.push_back(named(fmt::format("q{:05}", i)));
  monitor_.attach(backend_, [this] { return store_.statistics(); });
  const std::string page = metrics();
  EXPECT_THAT(page, HasSubstr("\nselvage_queues 1200\n"));
  EXPECT_THAT(page, HasSubstr("selvage_queue_messages_visible{queue=\"q00000\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("selvage_queue_messages_visible{queue=\"q01199\"} 0\n"));
  EXPECT_EQ(backend_.asked, 3);
}

TEST_F(Pages, EveryMetricOfTheTableIsTold) {
  backend_.queues = {named("q")};
  monitor_.attach(backend_, [this] { return store_.statistics(); });
  const std::string page = metrics();
  for (const metrics::Metric& metric : metrics::table())
    EXPECT_THAT(page, HasSubstr(fmt::format("# TYPE {} ", metric.name)));
}

// ---- in front of the queues

class InFront : public Pages {
 protected:
  sqs::Identity identity_;
  sqs::Guard guard_{backend_, identity_};
  NextHandler next_;
  Front before_{readiness_, monitor_, guard_, next_};
};

TEST_F(InFront, WithoutKeysAnybodyMaySeeQueuesAndTheRestGoesOn) {
  EXPECT_EQ(ask(before_, "/metrics").status, 200);
  EXPECT_EQ(ask(before_, "/healthz").body, "ok\n");
  EXPECT_EQ(ask(before_, "/").body, "queues\n");
  EXPECT_EQ(ask(before_, "/healthz", "POST").body, "queues\n");
}

TEST_F(InFront, WithKeysOnlyThoseWhoMayDoTheStatistics) {
  auto keyring = auth::Keyring::make({});
  ASSERT_TRUE(keyring);
  guard_.use(
      std::make_shared<const auth::Verifier>(*std::move(keyring), auth::Verifier::Options{}));
  const http::Response answer = ask(before_, "/metrics");
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body, HasSubstr("--metrics-listen"));
  EXPECT_EQ(ask(before_, "/healthz").status, 200);
  EXPECT_EQ(ask(front_, "/metrics").status, 200) << "an address of its own needs no key";
}

}  // namespace
}  // namespace selvage::app
