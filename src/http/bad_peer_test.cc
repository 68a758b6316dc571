// SPDX-License-Identifier: Apache-2.0
// Peers that break the rules or themselves: what each may cost the server, and that the others are
// served meanwhile. The table of malformed bytes is in parser_test.cc.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "http/server_fixture.h"

namespace selvage::http {
namespace {

using testing::StartsWith;

constexpr size_t kGigabyte = 1 << 30;
// Answers to another peer after which a server that reads on would have read what the kernel keeps
// for it, 16 KiB each time.
constexpr int kQuietRounds = 2500;

// Remembers every connection that made a request, without keeping it alive.
class Register final : public Handler {
 public:
  void handle(const Request& request, std::shared_ptr<Connection> connection,
              Responder responder) override {
    if (request.target == "/held") held_.push_back(std::move(responder));
    connection->on_close([] {});
    connection->watch(1, [] {});
    const std::lock_guard lock(mutex_);
    seen_.push_back(connection);
    if (request.target != "/held") responder.send(text("a"));
  }
  size_t seen() {
    const std::lock_guard lock(mutex_);
    return seen_.size();
  }
  size_t alive() {
    const std::lock_guard lock(mutex_);
    return static_cast<size_t>(
        std::ranges::count_if(seen_, [](const auto& one) { return !one.expired(); }));
  }
  void let_go() { held_.clear(); }  // when nobody asks any more

 private:
  std::vector<Responder> held_;  // of the server's one thread
  std::mutex mutex_;
  std::vector<std::weak_ptr<Connection>> seen_;
};

TEST(BadPeers, ThousandsThatComeAndGoLeaveNothingBehind) {
  Register handler;
  const auto server = serve(handler);
  const int before = open_descriptors();
  const std::string beginnings[] = {
      "",                                                            // silent
      "GET / HT",                                                    // half a head
      "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf",            // half a body
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",  // half a chunk
      "nonsense\r\n\r\n",                                            // refused
      get("/answered"),
      get("/answered") + get("/answered") + "nonsense",
  };
  for (int i = 0; i < 3000; i++) {
    Peer peer(server->port());
    ASSERT_TRUE(peer.connected());
    peer.write(beginnings[i % std::size(beginnings)]);
    i % 2 == 0 ? peer.hang_up() : peer.reset();
  }
  EXPECT_TRUE(eventually([&] { return open_descriptors() == before; })) << open_descriptors();
  EXPECT_TRUE(eventually([&] { return handler.alive() == 0; })) << handler.alive();
  EXPECT_GT(handler.seen(), 0u);
}

TEST(BadPeers, ThoseThatLeaveDuringTheAnswerAreHeldByTheirResponderOnly) {
  Register handler;
  auto server = serve(handler);
  const int before = open_descriptors();
  for (int i = 0; i < 1000; i++) {
    Peer peer(server->port());
    peer.write(get("/held"));
    while (handler.seen() <= static_cast<size_t>(i)) std::this_thread::yield();
  }
  EXPECT_TRUE(eventually([&] { return open_descriptors() == before; })) << open_descriptors();
  EXPECT_EQ(handler.alive(), 1000u);
  handler.let_go();
  EXPECT_TRUE(eventually([&] { return handler.alive() == 0; })) << handler.alive();
}

// Answers are large and the peer reads none: the server stops to ask the handler for more.
class Verbose final : public Handler {
 public:
  static constexpr size_t kSize = 100'000;
  void handle(const Request&, std::shared_ptr<Connection>, Responder responder) override {
    ++handled;
    responder.send(text(std::string(kSize, 'x')));
  }
  std::atomic<size_t> handled = 0;
};

TEST(BadPeers, OneThatReadsNoAnswerIsNotAnsweredOn) {
  Verbose handler;
  const auto server = serve(handler);
  constexpr size_t kRequests = kGigabyte / Verbose::kSize;  // a gigabyte of answers
  std::string requests;
  for (size_t i = 0; i < kRequests; i++) requests += get("/");
  Peer deaf(server->port());
  stuff(deaf, requests);
  Peer other(server->port());
  // Every answer to `other` lets the server's one thread do all that it can for `deaf` too.
  size_t for_deaf = 0;
  size_t for_other = 0;
  for (int quiet_rounds = 0; quiet_rounds < kQuietRounds;) {
    other.write(get("/"));
    ASSERT_EQ(other.body().size(), Verbose::kSize);
    const size_t before = std::exchange(for_deaf, handler.handled - ++for_other);
    quiet_rounds = for_deaf == before ? quiet_rounds + 1 : 0;
  }
  EXPECT_LT(for_deaf, kRequests / 2);
}

TEST(BadPeers, OneThatReadsNoAnswerIsClosedWhenItIsIdleForTooLong) {
  Desk desk;
  const auto server = serve(desk, {.threads = 1, .idle_deadline = Duration(1)});
  Peer deaf(server->port());
  deaf.write(get("/"));
  Visit visit = desk.take();
  const auto closed = closing(*visit.connection);
  visit.connection->watch(1, [] {});
  visit.responder.send(text(std::string(64 << 20, 'x')));  // more than any kernel keeps for a peer
  closed.wait();
}

TEST(BadPeers, OneThatSendsOnAndOnWhileItsRequestIsHandledIsNotReadOn) {
  Desk desk;
  const auto server = serve(desk);
  Peer eager(server->port()), other(server->port());
  eager.write(get("/"));
  Visit visit = desk.take();
  size_t taken = 0;
  for (int quiet_rounds = 0; quiet_rounds < kQuietRounds && taken < kGigabyte;) {
    const size_t now = stuff(eager, std::string(1 << 20, 'x'));
    taken += now;
    quiet_rounds = now == 0 ? quiet_rounds + 1 : 0;
    other.write(get("/"));
    desk.take().responder.send(text("b"));
    ASSERT_EQ(other.body(), "b");
  }
  EXPECT_LT(taken, kGigabyte);
  visit.responder.send(text("a"));
  EXPECT_EQ(eager.body(), "a");
  EXPECT_THAT(eager.rest(), StartsWith("HTTP/1.1 431 "));
}

TEST(BadPeers, OneThatOnlyStopsSendingIsGone) {
  Desk desk;
  const auto server = serve(desk);
  Peer peer(server->port());
  peer.write(get("/"));
  Visit visit = desk.take();
  const auto closed = closing(*visit.connection);
  shutdown(peer.handle(), SHUT_WR);
  closed.wait();
  visit.responder.send(text("too late"));
  EXPECT_EQ(peer.rest(), "");
}

// The answer is ready, and nothing else is looked at before it: the end of the stream is unread.
TEST(BadPeers, OneThatHasGoneBeforeItsAnswerIsWrittenIsTold) {
  class Late final : public Handler {
   public:
    void handle(const Request&, std::shared_ptr<Connection> connection,
                Responder responder) override {
      connection->on_abandoned([this] { abandoned.set_value(); });
      arrived.set_value();
      gone.get_future().wait();
      std::thread([&responder] { responder.send(text("too late")); }).join();
    }
    std::promise<void> arrived, gone, abandoned;
  };
  Late late;
  const auto server = serve(late);
  Peer peer(server->port());
  peer.write(get("/"));
  late.arrived.get_future().wait();
  shutdown(peer.handle(), SHUT_WR);
  late.gone.set_value();
  EXPECT_EQ(late.abandoned.get_future().wait_for(std::chrono::minutes(1)),
            std::future_status::ready);
  EXPECT_EQ(peer.rest(), "");
}

TEST(BadPeers, EmptyLinesWithoutEndAreNoRequest) {
  Echo echo;
  const auto server = serve(echo, {.threads = 1, .idle_deadline = Duration(1)});
  Peer peer(server->port());
  std::string lines;
  for (int i = 0; i < 50'000; i++) lines += "\r\n";
  peer.write(lines);
  EXPECT_EQ(peer.rest(), "");
}

TEST(BadPeers, BodyTooLargeInChunksIsRefused) {
  Echo echo;
  const auto server = serve(echo, {.threads = 1, .max_body_bytes = 10});
  Peer peer(server->port());
  peer.write("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n");
  peer.write("5\r\nghijk\r\n0\r\n\r\n");
  EXPECT_THAT(peer.rest(), StartsWith("HTTP/1.1 413 "));
}

TEST(BadPeers, ManyHeadersAreRefused) {
  Echo echo;
  const auto server = serve(echo);
  for (const int count : {64, 65}) {
    Peer peer(server->port());
    std::string head = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < count; i++) head += fmt::format("X-{}: a\r\n", i);
    peer.write(head + "\r\n");
    EXPECT_THAT(peer.answer(), StartsWith(count == 64 ? "HTTP/1.1 200 " : "HTTP/1.1 431 "));
  }
}

TEST(BadPeers, OneThatSendsByteByByteMayTakeNoLongerThanTheDeadline) {
  Echo echo;
  const auto server = serve(echo, {.threads = 1, .head_deadline = Duration(1)});
  Peer peer(server->port());
  fcntl(peer.handle(), F_SETFL, O_NONBLOCK);
  std::string all;
  peer.write("POST / HTTP/1.1\r\nContent-Length: 8000000\r\n\r\n");
  EXPECT_TRUE(eventually([&] {  // a byte each millisecond: each is progress, none is enough
    peer.write("x");
    char bytes[4096];
    const ssize_t n = recv(peer.handle(), bytes, sizeof bytes, 0);
    if (n > 0) all.append(bytes, static_cast<size_t>(n));
    return n == 0 || (n < 0 && errno != EAGAIN);
  }));
  EXPECT_THAT(all, StartsWith("HTTP/1.1 408 "));
}

}  // namespace
}  // namespace selvage::http
