// SPDX-License-Identifier: Apache-2.0
// FIFO order and group exclusion: nobody is given a message of a group while another one holds one
// of it, or while an earlier one is there, unless the same receive takes both in order.
#include <algorithm>

#include "tests/sim/checkers.h"
#include "tests/sim/town.h"

namespace selvage::sim {
namespace {

class FifoChecker final : public Checker {
 public:
  FifoChecker(const Knowledge& k) : Checker(k.site, k.ledger, "fifo"), book_(k.book) {}

  void on_arrival(const Call& call) override {
    const auto may_die = [&](const queue::Receipt& receipt) { unsure(find(receipt), call); };
    if (const auto* const c = std::get_if<queue::Fail>(&call.command))
      for (const auto& item : c->items) may_die(item.receipt);
    if (const auto* const c = std::get_if<queue::Reschedule>(&call.command))
      for (const auto& item : c->items) forget(item.id);
  }
  void on_loss(const Call& call) override {
    if (const auto* const c = std::get_if<queue::Receive>(&call.command)) {
      ++lost_receives_[c->queue];
      for (const std::string& queue : c->then_from) ++lost_receives_[queue];
    }
  }
  void on_answer(const Call& call, const queue::Reply& reply) override {
    const auto* const send = std::get_if<queue::Send>(&call.command);
    const auto* const sent = std::get_if<std::vector<queue::OrRefusal<queue::Sent>>>(&reply);
    if (send != nullptr && sent != nullptr && lot(send->queue).is_fifo())
      for (size_t i = 0; i < sent->size(); ++i)
        if (sent->at(i) && !moved_.contains(sent->at(i)->id))  // a double tells the former place
          learn({send->queue, send->messages.at(i).group}, *sent->at(i));
    const auto* const failed = std::get_if<queue::Fail>(&call.command);
    const auto* const results = std::get_if<std::vector<queue::OrRefusal<queue::Failed>>>(&reply);
    if (failed != nullptr && results != nullptr)
      for (size_t i = 0; i < results->size(); ++i)
        if (!results->at(i) || !results->at(i)->dead)
          if (Member* const m = find(failed->items.at(i).receipt)) m->unsure.erase(call.id);
  }
  void on_delivery(const Call& call, const queue::Delivery& given, const Letter& letter) override {
    if (!lot(given.queue).is_fifo()) return;
    const Lease* const former = book_.find(given.message.id);
    if (former != nullptr && former->receipt == given.receipt) return;  // the receive is repeated
    const queue::Message& message = given.message;
    const Line line{given.queue, message.group};
    book_.for_each([&](const Lease& lease) {
      if (lease.queue != given.queue || lease.group != message.group || lease.id == message.id)
        return;
      if (lease.call == call.id)
        site_.marks.hit(Mark::kFifoBatch);
      else if (message.leased_at >= lease.since && message.leased_at < book_.end_of(lease) &&
               !may_be_gone(lease.id))
        fail("letter {} is given while call {} holds one of group {}", letter.number, lease.call,
             message.group);
    });
    if (is_dead_letter_queue(given.queue)) return;
    for (auto& [seq, member] : lines_[line]) {
      if (seq >= given.receipt.seq) break;
      if (member.id == message.id || message.leased_at < member.vested) continue;
      if (!is_surely_there(line, member)) continue;
      const Lease* const lease = book_.find(member.id);
      if (lease != nullptr && lease->call == call.id) continue;
      fail("letter {} is given before an earlier one of group {}, seq {}", letter.number,
           message.group, seq.value);
    }
    if (message.failed > 0) site_.marks.hit(Mark::kFifoRetry);
    if (moved_.contains(message.id)) return;  // perhaps after this was decided
    learn(line, {message.id, given.receipt.seq});
    Member& member = lines_[line].at(given.receipt.seq);
    member.taken = std::max({member.taken + 1, message.taken, message.failed});
    places_[{given.receipt.queue, given.receipt.seq}] = {line, given.receipt.seq};
  }
  void on_survey(const Survey& survey) override {
    for (const auto& [name, queue] : survey.queues) {
      if (!lot(name).is_fifo() || is_dead_letter_queue(name)) continue;
      for (const queue::Delivery& shown : queue.messages) {
        if (moved_.contains(shown.message.id)) continue;  // perhaps after the survey saw it
        learn({name, shown.message.group}, {shown.message.id, shown.receipt.seq});
        Member& member = lines_[{name, shown.message.group}].at(shown.receipt.seq);
        member.taken = std::max({member.taken, shown.message.taken, shown.message.failed});
        member.unsure.erase(member.unsure.begin(), member.unsure.lower_bound(survey.first));
      }
    }
  }

 private:
  using Line = std::pair<std::string, std::string>;  // queue, group
  struct Member {
    MessageId id;
    uint32_t taken = 0;            // as far as was seen
    Instant vested{};              // at the latest; until then it holds back nobody
    std::set<CallId> unsure = {};  // calls that may have sent it to the dead letters
  };

  void learn(const Line& line, const queue::Sent& sent) {
    lines_[line].try_emplace(
        sent.seq, Member{.id = sent.id, .vested = site_.now() + lot(line.first).delay()});
  }
  Member* find(const queue::Receipt& receipt) {
    const auto place = places_.find({receipt.queue, receipt.seq});
    if (place == places_.end()) return nullptr;
    const auto& [line, seq] = place->second;
    return &lines_[line].at(seq);
  }
  void unsure(Member* member, const Call& call) {
    if (member != nullptr) member->unsure.insert(call.id);
  }
  void forget(MessageId id) {
    moved_.insert(id);
    for (auto& [line, members] : lines_)
      std::erase_if(members, [&](const auto& member) { return member.second.id == id; });
    std::erase_if(places_, [&](const auto& place) {
      const auto& [line, seq] = place.second;
      return !lines_[line].contains(seq);
    });
  }
  bool may_be_gone(MessageId id) const {
    const Letter* const letter = ledger_.find(id);
    return letter == nullptr || letter->is_damaged || !letter->leaving.empty();
  }
  bool is_surely_there(const Line& line, const Member& member) {
    if (!member.unsure.empty() || may_be_gone(member.id)) return false;
    const queue::Redrive* const redrive = lot(line.first).redrive();
    if (redrive == nullptr) return true;
    // It may have been taken, or failed, too often to be there still.
    const uint64_t taken = member.taken + lost_receives_[line.first];
    return taken < std::min(redrive->max_receives, lot(line.first).config.retry->attempts);
  }

  const LeaseBook& book_;
  std::map<Line, std::map<Seq, Member>> lines_;
  std::map<std::pair<QueueId, Seq>, std::pair<Line, Seq>> places_;
  std::map<std::string, uint64_t> lost_receives_;
  std::set<MessageId> moved_;  // by hand, or somebody tried to
};

}  // namespace

CheckerPtr check_fifo(const Knowledge& k) {
  return std::make_unique<FifoChecker>(k);
}

}  // namespace selvage::sim
