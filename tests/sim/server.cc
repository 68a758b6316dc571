// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/server.h"

#include "tests/sim/content.h"

namespace selvage::sim {
namespace {

using std::chrono::microseconds;

// How long the loops of the broker sleep between being woken and working.
constexpr Duration kWake = microseconds(50);
constexpr Duration kSlowestWake = microseconds(400);
constexpr Duration kFastestSync = microseconds(200);

}  // namespace

Result<void> Server::open() {
  broker::ShardOptions options;
  options.engine.memory = site_.memory;
  auto shard = broker::Shard::open(options, {site_.disk, nullptr, site_.broker_chance.random()},
                                   site_.now());
  if (!shard) return std::unexpected(std::move(shard).error());
  shard_ = *std::move(shard);
  up_ = true;
  site_.say("broker {} is up with {} sessions", number_, engine().sessions().size());
  engine().audit(site_.now());
  look_into_store();
  owner_.observer.on_broker_up(number_);
  plan_turn(std::max(shard_->next_event(), site_.now()));
  return {};
}

CallId Server::submit(CallId id, queue::Command command, OnReply on_reply) {
  Call call{id, std::move(command), site_.now(), number_};
  owner_.observer.on_arrival(call);
  open_.emplace(id, Open{std::move(call), std::move(on_reply)});
  inbox_.push_back({id, Arrival::kCall});
  plan_turn(site_.now() + site_.chance.between(kWake, kSlowestWake));
  return id;
}

void Server::cancel(CallId id) {
  if (!up_ || !open_.contains(id)) return;
  site_.marks.hit(Mark::kPollCancelled);
  owner_.observer.on_cancel(open_.at(id).call);
  inbox_.push_back({id, Arrival::kCancel});
  plan_turn(site_.now() + kWake);
}

void Server::plan_turn(Instant when) {
  when = std::max(when, busy_until_);
  if (when >= next_turn_) return;
  next_turn_ = when;
  site_.scheduler.at(when, [self = shared_from_this(), when] {
    if (self->up_ && self->next_turn_ == when) self->turn();
  });
}

void Server::turn() {
  next_turn_ = kNever;
  std::vector<std::vector<Arrival>> turns(1);
  for (const Arrival& arrival : std::exchange(inbox_, {}))
    arrival.kind == Arrival::kSeparate ? void(turns.emplace_back())
                                       : turns.back().push_back(arrival);
  for (size_t i = 0; i < turns.size(); ++i) {
    if (const auto done = decide(turns[i]); !done) return fail(done.error());
    if (i % 2 == 1) hold_against_store();  // a turn that was asked for: see separate()
  }
  ++turns_;
  turns_during_sync_ += syncing_.empty() ? 0 : 1;
  audit();
  busy_until_ = site_.now() + site_.chance.between(Duration{0}, site_.weather.slowest_turn);
  const Instant next = shard_->next_event();
  if (next <= site_.now()) site_.verdict.fail("loop", "a turn leaves something due at once");
  if (next != kNever) plan_turn(next);
  begin_sync();
}

Result<void> Server::decide(const std::vector<Arrival>& arrivals) {
  for (const Arrival& arrival : arrivals) {
    if (arrival.kind == Arrival::kCancel) {
      shard_->cancel(arrival.id);
      continue;
    }
    queue::Command command = open_.at(arrival.id).call.command;
    SELVAGE_TRY(shard_->submit(
        arrival.id, std::move(command),
        [this, id = arrival.id](const queue::Reply& reply) { answer(id, reply); }, site_.now()));
  }
  SELVAGE_TRY(shard_->tick(site_.now()));
  shard_->take_policies();
  auto turn = shard_->commit();
  if (!turn) return std::unexpected(std::move(turn).error());
  applied_.push_back({*std::move(turn), fenced_});
  return {};
}

void Server::begin_sync() {
  if (!syncing_.empty() || applied_.empty()) return;
  syncing_ = std::exchange(applied_, {});
  const uint64_t position = site_.disk.position();
  const Duration takes = site_.chance.between(kFastestSync, site_.weather.slowest_sync);
  site_.scheduler.after(takes, [self = shared_from_this(), position] {
    if (self->up_) self->end_sync(position);
  });
}

void Server::end_sync(uint64_t position) {
  site_.disk.sync_began_at(position);
  if (const auto synced = site_.disk.sync(); !synced) return fail(synced.error());
  if (turns_during_sync_ > 1) site_.marks.hit(Mark::kTurnsDuringSync);
  turns_during_sync_ = 0;
  for (Decided& decided : std::exchange(syncing_, {})) {
    if (decided.fenced && !decided.turn.answers.empty())
      site_.verdict.fail("owner", "an answer that a stale owner decided leaves");
    for (broker::Answer& one : decided.turn.answers) one.done(std::move(one.reply));
  }
  begin_sync();
}

void Server::answer(CallId id, const queue::Reply& reply) {
  auto open = open_.extract(id);
  if (open.empty()) return site_.verdict.fail("loop", "a call is answered twice");
  owner_.observer.on_answer(open.mapped().call, reply);
  open.mapped().on_reply(&reply);
}

void Server::audit() {
  if (turns_ % 4 == 0) engine().audit(site_.now());
  if (turns_ % 16 == 0 && !fenced_) look_into_store();
}

store::Census Server::look_into_store() {
  store::Census census = census_of(site_.disk, site_.now());
  if (const std::string fault = fault_in(census, owner_.lost_bodies()); !fault.empty())
    site_.verdict.fail("content", fault);
  return census;
}

void Server::hold_against_store() {
  if (fenced_ || applied_.back().turn.answers.empty()) return;
  const queue::Reply& last = applied_.back().turn.answers.back().reply;
  const auto* const told = std::get_if<std::vector<queue::QueueInfo>>(&last);
  if (told == nullptr) return;
  if (const std::string what = difference(look_into_store(), *told); !what.empty())
    site_.verdict.fail("counts", what);
}

void Server::fail(const Error& error) {
  site_.say("broker {} stops: {}", number_, error.message);
  const bool has_reason = site_.disk.is_broken() || site_.disk.rot_was_found();
  if (fenced_ && !has_reason) site_.marks.hit(Mark::kStaleRefused);
  if (!fenced_ && !has_reason)
    site_.verdict.fail("owner", "the only owner has to stop: " + error.message);
  kill();
  owner_.on_down(error);
}

void Server::kill() {
  if (!up_) return;
  up_ = false;
  size_t decided = 0;
  for (const std::vector<Decided>* const turns : {&applied_, &syncing_})
    for (const Decided& one : *turns) decided += one.turn.answers.size();
  if (decided > 0) site_.marks.hit(Mark::kAnswersLost);
  applied_.clear();
  syncing_.clear();
  for (const auto& [id, open] : std::exchange(open_, {})) {
    owner_.observer.on_loss(open.call);
    open.on_reply(nullptr);
  }
}

}  // namespace selvage::sim
