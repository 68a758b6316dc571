// SPDX-License-Identifier: Apache-2.0
#pragma once
// The endpoint over a real engine in virtual time, without sockets. Whoever asks it checks with it:
// every request is answered once, never by an accident of ours, and in sound JSON or XML.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "sqs/api.h"
#include "sqs/engine_backend.h"
#include "tests/fuzz/sound.h"

namespace selvage::fuzz {

class Client final : public http::Connection, public http::Responder::Sink {
 public:
  void on_close(std::function<void()> callback) override { watchers_.push_back(callback); }
  void on_abandoned(std::function<void()> callback) override { abandoned_ = callback; }
  uint64_t id() const override { return 1; }
  std::string peer() const override { return "127.0.0.1"; }
  void send(const http::Response& response) override {
    SELVAGE_CHECK(!response_);
    response_ = response;
  }
  const std::optional<http::Response>& response() const { return response_; }
  bool has_left() const { return has_left_; }
  void leave() {
    has_left_ |= !response_;
    const auto abandoned = std::exchange(abandoned_, nullptr);
    if (!response_ && abandoned) abandoned();
    for (const auto& callback : std::exchange(watchers_, {})) callback();
  }

 private:
  std::vector<std::function<void()>> watchers_;
  std::function<void()> abandoned_;
  std::optional<http::Response> response_;
  bool has_left_ = false;  // before it was answered
};

inline void check_answer(const http::Response& answer) {
  constexpr int kInternalFailure = 500;
  SELVAGE_CHECK(answer.status >= 200 && answer.status < kInternalFailure);
  for (const auto& [name, value] : answer.headers)
    SELVAGE_CHECK(std::ranges::none_of(value, is_control));
  if (answer.content_type == "text/xml")
    SELVAGE_CHECK(is_sound_xml(answer.body));
  else if (!answer.content_type.starts_with("text/plain"))
    SELVAGE_CHECK(answer.body.empty() || is_sound_json(answer.body));
}

class Endpoint {
 public:
  // The answer; nullptr while it is still to come.
  const http::Response* ask(const http::Request& request) {
    const auto client = std::make_shared<Client>();
    clients_.push_back(client);
    api_.handle(request, client, http::Responder(client));
    return client->response() ? &*client->response() : nullptr;
  }
  void let_pass(Duration time) { backend_.let_pass(time); }
  // Every client so far goes away.
  void leave() {
    for (const auto& client : clients_) client->leave();
  }
  void use(std::shared_ptr<const auth::Verifier> keys) { guard_.use(std::move(keys)); }
  // The waits are over: everybody must have been answered.
  void finish() {
    backend_.end_waits();
    for (const auto& client : clients_) {
      SELVAGE_CHECK(client->response());
      if (!client->has_left()) check_answer(*client->response());
    }
  }

 private:
  sqs::EngineBackend backend_;
  sqs::Identity identity_;
  sqs::Guard guard_{backend_, identity_};
  sqs::Api api_{{backend_, identity_, guard_}};
  std::vector<std::shared_ptr<Client>> clients_;
};

}  // namespace selvage::fuzz
