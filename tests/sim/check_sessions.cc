// SPDX-License-Identifier: Apache-2.0
// A session that ended holds nothing: neither after its close was answered, nor when a restart's
// grace is over and nobody has resumed it.
#include "tests/sim/checkers.h"

namespace selvage::sim {
namespace {

// The grace of ShardOptions, and a second for the loop to wake up.
constexpr Duration kGrace = std::chrono::seconds(5 + 1);

class SessionChecker final : public Checker {
 public:
  using Checker::Checker;

  void on_arrival(const Call& call) override {
    if (const auto* const c = std::get_if<queue::OpenSession>(&call.command))
      if (c->resume) sessions_[c->resume].touched = call.broker;
  }
  void on_answer(const Call& call, const queue::Reply& reply) override {
    if (const auto* const opened = std::get_if<queue::Opened>(&reply)) {
      sessions_[opened->session].touched = call.broker;
      if (opened->generation > 1 && call.broker > 1) site_.marks.hit(Mark::kResumed);
    }
    const auto* const close = std::get_if<queue::CloseSession>(&call.command);
    if (close != nullptr && std::holds_alternative<queue::Done>(reply))
      sessions_[close->session].closed = call.id;
    const auto* const open = std::get_if<queue::OpenSession>(&call.command);
    if (open != nullptr && open->resume && std::holds_alternative<queue::Refusal>(reply))
      site_.marks.hit(Mark::kResumeRefused);
  }
  void on_broker_up(uint64_t broker) override {
    broker_ = broker;
    up_since_ = site_.now();
  }
  void on_survey(const Survey& survey) override {
    if (survey.broker != broker_) return;
    const bool grace_is_over = survey.arrived >= up_since_ + kGrace;
    for (const auto& [name, queue] : survey.queues)
      for (const queue::Delivery& shown : queue.messages) {
        const SessionId id = shown.message.session;
        if (!id || shown.state != queue::MessageState::kInFlight) continue;
        const Session& session = sessions_[id];
        if (session.closed != 0 && session.closed < survey.first)
          fail("'{}' in {} is held by a session that was closed", shown.payload, name);
        if (grace_is_over && session.touched < broker_)
          fail("'{}' in {} is held by a session that did not come back", shown.payload, name);
      }
  }

 private:
  struct Session {
    CallId closed = 0;
    uint64_t touched = 0;  // the latest broker that somebody opened or resumed it at
  };
  std::map<SessionId, Session> sessions_;
  uint64_t broker_ = 0;
  Instant up_since_{};
};

}  // namespace

CheckerPtr check_sessions(const Knowledge& k) {
  return std::make_unique<SessionChecker>(k.site, k.ledger, "sessions");
}

}  // namespace selvage::sim
