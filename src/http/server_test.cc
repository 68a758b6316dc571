// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <future>
#include <memory>
#include <thread>

#include "http/server_fixture.h"

namespace selvage::http {
namespace {

using std::chrono::hours;

TEST(Server, ConnectionIsKeptBetweenRequests) {
  Echo echo;
  const auto server = serve(echo);
  Peer peer(server->port());
  for (int i = 0; i < 3; i++) {
    peer.write(post(std::to_string(i)));
    EXPECT_EQ(peer.answer(), fmt::format("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                         "Content-Length: 3\r\n\r\n/ {}",
                                         i));
  }
}

TEST(Server, EveryThreadAnswers) {
  Echo echo;
  const auto server = serve(echo, {.threads = 3});
  for (int i = 0; i < 50; i++) {
    Peer peer(server->port());
    peer.write(post("a"));
    EXPECT_EQ(peer.body(), "/ a");
  }
}

TEST(Server, LargeAnswersToPipelinedRequestsAllArrive) {
  Desk desk;
  const auto server = serve(desk);
  Peer peer(server->port());
  constexpr int kRequests = 10;
  for (int i = 0; i < kRequests; i++) peer.write(get("/"));
  for (int i = 0; i < kRequests; i++) desk.take().responder.send(text(std::string(100'000, 'x')));
  for (int i = 0; i < kRequests; i++) EXPECT_EQ(peer.body().size(), 100'000u);
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
  Echo echo;
  const auto server = serve(echo);
  Peer peer(server->port());
  peer.write(post("1") + post("2") + get("/3"));
  EXPECT_EQ(peer.body(), "/ 1");
  EXPECT_EQ(peer.body(), "/ 2");
  EXPECT_EQ(peer.body(), "/3 ");
}

TEST(Server, PipelinedRequestsAreAnsweredInOrderFromOtherThreads) {
  Desk desk;
  const auto server = serve(desk);
  Peer peer(server->port());
  peer.write(get("/1") + get("/2") + get("/3"));
  for (int i = 0; i < 3; i++) {
    Visit visit = desk.take();
    visit.responder.send(text(visit.request.target));
  }
  EXPECT_EQ(peer.body(), "/1");
  EXPECT_EQ(peer.body(), "/2");
  EXPECT_EQ(peer.body(), "/3");
}

TEST(Server, PeerThatReadsLateGetsEveryPipelinedAnswer) {
  class Verbose final : public Handler {
    void handle(const Request& request, std::shared_ptr<Connection>, Responder responder) override {
      responder.send(text(std::string(20'000, request.target.back())));
    }
  } verbose;
  const auto server = serve(verbose);
  Peer peer(server->port());
  std::string requests;
  for (int i = 0; i < 400; i++) requests += get(fmt::format("/{}", i % 10));
  peer.write(requests);
  for (int i = 0; i < 400; i++) {
    ASSERT_EQ(peer.body(), std::string(20'000, static_cast<char>('0' + i % 10)));
  }
}

TEST(Server, LargeBodiesPassBothWays) {
  Echo echo;
  const auto server = serve(echo);
  Peer peer(server->port());
  const std::string body(5 << 20, 'x');
  peer.write(post(body));
  EXPECT_EQ(peer.body(), "/ " + body);
}

TEST(Server, ChunkedBodyArrivesWhole) {
  Echo echo;
  const auto server = serve(echo);
  Peer peer(server->port());
  peer.write("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  peer.write("6\r\n world\r\n0\r\n\r\n");
  EXPECT_EQ(peer.body(), "/ hello world");
}

TEST(Server, BodyIsAskedForWhenThePeerWaits) {
  Echo echo;
  const auto server = serve(echo);
  Peer peer(server->port());
  peer.write("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(peer.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.write("hi");
  EXPECT_EQ(peer.body(), "/ hi");
}

TEST(Server, BodyTooLargeIsRefusedBeforeItIsSent) {
  Echo echo;
  const auto server = serve(echo, {.threads = 1, .max_body_bytes = 1});
  Peer peer(server->port());
  peer.write("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_TRUE(peer.rest().starts_with("HTTP/1.1 413 "));
}

TEST(Server, HeadIsAnsweredWithoutBody) {
  Echo echo;
  const auto server = serve(echo);
  Peer peer(server->port());
  peer.write("HEAD /a HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(peer.rest(),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
            "Connection: close\r\n\r\n");
}

TEST(Server, OldOrUnwillingPeersAreClosedAfterTheAnswer) {
  Echo echo;
  const auto server = serve(echo);
  for (const char* head :
       {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"}) {
    Peer peer(server->port());
    peer.write(head + get("/never"));
    const std::string all = peer.rest();
    EXPECT_TRUE(all.starts_with("HTTP/1.1 200 OK\r\n")) << all;
    EXPECT_TRUE(all.contains("\r\nConnection: close\r\n")) << all;
    EXPECT_FALSE(all.contains("never")) << all;
  }
}

// The parser's own test has the whole table; these are the ways in which the server can meet it.
TEST(Server, MalformedRequestsAreAnsweredAndClosed) {
  const std::pair<std::string, int> cases[] = {
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/3.0\r\n\r\n", 505},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nA: " + std::string(20'000, 'a'), 431},
      {"POST / HTTP/1.1\r\nContent-Length: 8388609\r\n\r\n", 413},
      {post(std::string(9 << 20, 'x')), 413},  // although it is still being sent
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400},
      {get("/good") + "bad\r\n\r\n", 400},
      {get("/good") + std::string(100'000, '\0'), 400},
  };
  Echo echo;
  const auto server = serve(echo);
  for (const auto& [request, status] : cases) {
    SCOPED_TRACE(request.substr(0, 80));
    Peer peer(server->port());
    peer.write(request);
    if (request.starts_with("GET /good")) {
      EXPECT_EQ(peer.body(), "/good ");
    }
    const std::string all = peer.rest();
    EXPECT_TRUE(all.starts_with(fmt::format("HTTP/1.1 {} ", status))) << all;
    EXPECT_TRUE(all.contains("\r\nContent-Type: text/plain; charset=utf-8\r\n")) << all;
    EXPECT_TRUE(all.contains("\r\nConnection: close\r\n")) << all;
    EXPECT_TRUE(all.ends_with(".\n")) << all;
  }
}

TEST(Server, PeerThatVanishesDuringTheAnswerIsNoticed) {
  Desk desk;
  const auto server = serve(desk);
  for (const bool by_reset : {false, true}) {
    Peer peer(server->port());
    peer.write(get("/"));
    Visit visit = desk.take();
    const auto closed = closing(*visit.connection);
    by_reset ? peer.reset() : peer.hang_up();
    closed.wait();
    visit.responder.send(text("too late"));
  }
}

TEST(Server, PeerThatVanishesBehindAPipelinedRequestIsNoticed) {
  Desk desk;
  const auto server = serve(desk);
  Peer peer(server->port());
  peer.write(get("/1") + get("/2"));
  Visit visit = desk.take();
  const auto closed = closing(*visit.connection);
  peer.hang_up();
  closed.wait();
}

TEST(Server, PeerThatVanishesBetweenRequestsIsNoticed) {
  Desk desk;
  const auto server = serve(desk);
  Peer peer(server->port());
  peer.write(get("/"));
  Visit visit = desk.take();
  const auto closed = closing(*visit.connection);
  visit.responder.send(text("a"));
  EXPECT_EQ(peer.body(), "a");
  peer.hang_up();
  closed.wait();
}

TEST(Server, CloseOfAClosedConnectionIsToldAtOnce) {
  Desk desk;
  const auto server = serve(desk);
  Peer peer(server->port());
  peer.write(get("/"));
  const Visit visit = desk.take();
  peer.hang_up();
  closing(*visit.connection).wait();
  closing(*visit.connection).wait();
}

TEST(Server, CloseWatcherMayBeSetInsideHandle) {
  class Watching final : public Handler {
   public:
    void handle(const Request&, std::shared_ptr<Connection> connection,
                Responder responder) override {
      connection->on_close([this] { closed.set_value(); });
      responder.send(text("a"));
    }
    std::promise<void> closed;
  } watching;
  const auto server = serve(watching);
  Peer peer(server->port());
  peer.write(get("/"));
  EXPECT_EQ(peer.body(), "a");
  peer.hang_up();
  watching.closed.get_future().wait();
}

TEST(Server, KeyedCloseWatcherReplacesTheOneBefore) {
  Desk desk;
  const auto server = serve(desk);
  Peer peer(server->port());
  peer.write(get("/"));
  const Visit visit = desk.take();
  std::string told;  // on the server's thread, until `closed`
  const auto tell = [&told](char c) { return [&told, c] { told += c; }; };
  for (int i = 0; i < 1000; i++) visit.connection->watch(1, tell('x'));
  visit.connection->watch(1, tell('a'));
  visit.connection->watch(2, tell('b'));
  visit.connection->watch(3, tell('y'));
  visit.connection->watch(3, nullptr);
  visit.connection->watch(4, nullptr);
  std::promise<void> last;
  visit.connection->watch(5, [&last] { last.set_value(); });
  peer.hang_up();
  last.get_future().wait();
  EXPECT_EQ(told, "ab");
}

TEST(Server, KeyedCloseWatcherOfAClosedConnectionIsToldAtOnce) {
  Desk desk;
  const auto server = serve(desk);
  Peer peer(server->port());
  peer.write(get("/"));
  const Visit visit = desk.take();
  peer.hang_up();
  closing(*visit.connection).wait();
  std::promise<void> told;
  visit.connection->watch(1, [&told] { told.set_value(); });
  told.get_future().wait();
}

TEST(Server, ConnectionWhoseLastWatcherWasForgottenIsClosedWhenIdle) {
  Desk desk;
  const auto server = serve(desk, {.threads = 1, .idle_deadline = Duration(1)});
  Peer peer(server->port());
  peer.write(get("/"));
  Visit visit = desk.take();
  visit.connection->watch(1, [] {});
  visit.responder.send(text("a"));
  EXPECT_EQ(peer.body(), "a");
  visit.connection->watch(1, nullptr);
  EXPECT_EQ(peer.rest(), "");
}

TEST(Server, ConnectionKnowsItsPeer) {
  Desk desk;
  const auto server = serve(desk);
  Peer peer(server->port());
  peer.write(get("/"));
  const Visit visit = desk.take();
  EXPECT_EQ(visit.connection->peer(), "127.0.0.1");
  EXPECT_FALSE(visit.connection->secure());
  const auto closed = closing(*visit.connection);
  peer.hang_up();
  closed.wait();
  EXPECT_EQ(visit.connection->peer(), "127.0.0.1");
}

TEST(Server, ConnectionsHaveDifferentIds) {
  Desk desk;
  const auto server = serve(desk);
  Peer first(server->port()), second(server->port());
  first.write(get("/") + get("/"));
  Visit a = desk.take();
  a.responder.send({});
  const Visit again = desk.take();
  second.write(get("/"));
  const Visit b = desk.take();
  EXPECT_EQ(a.connection->id(), again.connection->id());
  EXPECT_NE(a.connection->id(), b.connection->id());
}

TEST(Server, DroppedResponderAnswers500) {
  Desk desk;
  const auto server = serve(desk);
  Peer peer(server->port());
  peer.write(get("/") + get("/"));
  {
    const Visit dropped = desk.take();
  }
  EXPECT_TRUE(peer.answer().starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
  {
    Visit overwritten = desk.take();
    Responder none = std::move(overwritten.responder);
    none = Responder(nullptr);
  }
  EXPECT_TRUE(peer.answer().starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
}

TEST(Server, RequestThatDoesNotArriveIsRefused) {
  Echo echo;
  const auto server = serve(echo, {.threads = 1, .head_deadline = Duration(1)});
  Peer half_head(server->port()), half_body(server->port());
  half_head.write("GET / HT");
  half_body.write("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\na");
  EXPECT_TRUE(half_head.rest().starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(half_body.rest().starts_with("HTTP/1.1 408 "));
}

TEST(Server, IdleConnectionIsClosedUnlessItIsWatched) {
  Desk desk;
  const auto server = serve(desk, {.threads = 1, .idle_deadline = Duration(1)});
  Peer watched(server->port());
  watched.write(get("/"));
  Visit visit = desk.take();
  visit.connection->on_close([] {});
  visit.responder.send(text("a"));
  EXPECT_EQ(watched.body(), "a");
  Peer idle(server->port());
  EXPECT_EQ(idle.rest(), "");  // became idle after the watched one did
  watched.write(get("/"));
  desk.take().responder.send(text("b"));
  EXPECT_EQ(watched.body(), "b");
}

TEST(Server, DrainWaitsForRequestsInFlight) {
  Desk desk;
  const auto server = serve(desk);
  Peer busy(server->port()), idle(server->port());
  busy.write(get("/"));
  Visit visit = desk.take();
  auto drained = std::async(std::launch::async, [&] { server->drain(hours(1)); });
  while (Peer(server->port()).connected()) {  // until the drain has begun
  }
  visit.responder.send(text("a"));
  const std::string all = busy.rest();
  EXPECT_TRUE(all.contains("\r\nConnection: close\r\n")) << all;
  EXPECT_TRUE(all.ends_with("\r\n\r\na")) << all;
  EXPECT_EQ(idle.rest(), "");
  drained.wait();
}

TEST(Server, DrainEndsWithItsGrace) {
  Desk desk;
  const auto server = serve(desk);
  Peer peer(server->port());
  peer.write(get("/"));
  Visit visit = desk.take();
  const auto closed = closing(*visit.connection);
  server->drain(Duration::zero());
  closed.wait();
  EXPECT_EQ(peer.rest(), "");
  visit.responder.send(text("too late"));
  server->drain(hours(1));
}

TEST(Server, ResponderAndConnectionMayOutliveTheServer) {
  Desk desk;
  auto server = serve(desk);
  Peer peer(server->port()), other(server->port());
  peer.write(get("/"));
  other.write(get("/"));
  auto visit = std::make_unique<Visit>(desk.take());
  auto unused = std::make_unique<Visit>(desk.take());
  const auto closed = closing(*visit->connection);
  server.reset();
  closed.wait();
  EXPECT_EQ(peer.rest(), "");
  closing(*visit->connection).wait();
  visit->responder.send(text("too late"));
  unused.reset();
}

TEST(Server, AnswersThatRaceWithTheEndAreSafe) {
  for (int i = 0; i < 20; i++) {
    Desk desk;
    auto server = serve(desk, {.threads = 2});
    std::deque<Peer> peers;
    std::deque<Visit> visits;
    for (int p = 0; p < 5; p++) peers.emplace_back(server->port()).write(get("/"));
    for (int p = 0; p < 5; p++) visits.push_back(desk.take());
    std::thread answers([&] {
      for (Visit& visit : visits) visit.responder.send(text("a"));
    });
    server.reset();
    answers.join();
  }
}

TEST(Server, PortOfAnotherServerIsInUse) {
  Echo echo;
  const auto first = serve(echo);
  const auto second = Server::listen({.port = first->port(), .threads = 1}, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kInUse);
  EXPECT_EQ(second.error().message,
            fmt::format("port {} on 127.0.0.1 is in use by another program; choose another with "
                        "--listen HOST:PORT",
                        first->port()));
}

TEST(Server, PortIsFreeAgainAfterTheServersEnd) {
  Echo echo;
  auto first = serve(echo);
  const uint16_t port = first->port();
  Peer peer(port);
  peer.write(get("/"));
  EXPECT_EQ(peer.body(), "/ ");
  first.reset();  // closes first, so the connection lingers in TIME_WAIT
  EXPECT_EQ(serve(echo, {.port = port, .threads = 2})->port(), port);
}

TEST(Server, AddressThatIsNotOursIsASetting) {
  Echo echo;
  for (const char* host : {"192.0.2.1", "no such host", "300.1.1.1"}) {
    const auto server = Server::listen({.host = host, .threads = 1}, echo);
    ASSERT_FALSE(server) << host;
    EXPECT_EQ(server.error().code, ErrorCode::kSettings);
    EXPECT_TRUE(server.error().message.contains(host)) << server.error().message;
  }
}

TEST(Server, ListensOnNamesAndIpv6) {
  Echo echo;
  const auto named = serve(echo, {.host = "localhost", .threads = 1});
  Peer peer(named->port());
  peer.write(get("/a"));
  EXPECT_EQ(peer.body(), "/a ");
  const auto ipv6 = Server::listen({.host = "::1", .threads = 2}, echo);
  if (!ipv6) GTEST_SKIP() << ipv6.error().message;
  EXPECT_NE((*ipv6)->port(), 0);
}

}  // namespace
}  // namespace selvage::http
