// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/lease_book.h"

#include <algorithm>

namespace selvage::sim {
namespace {

// ShardOptions::session_grace.
constexpr Duration kGrace = std::chrono::seconds(5);

}  // namespace

Lease* LeaseBook::at(const queue::Receipt& receipt) {
  const auto id = ids_.find(place_of(receipt));
  if (id == ids_.end()) return nullptr;
  Lease& lease = leases_.at(id->second);
  return place_of(lease.receipt) == place_of(receipt) ? &lease : nullptr;
}

const Lease* LeaseBook::find(MessageId id) const {
  const auto found = leases_.find(id);
  return found == leases_.end() ? nullptr : &found->second;
}

void LeaseBook::release(const queue::Receipt& receipt, Instant when) {
  Lease* const lease = at(receipt);
  if (lease != nullptr && lease->receipt == receipt)
    lease->released = std::min(lease->released, when);
}

void LeaseBook::on_arrival(const Call& call) {
  const queue::Command& command = call.command;
  if (const auto* const c = std::get_if<queue::ChangeVisibility>(&command))
    for (const auto& item : c->items)
      changes_[place_of(item.receipt)].push_back(
          {call.id, call.broker, call.arrived + std::max(item.timeout, Duration{0})});
  if (const auto* const c = std::get_if<queue::Return>(&command))
    for (const auto& item : c->items) release(item.receipt, call.arrived);
  if (const auto* const c = std::get_if<queue::Fail>(&command))
    for (const auto& item : c->items) release(item.receipt, call.arrived);
  if (const auto* const c = std::get_if<queue::CloseSession>(&command)) {
    Session& session = sessions_[c->session];
    session.released = std::min(session.released, call.arrived);
  }
  if (const auto* const c = std::get_if<queue::OpenSession>(&command); c != nullptr && c->resume)
    sessions_[c->resume].resumes.push_back({call.id, call.arrived, c->holding});
}

void LeaseBook::on_answer(const Call& call, const queue::Reply& reply) {
  if (const auto* const c = std::get_if<queue::ChangeVisibility>(&call.command))
    changed(call, *c, reply);
  const auto* const opened = std::get_if<queue::Opened>(&reply);
  if (opened == nullptr) return;
  alive(opened->session, call.broker, true);
}

void LeaseBook::alive(SessionId id, uint64_t broker, bool resumed) {
  Session& session = sessions_[id];
  session.broker = std::max(session.broker, broker);
  if (broker < broker_)  // the answer of one that has lost the shard meanwhile
    session.abandoned = std::min(session.abandoned, grace_over_);
  else if (resumed)
    session.abandoned = kNever;
}

void LeaseBook::changed(const Call& call, const queue::ChangeVisibility& command,
                        const queue::Reply& reply) {
  const auto* const results = std::get_if<queue::ItemResults>(&reply);
  for (size_t i = 0; i < command.items.size(); ++i) {
    const auto& item = command.items.at(i);
    std::erase_if(changes_[place_of(item.receipt)],
                  [&](const Change& change) { return change.call == call.id; });
    Lease* const lease = at(item.receipt);
    if (results == nullptr || !results->at(i) || lease == nullptr) continue;
    const Instant end = call.arrived + std::max(item.timeout, Duration{0});
    // An earlier receipt counts too on a standard queue, but for which lease is not known.
    lease->end = lease->receipt == item.receipt ? end : std::min(lease->end, end);
  }
}

void LeaseBook::on_broker_up(uint64_t broker) {
  broker_ = broker;
  grace_over_ = site_.now() + kGrace;
  for (auto& [id, session] : sessions_)
    session.abandoned = std::min(session.abandoned, grace_over_);
}

void LeaseBook::book(const Call& call, const queue::Delivery& delivery) {
  const queue::Message& message = delivery.message;
  Lease& lease = leases_[message.id];
  if (message.leased_at < lease.since) return;  // told late, by a broker that has lost the shard
  const bool again = lease.receipt == delivery.receipt;  // a receive was repeated
  const Instant released = again ? lease.released : kNever;
  lease = {.receipt = delivery.receipt,
           .session = message.session,
           .since = message.leased_at,
           .end = message.vest,
           .released = released,
           .call = call.id,
           .queue = delivery.queue,
           .group = message.group,
           .id = message.id};
  ids_[place_of(delivery.receipt)] = message.id;
  // What came to a broker that is gone was decided before this or not at all.
  auto& changes = changes_[place_of(delivery.receipt)];
  std::erase_if(changes, [&](const Change& change) { return change.broker != call.broker; });
  if (message.session) alive(message.session, call.broker, false);
}

Instant LeaseBook::end_of(const Lease& lease) const {
  Instant end = std::min(lease.end, lease.released);
  if (const auto changes = changes_.find(place_of(lease.receipt)); changes != changes_.end())
    for (const Change& change : changes->second) end = std::min(end, change.end);
  const auto found = sessions_.find(lease.session);
  if (!lease.session || found == sessions_.end()) return end;
  const Session& session = found->second;
  end = std::min({end, session.released, session.abandoned});
  for (const Session::Resume& resume : session.resumes)
    if (resume.call > lease.call &&
        std::ranges::find(resume.holding, lease.receipt) == resume.holding.end())
      end = std::min(end, resume.arrived);
  return end;
}

}  // namespace selvage::sim
