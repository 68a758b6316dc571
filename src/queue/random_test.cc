// SPDX-License-Identifier: Apache-2.0
// Random commands on standard and FIFO queues against a model that knows three things: nothing is
// lost or comes from nowhere, a FIFO group has one holder, and its messages come in order. Now and
// then the engine is thrown away and restored from its mutations.
#include <cstdlib>
#include <iostream>
#include <set>

#include "queue/engine_fixture.h"

namespace selvage::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array kQueues = {"a", "b", "a-dead", "f.fifo", "g.fifo", "f-dead.fifo"};

bool is_fifo(const std::string& queue) {
  return queue.ends_with(".fifo");
}

class RandomTest : public ::testing::Test {
 protected:
  uint64_t below(uint64_t n) { return chance_->next() % n; }
  std::string some_queue() { return kQueues.at(below(kQueues.size())); }
  std::string some_group() { return std::string(1, static_cast<char>('a' + below(5))); }

  void begin(uint64_t seed) {
    std::cout << "seed " << seed << "\n";
    journal_ = {};
    held_.clear();
    chance_ = std::make_unique<SeededRandom>(seed);
    engine_ = std::make_unique<Engine>(*chance_, options_);
    for (const char* dead : {"a-dead", "f-dead.fifo"}) create(dead, "");
    for (const char* queue : {"a", "b"}) create(queue, "a-dead");
    for (const char* queue : {"f.fifo", "g.fifo"}) create(queue, "f-dead.fifo");
    session_ = std::get<Opened>(ask(OpenSession{})).session;
  }
  void create(const std::string& name, const std::string& dead) {
    ConfigPatch config;
    config.fifo = is_fifo(name);
    config.visibility = seconds(3);
    config.retention = seconds(600);
    if (!dead.empty()) config.redrive = Redrive{dead, 4};
    config.retry = Retry{.attempts = 3};
    ask(CreateQueue{name, config});
  }
  Reply ask(Command command) { return driver().ask(std::move(command), clock_.now()); }
  void pass(Duration d) {
    clock_.advance(d);
    driver().advance(clock_.now());
  }
  Driver driver() { return {*engine_, journal_}; }

  // ---- commands
  void send() {
    const std::string queue = some_queue();
    NewMessage message{.payload = "x", .size = 1, .delay = {}, .artifact = {}};
    if (is_fifo(queue) || below(2) == 0) message.group = some_group();
    if (is_fifo(queue)) message.deduplication_id = std::to_string(below(200'000));
    if (!is_fifo(queue) && below(4) == 0) message.delay = milliseconds(below(5000));
    ask(Send{queue, {message}});
  }
  void receive() {
    const std::string queue = some_queue();
    Receive command{.queue = queue,
                    .max = static_cast<uint32_t>(1 + below(4)),
                    .visibility = milliseconds(below(6000)),
                    .wait = {},
                    .session = below(2) == 0 ? session_ : SessionId{}};
    if (below(4) == 0) command.then_from = {some_queue()};
    const Reply reply = ask(std::move(command));
    for (const Delivery& d : std::get<std::vector<Delivery>>(reply)) {
      check_order(d);
      held_.push_back({d.queue, d.receipt});
    }
    check_holders(std::get<std::vector<Delivery>>(reply));
  }
  // No earlier message of its group may be waiting or with somebody who is not part of this.
  void check_order(const Delivery& delivery) {
    if (!is_fifo(delivery.queue)) return;
    for (const Delivery& other : peek(delivery.queue)) {
      if (other.message.group != delivery.message.group) continue;
      if (other.receipt.seq >= delivery.receipt.seq) continue;
      // Earlier ones: in the same receive, or delayed and never received.
      const bool same_receive = other.message.leased && other.message.leased_at == clock_.now();
      const bool may_be_passed =
          other.state == MessageState::kDelayed && other.message.first_received == Instant{};
      EXPECT_TRUE(same_receive || may_be_passed) << delivery.queue;
    }
  }
  void check_holders(const std::vector<Delivery>& deliveries) {
    std::set<std::pair<QueueId, Seq>> mine;
    for (const Delivery& d : deliveries) mine.emplace(d.receipt.queue, d.receipt.seq);
    for (const Delivery& d : deliveries) {
      if (!is_fifo(d.queue)) continue;
      for (const Delivery& other : peek(d.queue)) {
        if (other.message.group != d.message.group || !other.message.leased) continue;
        EXPECT_TRUE(mine.contains({other.receipt.queue, other.receipt.seq})) << "two holders";
      }
    }
  }
  std::vector<Delivery> peek(const std::string& queue) {
    return std::get<Peeked>(ask(Peek{queue, {}, {}, {}, UINT32_MAX})).messages;
  }
  struct Held {
    std::string queue;
    Receipt receipt;
  };
  Held some_held() {
    if (held_.empty()) return {"a", {}};
    const size_t at = below(held_.size());
    const Held held = held_[at];
    if (below(4) != 0) held_.erase(held_.begin() + static_cast<ptrdiff_t>(at));
    return held;
  }
  void settle() {
    const auto [queue, receipt] = some_held();
    switch (below(6)) {
      case 0:
        ask(Delete{queue, {receipt}});
        return;
      case 1:
        ask(ChangeVisibility{queue, {{receipt, milliseconds(below(4000))}}});
        return;
      case 2:
        ask(ChangeVisibility{queue, {{receipt, Duration{0}}}});
        return;
      case 3:
        ask(Return{{{receipt, milliseconds(below(2) * 700)}}});
        return;
      case 4:
        ask(Fail{{{receipt, clock_.now(), below(2) == 0 ? "{}" : "", below(9) == 0}}});
        return;
      default:
        break;
    }
    HandOver::Item item{.receipt = receipt, .outputs = {}};
    for (uint64_t left = below(3); left > 0; --left)
      item.outputs.push_back(
          {some_queue(), {.payload = "y", .size = 1, .delay = {}, .artifact = {}}});
    ask(HandOver{{item}});
  }
  void disturb() {
    const std::string queue = some_queue();
    switch (below(12)) {
      case 0:
        ask(CloseSession{session_, UINT64_MAX, "{}", below(2) == 0});
        break;
      case 1:
        ask(StartMove{queue, below(2) == 0 ? "" : some_queue(), static_cast<uint32_t>(below(100))});
        return;
      case 2:
        if (below(20) == 0) ask(PurgeQueue{queue});
        return;
      case 3:
        ask(EditTags{queue, {{some_group(), some_group()}}, {some_group()}});
        return;
      default:
        return touch_one(queue);
    }
    session_ = std::get<Opened>(ask(OpenSession{})).session;
  }
  void touch_one(const std::string& queue) {
    const auto messages = peek(queue);
    if (messages.empty()) return;
    const MessageId id = messages[below(messages.size())].message.id;
    if (below(3) == 0) {
      ask(Cancel{queue, {id}});
      return;
    }
    Reschedule::Item item{.id = id, .delay = {}, .to = below(2) == 0 ? some_queue() : ""};
    if (below(2) == 0) item.delay = milliseconds(below(3000));
    ask(Reschedule{queue, {item}});
  }

  // ---- checks
  void restart() {
    pass(Duration{0});
    check_conservation();
    const std::string before = portrait(driver(), clock_.now());
    driver().flush();
    engine_ = std::make_unique<Engine>(*chance_, options_);
    journal_.restore_into(*engine_, clock_.now());
    engine_->audit(clock_.now());
    ASSERT_EQ(portrait(driver(), clock_.now()), before);
    session_ = std::get<Opened>(ask(OpenSession{})).session;
  }
  // Every message that came has left by one of the counted ways, or is still there.
  void check_conservation() {
    const auto queues = std::get<std::vector<QueueInfo>>(ask(ListQueues{"", "", 100}));
    for (const QueueInfo& q : queues) {
      const Totals& t = q.totals;
      const uint64_t left = t.deleted + t.handed_over + t.dead_lettered + t.expired + t.moved;
      const uint64_t there = q.visible + q.in_flight + q.delayed;
      EXPECT_EQ(t.sent, left + there) << q.name;
      EXPECT_EQ(there, peek(q.name).size()) << q.name;
    }
  }
  void act() {
    const uint64_t dice = below(100);
    if (dice < 30)
      send();
    else if (dice < 60)
      receive();
    else if (dice < 85)
      settle();
    else if (dice < 93)
      pass(milliseconds(below(1500)));
    else
      disturb();
  }
  // Whoever goes on receiving and deleting sees every message, however little is in memory.
  void drain() {
    int idle = 0;
    while (idle < 5) {  // leases, delays, back-off and move tasks end meanwhile
      size_t found = 0;
      for (const char* const queue : kQueues) found += take_and_delete(queue);
      if (found == 0) pass(seconds(31));
      idle = found == 0 ? idle + 1 : 0;
    }
    for (const char* const queue : kQueues) EXPECT_EQ(peek(queue).size(), 0u) << queue;
    driver().flush();
  }
  size_t take_and_delete(const std::string& queue) {
    Receive command{.queue = queue, .max = 10, .visibility = seconds(3), .wait = {}, .session = {}};
    const auto got = std::get<std::vector<Delivery>>(ask(std::move(command)));
    Delete done{queue, {}};
    for (const Delivery& d : got) done.receipts.push_back(d.receipt);
    ask(std::move(done));
    return got.size();
  }
  void run(uint64_t seed, int steps) {
    begin(seed);
    for (int step = 1; step <= steps && !HasFailure(); ++step) {
      act();
      if (step % 16 == 0) engine_->audit(clock_.now());
      if (step % 500 == 0) restart();
      if (held_.size() > 60) held_.erase(held_.begin(), held_.begin() + 30);
    }
    drain();
    EXPECT_FALSE(HasFailure()) << "seed " << seed;
  }

  ManualClock clock_;
  EngineOptions options_;
  std::unique_ptr<SeededRandom> chance_;
  std::unique_ptr<Engine> engine_;
  Journal journal_;
  SessionId session_;
  std::vector<Held> held_;
};

TEST_F(RandomTest, OrderExclusionConservationAndRestartHoldUnderAnyCommands) {
  run(1, 12'000);
}

TEST_F(RandomTest, TheyHoldUnderASeedOfToday) {
  const char* const given = std::getenv("SELVAGE_SEED");
  SystemRandom system;
  run(given == nullptr ? system.next() % 1'000'000 : std::strtoull(given, nullptr, 10), 6'000);
}

TEST_F(RandomTest, TheyHoldWithHardlyAnyMemory) {
  options_.memory = {
      .most = 12, .first_page = 2, .largest_page = 4, .smallest_page = 1, .idle_held = 4};
  for (uint64_t seed = 1; seed <= 8; ++seed) run(seed, 3'000);
}

}  // namespace
}  // namespace selvage::queue
