// SPDX-License-Identifier: Apache-2.0
// Which thread does what: how connections are dealt out, and tasks.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "http/server_fixture.h"

namespace selvage::http {
namespace {

// Answers with the thread that it is on.
class Whose final : public Handler {
 public:
  void handle(const Request&, std::shared_ptr<Connection>, Responder responder) override {
    responder.send(
        text(fmt::format("{}", std::hash<std::thread::id>()(std::this_thread::get_id()))));
  }
};

TEST(Loops, FewConnectionsAreSpreadEvenlyOverTheThreads) {
  Whose whose;
  const auto server = serve(whose, {.threads = 3});
  std::deque<Peer> peers;
  std::map<std::string, int> connections;
  for (int i = 0; i < 6; i++) {
    peers.emplace_back(server->port()).write(get("/"));
    ++connections[peers.back().body()];
  }
  EXPECT_EQ(connections.size(), 3u);
  for (const auto& [thread, count] : connections) EXPECT_EQ(count, 2) << thread;
}

TEST(Loops, ATaskRunsOnTheConnectionsThreadAndMayAnswerThere) {
  struct Answer final : Task {
    explicit Answer(Responder r) : responder(std::move(r)) {}
    void run() override {
      thread.set_value(std::this_thread::get_id());
      responder.send(text("done"));
    }
    Responder responder;
    std::promise<std::thread::id> thread;
  };
  Desk desk;
  const auto server = serve(desk);
  Peer peer(server->port());
  peer.write(get("/"));
  Visit visit = desk.take();
  const auto task = std::make_shared<Answer>(std::move(visit.responder));
  visit.connection->run(task);
  EXPECT_EQ(peer.body(), "done");
  EXPECT_NE(task->thread.get_future().get(), std::this_thread::get_id());
}

}  // namespace
}  // namespace selvage::http
