// SPDX-License-Identifier: Apache-2.0
#include "supervisor/steward.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace selvage::supervisor {
namespace {

Ends ends_of(Tally& tally, const StageFacts& facts) {
  Ends all;
  for (const auto& [worker, card] : facts.cards) {
    const Ends one = tally.since_last(worker, card);
    all.done += one.done;
    all.failed += one.failed;
    all.busy += one.busy;
    all.cpu += one.cpu;
  }
  tally.begin();
  return all;
}

bool crash_loops(const StageFacts& facts) {
  return !facts.cards.empty() && std::ranges::all_of(facts.cards, [](const auto& known) {
    return known.second.state == worker::State::kBackingOff;
  });
}

int64_t memory_of_a_worker(const StageFacts& facts) {
  int64_t most = 0;
  for (const auto& [worker, card] : facts.cards) most = std::max(most, card.memory_kib);
  return most;
}

}  // namespace

Steward::Steward(const workflow::Plan& plan, const Host& host) : host_(host) {
  for (const workflow::Stage& stage : plan.stages)
    stages_.push_back({.name = stage.name,
                       .tally = {},
                       .meter = LoadMeter({.expect = stage.expect, .age = stage.target.age}),
                       .scaler = Scaler(stage),
                       .breaker = {},
                       .back_pressure = BackPressure(stage.max_backlog)});
}

std::vector<Decision> Steward::decide(Instant now, const std::vector<StageFacts>& facts) {
  SELVAGE_CHECK(facts.size() == stages_.size());
  std::vector<Decision> decisions;
  for (size_t i = 0; i < stages_.size(); ++i)
    decisions.push_back(look_at(stages_[i], now, facts[i]));
  share_budget(facts, decisions);
  return decisions;
}

Decision Steward::look_at(Stage& stage, Instant now, const StageFacts& facts) {
  const Ends ends = ends_of(stage.tally, facts);
  stage.meter.observe(now, facts.in, ends);
  Decision decision{
      .stage = stage.name,
      .scaling = stage.scaler.decide(now, stage.meter.load(), facts.manned),
      .breaker = stage.breaker.decide(now, ends),
      .back_pressure = stage.back_pressure.decide(facts.out.visible + facts.out.delayed),
      .grant = {},
      .crash_loops = crash_loops(facts),
      .workers = facts.manned.workers};
  decision.gate = gate_of(decision.breaker.state);
  decision.paused = facts.paused;
  if (decision.back_pressure.shut || decision.paused) decision.gate = 0;
  // A backlog behind a shut gate is no reason for more workers, nor is its silence for fewer.
  const int most = stage.scaler.most();
  decision.target = decision.gate ? std::clamp(decision.workers, stage.scaler.base(), most)
                                  : decision.scaling.target;
  return decision;
}

void Steward::share_budget(const std::vector<StageFacts>& facts, std::vector<Decision>& decisions) {
  std::vector<Claim> claims;
  for (size_t i = 0; i < stages_.size(); ++i) {
    const Decision& decision = decisions[i];
    claims.push_back(
        {.base = stages_[i].scaler.base(),
         .target = decision.target,
         .fails = decision.breaker.state != Breaker::State::kClosed || decision.crash_loops,
         .load = decision.scaling.load,
         .memory_kib = memory_of_a_worker(facts[i])});
  }
  const std::vector<Grant> grants = share(host_, claims);
  for (size_t i = 0; i < stages_.size(); ++i) {
    decisions[i].grant = grants[i];
    decisions[i].target = std::min(decisions[i].target, grants[i].workers);
    const int last = std::exchange(stages_[i].last_target, decisions[i].target);
    decisions[i].target_changed = last != decisions[i].target;
  }
}

}  // namespace selvage::supervisor
