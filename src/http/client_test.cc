// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <future>
#include <optional>

#include "http/address.h"
#include "http/server.h"

namespace selvage::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Echo final : public Handler {
  void handle(const Request& request, std::shared_ptr<Connection>, Responder responder) override {
    Response response{200, "text/plain", {}, request.target + request.body};
    if (request.target == "/host") response.body = request.header("host");
    responder.send(response);
  }
};

// Answers nothing until the test says so.
class Holding final : public Handler {
 public:
  void handle(const Request&, std::shared_ptr<Connection>, Responder responder) override {
    held.set_value(std::move(responder));
  }
  std::promise<Responder> held;
};

class Client : public testing::Test {
 protected:
  void serve(uint16_t port = 0) { serve(echo_, port); }
  void serve(Handler& handler, uint16_t port = 0) {
    auto server = Server::listen({.port = port, .threads = 1}, handler);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }

  void connect(std::optional<Duration> deadline = {}) {
    connection_ = ClientConnection::create(reactor_, {"127.0.0.1", server_->port()}, deadline);
    connection_->on_lost([this] { log_.push_back("lost"); });
  }

  // Logs the answer's body or the failure.
  void ask(std::string target) {
    connection_->request({"GET", target, {}, ""}, [this, target](Result<Response> response) {
      log_.push_back(response ? response->body : "failed " + target);
      if (!response) {
        EXPECT_EQ(response.error().code, ErrorCode::kRetry);
        sentence_ = response.error().message;
      }
    });
  }

  void run_until(size_t log_lines) {
    while (log_.size() < log_lines) reactor_.run_once(std::chrono::hours(1));
  }

  Echo echo_;
  std::unique_ptr<Server> server_;
  process::Reactor reactor_;
  std::unique_ptr<ClientConnection> connection_;
  std::vector<std::string> log_;
  std::string sentence_;
};

TEST_F(Client, RequestsAreAnsweredInOrder) {
  serve();
  connect();
  for (const char* target : {"/1", "/2", "/3"}) ask(target);
  EXPECT_TRUE(log_.empty());
  run_until(3);
  EXPECT_THAT(log_, ElementsAre("/1", "/2", "/3"));
}

TEST_F(Client, RequestNamesTheHost) {
  serve();
  connect();
  ask("/host");
  run_until(1);
  EXPECT_EQ(log_.front(), fmt::format("127.0.0.1:{}", server_->port()));
}

TEST_F(Client, LargeBodiesPassBothWays) {
  serve();
  connect();
  const std::string body(5 << 20, 'x');
  connection_->request({"POST", "/", {{"Expect", "100-continue"}}, body}, [&](Result<Response> r) {
    log_.push_back(r ? r->body : r.error().message);
  });
  run_until(1);
  EXPECT_EQ(log_.front(), "/" + body);
}

TEST_F(Client, HeadHasNoBodyAndTheNextAnswerIsRead) {
  serve();
  connect();
  connection_->request({"HEAD", "/abc", {}, ""}, [&](Result<Response> r) {
    log_.push_back(std::string(r->header("content-length")) + r->body);
  });
  ask("/next");
  run_until(2);
  EXPECT_THAT(log_, ElementsAre("4", "/next"));
}

TEST_F(Client, LossIsToldBetweenRequests) {
  serve();
  connect();
  ask("/1");
  run_until(1);
  server_.reset();
  run_until(2);
  EXPECT_THAT(log_, ElementsAre("/1", "lost"));
}

TEST_F(Client, LossFailsOutstandingRequestsInOrderAndIsToldThen) {
  Holding holding;
  serve(holding);
  connect();
  for (const char* target : {"/1", "/2", "/3"}) ask(target);
  auto held = holding.held.get_future();
  while (held.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    reactor_.run_once(Duration::zero());
  server_.reset();
  run_until(4);
  EXPECT_THAT(log_, ElementsAre("failed /1", "failed /2", "failed /3", "lost"));
  EXPECT_THAT(sentence_, HasSubstr("127.0.0.1:"));
}

TEST_F(Client, RequestAfterALossConnectsAgain) {
  serve();
  connect();
  ask("/1");
  run_until(1);
  const uint16_t port = server_->port();
  server_.reset();
  run_until(2);
  ask("/2");
  run_until(3);
  serve(port);
  ask("/3");
  run_until(4);
  EXPECT_THAT(log_, ElementsAre("/1", "lost", "failed /2", "/3"));
}

TEST_F(Client, RefusedConnectionFailsEveryRequestAndNamesTheEndpoint) {
  serve();
  connect();
  const uint16_t port = server_->port();
  server_.reset();
  ask("/1");
  ask("/2");
  EXPECT_TRUE(log_.empty());
  run_until(2);
  EXPECT_THAT(log_, ElementsAre("failed /1", "failed /2"));
  EXPECT_EQ(sentence_, fmt::format("cannot connect to 127.0.0.1:{}: Connection refused", port));
}

TEST_F(Client, UnknownHostFailsTheRequest) {
  connection_ = ClientConnection::create(reactor_, {"no such host", 1});
  ask("/1");
  EXPECT_TRUE(log_.empty());
  run_until(1);
  EXPECT_THAT(sentence_, HasSubstr("no such host"));
}

TEST_F(Client, CloseFailsOutstandingRequestsAndTellsNoLoss) {
  serve();
  connect();
  ask("/1");
  run_until(1);
  ask("/2");
  ask("/3");
  connection_->close();
  EXPECT_THAT(log_, ElementsAre("/1", "failed /2", "failed /3"));
  ask("/4");
  run_until(4);
  EXPECT_EQ(log_.back(), "/4");
}

TEST_F(Client, ServerThatClosesAfterItsAnswerEndsTheConnection) {
  serve();
  connect();
  connection_->request({"GET", "/1", {{"Connection", "close"}}, ""}, [&](Result<Response> r) {
    log_.push_back(r->body);
    ask("/3");  // goes to a new connection
  });
  ask("/2");
  run_until(4);
  EXPECT_THAT(log_, ElementsAre("/1", "failed /2", "lost", "/3"));
}

TEST_F(Client, CallbacksMayAskAgain) {
  serve();
  connect();
  connection_->request({"GET", "/1", {}, ""}, [&](Result<Response> r) {
    log_.push_back(r->body);
    ask("/3");
  });
  ask("/2");
  run_until(3);
  EXPECT_THAT(log_, ElementsAre("/1", "/2", "/3"));
}

TEST_F(Client, MayBeDestroyedInsideTheCallbackOfAnAnswer) {
  serve();
  connect();
  connection_->request({"GET", "/1", {}, ""}, [&](Result<Response> r) {
    connection_.reset();
    log_.push_back(r->body);
  });
  ask("/2");
  run_until(1);
  reactor_.run_once(Duration::zero());
  EXPECT_THAT(log_, ElementsAre("/1"));
}

TEST_F(Client, MayBeDestroyedInsideTheCallbackOfAFailure) {
  serve();
  connect();
  server_.reset();
  connection_->request({"GET", "/1", {}, ""}, [&](Result<Response> r) {
    connection_.reset();
    log_.push_back(r.error().message);
  });
  ask("/2");
  run_until(1);
  EXPECT_THAT(log_, ElementsAre(HasSubstr("refused")));
}

TEST_F(Client, MayBeDestroyedInsideOnLost) {
  serve();
  connect();
  ask("/1");
  run_until(1);
  connection_->on_lost([this, in_the_lambda = std::string("lost for good, as you see")] {
    connection_.reset();
    log_.push_back(in_the_lambda);
  });
  server_.reset();
  run_until(2);
  EXPECT_EQ(log_.back(), "lost for good, as you see");
}

TEST_F(Client, ServerThatDoesNotAnswerInTimeIsLeft) {
  Holding holding;
  serve(holding);
  connect(std::chrono::milliseconds(1));
  ask("/1");
  ask("/2");
  run_until(2);
  EXPECT_EQ(log_[0], "failed /1");
  EXPECT_EQ(log_[1], "failed /2");
  EXPECT_THAT(sentence_, HasSubstr("gave no answer within 1 ms"));
  server_.reset();  // before its handler
}

TEST_F(Client, ConnectionThatIsNotMadeInTimeIsGivenUp) {
  // Full of connections that nobody accepts, so that the kernel drops the next one's greeting.
  const process::Fd silent(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Address address = resolve("127.0.0.1", 0)->front();
  ASSERT_EQ(bind(silent.get(), address.get(), address.length), 0);
  ASSERT_EQ(listen(silent.get(), 0), 0);
  address = resolve("127.0.0.1", local_port(silent.get()))->front();
  const process::Fd first(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(first.get(), address.get(), address.length), 0);
  connection_ = ClientConnection::create(reactor_, {"127.0.0.1", local_port(silent.get())},
                                         std::chrono::milliseconds(1));
  ask("/1");
  run_until(1);
  EXPECT_THAT(sentence_, HasSubstr("gave no answer within 1 ms"));
}

TEST_F(Client, DestroyedWhileConnectingItForgetsItsRequests) {
  serve();
  connect();
  ask("/1");
  connection_.reset();
  reactor_.run_once(Duration::zero());
  EXPECT_TRUE(log_.empty());
}

TEST(Endpoint, IsParsedWithAndWithoutScheme) {
  const std::pair<const char*, const char*> good[] = {
      {"http://127.0.0.1:9324", "127.0.0.1:9324"},
      {"http://broker:1/", "broker:1"},
      {"localhost:65535", "localhost:65535"},
      {"http://[::1]:80", "[::1]:80"},
  };
  for (const auto& [text, authority] : good) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->authority(), authority);
  }
  EXPECT_EQ(Endpoint::parse("[::1]:80")->host, "::1");
}

TEST(Endpoint, ThatIsInvalidIsExplained) {
  for (const char* text : {"", "host", "host:", ":1", "host:65536", "host:1x", "::1:80",
                           "https://host:1", "http://host:1/path", "http://[]:1"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_EQ(endpoint.error().code, ErrorCode::kSettings);
    EXPECT_THAT(endpoint.error().message, HasSubstr("http://127.0.0.1:9324"));
  }
}

}  // namespace
}  // namespace selvage::http
