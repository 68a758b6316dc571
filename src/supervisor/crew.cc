// SPDX-License-Identifier: Apache-2.0
#include "supervisor/crew.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "process/lock_file.h"

namespace selvage::supervisor {

Crew::Crew(Setting setting, Callbacks callbacks)
    : setting_(std::move(setting)), callbacks_(std::move(callbacks)) {}

Crew::~Crew() {
  setting_.reactor.cancel(burial_);
}

int Crew::adopt_all() {
  int adopted = 0;
  for (const int number : setting_.run.numbers_of(setting_.stage)) {
    const std::string name = worker::worker_name(setting_.stage, number);
    if (!process::lock_holder(setting_.run.lock(name))) continue;
    add(number);
    ++adopted;
  }
  return adopted;
}

void Crew::grow_to(int count) {
  for (int missing = count - workers(); missing > 0; --missing) add(lowest_free());
}

// A worker of that name may live: then it is adopted.
Crew::Member& Crew::add(int number) {
  const std::string name = worker::worker_name(setting_.stage, number);
  auto keeper = std::make_unique<Keeper>(
      setting_.reactor, setting_.clock, name,
      Keeper::Callbacks{.request = [this, name] { return callbacks_.request(name); },
                        .started = [] {},
                        .died =
                            [this, name](const std::optional<process::Ended>& how) {
                              callbacks_.died(name, how);
                              return true;
                            },
                        .stopped = [this, number] { member_stopped(number); }});
  const auto place = std::ranges::lower_bound(members_, number, {}, &Member::number);
  Member& member = *members_.insert(place, Member{number, std::move(keeper)});
  const auto living = process::lock_holder(setting_.run.lock(name));
  if (living && member.keeper->adopt(*living))
    log_info("adopted {} (process {})", name, *living);
  else
    member.keeper->start();
  return member;
}

int Crew::lowest_free() const {
  int number = 1;
  for (const Member& member : members_) {
    if (member.number != number) break;
    ++number;
  }
  return number;
}

void Crew::shrink_to(int count, Duration limit) {
  const int surplus = workers() - count;
  if (surplus <= 0) return;
  std::vector<std::optional<worker::State>> states;
  for (const Member& member : members_) states.push_back(state_of(member));
  for (const size_t index : choose_leavers(states, surplus)) {
    Member& member = members_[index];
    // Once more, and last: who has got a message meanwhile stays.
    if (state_of(member) != worker::State::kIdle) continue;
    member.leaving = true;
    member.keeper->stop(limit);
  }
}

std::optional<worker::State> Crew::state_of(const Member& member) const {
  if (member.leaving) return std::nullopt;
  const auto card = card_of(member);
  return card ? std::optional(card->state) : std::nullopt;
}

void Crew::stop_all(Duration limit) {
  for (Member& member : members_) {
    member.leaving = true;
    if (!member.ended) member.keeper->stop(limit);
  }
}

// Called from within the keeper, which must not go before it returns.
void Crew::member_stopped(int number) {
  const auto member = std::ranges::find(members_, number, &Member::number);
  SELVAGE_CHECK(member != members_.end() && member->leaving);
  member->ended = true;
  if (burial_ == 0) burial_ = setting_.reactor.after(Duration{0}, [this] { bury(); });
}

void Crew::bury() {
  burial_ = 0;
  std::erase_if(members_, [](const Member& member) { return member.ended; });
  callbacks_.stopped();
}

int Crew::workers() const {
  return static_cast<int>(std::ranges::count(members_, false, &Member::leaving));
}

Manned Crew::manned() const {
  Manned manned;
  for (const Member& member : members_) {
    if (member.leaving) continue;
    ++manned.workers;
    const auto card = card_of(member);
    if (!card || card->state == worker::State::kStarting) ++manned.starting;
  }
  return manned;
}

std::optional<worker::Card> Crew::card_of(const Member& member) const {
  auto card = worker::read_card(setting_.run.card(member.keeper->name()));
  if (card && card->runner != member.keeper->pid()) card.reset();  // of the one before
  return card;
}

std::vector<std::pair<std::string, worker::Card>> Crew::cards() const {
  std::vector<std::pair<std::string, worker::Card>> cards;
  for (const Member& member : members_) {
    if (member.leaving) continue;
    if (auto card = card_of(member)) cards.emplace_back(member.keeper->name(), *std::move(card));
  }
  return cards;
}

bool Crew::has(pid_t pid) const {
  return std::ranges::any_of(members_,
                             [pid](const Member& member) { return member.keeper->pid() == pid; });
}

pid_t Crew::pid_of(const std::string& worker) const {
  const auto at = std::ranges::find_if(
      members_, [&](const Member& member) { return member.keeper->name() == worker; });
  return at == members_.end() ? -1 : at->keeper->pid();
}

}  // namespace selvage::supervisor
