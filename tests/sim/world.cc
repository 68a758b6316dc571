// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.h"

#include "store/records.h"
#include "tests/sim/town.h"

namespace selvage::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Requests may be under way for so long, and the longest lease is shorter.
constexpr Duration kLeastCalm = seconds(420);
constexpr Duration kLongestCalm = minutes(25);

}  // namespace

World::World(uint64_t seed, bool printed)
    : site_(seed, printed), ledger_(site_), door_(site_, ledger_), post_(site_) {
  const Surroundings around{site_, post_, ledger_};
  if (site_.chance.one_in(2)) site_.weather.slowest_turn = milliseconds(500);
  const auto add = [&](auto make, uint64_t most) {
    for (uint64_t left = site_.chance.between(1, most); left > 0; --left)
      clients_.push_back(make(around));
  };
  add(make_sender, 3);
  add(make_receiver, 3);
  add(make_worker, 4);
  add(make_operator, 2);
}

Outcome World::run() {
  const Instant start = site_.now();
  bring_up();
  build_town();
  for (const ClientPtr& client : clients_)
    site_.scheduler.after(milliseconds(50), [raw = client.get()] { raw->start(); });
  survey_every(seconds(5));
  const Instant end = start + seconds(site_.chance.between(120, 480));
  plan_faults(*this, end);
  if (run_until(end)) {
    enter_calm();
    const Instant calm = site_.now();
    rest_from_ = calm + kLeastCalm;
    if (run_until(calm + kLongestCalm) && !at_rest_)
      site_.verdict.fail("convergence", "the calm is over; there still are " + still_there_);
    if (!site_.verdict.failed()) door_.at_end();
  }
  return {.failure = site_.verdict.text(),
          .simulated = site_.now() - start,
          .trace_hash = site_.trace.hash(),
          .trace_lines = site_.trace.lines(),
          .marks = site_.marks};
}

// False when a checker has found something.
bool World::run_until(Instant end) {
  while (site_.now() < end && !at_rest_ && !site_.verdict.failed())
    if (!site_.scheduler.run_one()) break;
  return !site_.verdict.failed();
}

void World::build_town() {
  std::vector<queue::Command> commands;
  for (const Lot& lot : town()) commands.emplace_back(queue::CreateQueue{lot.name, lot.config});
  post_.ask(std::move(commands), [this](const Call&, const queue::Reply* reply) {
    if (reply == nullptr || !std::holds_alternative<queue::QueueInfo>(*reply))
      site_.verdict.fail("world", "a queue could not be made");
  });
}

void World::bring_up() {
  going_up_ = false;
  const uint64_t number = ++brokers_;
  server_ = std::make_shared<Server>(
      site_,
      Server::Owner{door_, [this] { return ledger_.damaged(); },
                    [this, number](const Error& error) { went_down(number, error); }},
      number);
  const auto opened = server_->open();
  if (!opened) {
    const bool rot = opened.error().code == ErrorCode::kCorruption && site_.disk.rot_was_found();
    if (!rot) site_.verdict.fail("owner", "cannot open: " + opened.error().message);
    site_.marks.hit(Mark::kRotAtOpen);
    site_.disk.repair();
    return bring_up_later(false);
  }
  post_.connect(server_);
  if (brokers_ > 1) survey();
}

void World::went_down(uint64_t number, const Error& error) {
  if (number != brokers_) return;  // a former owner
  if (site_.disk.rot_was_found()) {
    if (error.code != ErrorCode::kCorruption)
      site_.verdict.fail("owner", "a damaged record is not reported as such");
    site_.marks.hit(Mark::kRotAtRead);
    site_.disk.repair();
  }
  bring_up_later(site_.chance.one_in(2));
}

void World::bring_up_later(bool power_loss) {
  if (going_up_) return;
  going_up_ = true;
  if (stale_) stale_->kill();
  const Duration down = site_.chance.one_in(4) ? seconds(site_.chance.between(1, 20))
                                               : milliseconds(site_.chance.between(5, 1500));
  site_.scheduler.after(down, [this, power_loss] {
    site_.say("the store is opened {}", power_loss ? "after a power loss" : "again");
    site_.disk.reopen(power_loss);
    bring_up();
  });
}

void World::crash(bool power_loss) {
  if (!is_up()) return;
  site_.say("crash");
  server_->kill();
  bring_up_later(power_loss);
}

void World::rot() {
  const auto body = site_.disk.rot();
  if (body) ledger_.damage(std::string(store::decode_payload(*body)->payload));
}

void World::take_over() {
  if (!is_up() || (stale_ && stale_->is_up())) return;
  site_.say("another owner takes over");
  stale_ = server_;
  stale_->fence();
  post_.connect_stale(stale_);
  bring_up();
  site_.scheduler.after(seconds(30), [former = stale_] { former->kill(); });
}

// ---- looking at everything

void World::survey_every(Duration pause) {
  site_.scheduler.after(pause, [this, pause] {
    survey();
    survey_every(pause);
  });
}

// Twice around: the first lets everything that is due happen, and who waits be served.
void World::survey() {
  if (!is_up()) return;
  auto survey = std::make_shared<Survey>();
  survey->first = post_.last_call() + 1;
  survey->arrived = site_.now();
  survey->broker = brokers_;
  std::vector<queue::Command> commands;
  for (const Lot& lot : town()) commands.emplace_back(queue::GetQueue{lot.name});
  for (const Lot& lot : town()) {
    if (is_dead_letter_queue(lot.name)) commands.emplace_back(queue::ListMoves{lot.name, 10});
    commands.emplace_back(queue::GetQueue{lot.name});
    commands.emplace_back(queue::Peek{lot.name, {}, {}, {}, 1'000'000});
  }
  // The last answer ends it.
  commands.emplace_back(queue::ListQueues{"", "", 100});
  post_.ask(std::move(commands), [this, survey](const Call& call, const queue::Reply* reply) {
    asked(survey, call, reply);
  });
}

void World::asked(const std::shared_ptr<Survey>& survey, const Call& call,
                  const queue::Reply* reply) {
  if (reply == nullptr || survey->broker != brokers_) return;
  if (std::holds_alternative<queue::ListQueues>(call.command)) return finish(survey);
  if (const auto* const info = std::get_if<queue::QueueInfo>(reply))
    survey->queues[info->name].info = *info;
  const auto* const peek = std::get_if<queue::Peek>(&call.command);
  if (const auto* const page = std::get_if<queue::Peeked>(reply))
    survey->queues[peek->queue].messages = page->messages;
}

void World::finish(const std::shared_ptr<Survey>& survey) {
  survey->answered = site_.now();
  door_.on_survey(*survey);
  if (!calm_) return;
  clear_damage(*survey);
  uint64_t messages = 0;
  for (const auto& [name, queue] : survey->queues) messages += queue.size();
  const size_t sessions = is_up() ? server_->engine().sessions().size() : 1;
  still_there_ = fmt::format("{} messages and {} sessions", messages, sessions);
  at_rest_ = messages + sessions == 0 && site_.now() >= rest_from_;
}

// ---- the calm

// What nobody is shown nobody can delete; when nothing else is there it is purged.
void World::clear_damage(const Survey& survey) {
  uint64_t hidden = 0;
  for (const auto& [name, queue] : survey.queues)
    if (queue.messages.empty()) hidden += queue.size();
  if (site_.now() < rest_from_ || hidden > ledger_.damaged()) return;
  for (const auto& [name, queue] : survey.queues) {
    if (!queue.messages.empty() || queue.size() == 0) continue;
    site_.marks.hit(Mark::kDamageDead);
    post_.tell(queue::PurgeQueue{name});
  }
}

void World::enter_calm() {
  site_.say("calm");
  site_.weather = {};
  site_.disk.repair();
  site_.disk.fill(false);
  for (const ClientPtr& client : clients_) client->retire();
  if (stale_) stale_->kill();
  if (!is_up()) bring_up_later(false);
  site_.scheduler.after(seconds(30), [this] {
    calm_ = true;
    post_.tell(queue::CreateQueue{kScratch, lot(kScratch).config});
    for (int i = 0; i < 2; ++i) {
      clients_.push_back(make_drainer({site_, post_, ledger_}));
      clients_.back()->start();
    }
  });
}

}  // namespace selvage::sim
