// SPDX-License-Identifier: Apache-2.0
// What a FIFO queue takes only once.
#include <map>
#include <set>

#include "queue/engine_fixture.h"

namespace selvage::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;

class DeduplicationTest : public EngineFixture {
 protected:
  using EngineFixture::EngineFixture;
  Sent send_as(const std::string& id, const std::string& group, const std::string& body) {
    return send_message(
        "q",
        {.payload = body, .delay = {}, .artifact = {}, .group = group, .deduplication_id = id});
  }
  // As the SQS layer does: with the digest of the body beside an id, if there is one.
  Sent send_content(const std::string& body, const std::string& id = "") {
    return send_message("q", {.payload = body,
                              .delay = {},
                              .artifact = {},
                              .group = "a",
                              .deduplication_id = id,
                              .content_digest = "digest of " + body});
  }
};

TEST_F(DeduplicationTest, ADoubleIsAnsweredLikeTheFirstAndAddsNothing) {
  create_fifo("q");
  const Sent first = send_as("id", "a", "one");
  const Sent second = send_as("id", "a", "two");
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.seq, first.seq);
  EXPECT_EQ(info("q").totals.sent, 1u);
  EXPECT_THAT(get("q"), ElementsAre("one"));
}

TEST_F(DeduplicationTest, ADoubleInTheSameBatchIsOneToo) {
  create_fifo("q");
  Send batch{.queue = "q", .messages = {}};
  for (const char* body : {"one", "two"}) {
    batch.messages.push_back(in_group("a", body));
    batch.messages.back().deduplication_id = "same";
  }
  const auto sent = ask<std::vector<OrRefusal<Sent>>>(std::move(batch));
  EXPECT_EQ(sent.at(0)->id, sent.at(1)->id);
  EXPECT_THAT(get("q"), ElementsAre("one"));
}

TEST_F(DeduplicationTest, ItOutlivesTheMessage) {
  create_fifo("q");
  const Sent first = send_as("id", "a", "one");
  EXPECT_TRUE(remove("q", take("q")));
  EXPECT_EQ(send_as("id", "a", "two").id, first.id);
  expect_counts("q", 0, 0, 0);
}

TEST_F(DeduplicationTest, ItOutlivesAPurge) {
  create_fifo("q");
  send_as("id", "a", "one");
  ask<Done>(PurgeQueue{"q"});
  send_as("id", "a", "two");
  expect_counts("q", 0, 0, 0);
}

TEST_F(DeduplicationTest, ItOutlivesARestart) {
  create_fifo("q");
  const Sent first = send_as("id", "a", "one");
  EXPECT_TRUE(remove("q", take("q")));
  restart();
  EXPECT_EQ(send_as("id", "a", "two").seq, first.seq);
}

TEST_F(DeduplicationTest, TheWindowIsFiveMinutesFromTheFirstSend) {
  create_fifo("q");
  const Sent first = send_as("id", "a", "one");
  pass(minutes(5) - milliseconds(1));
  EXPECT_EQ(send_as("id", "a", "two").id, first.id);
  pass(milliseconds(1));
  EXPECT_NE(send_as("id", "a", "three").id, first.id);
}

TEST_F(DeduplicationTest, ASendAfterTheWindowIsFreshEvenBeforeTheOldOneIsForgotten) {
  create_fifo("q");
  const Sent first = send_as("id", "a", "one");
  clock_.advance(minutes(5));
  const Sent second = send_as("id", "a", "two");
  EXPECT_NE(second.id, first.id);
  pass(minutes(1));
  EXPECT_EQ(send_as("id", "a", "three").id, second.id);
}

TEST_F(DeduplicationTest, WhatIsForgottenLeavesTheStoreWithItsMinute) {
  create_fifo("q");
  for (int i = 0; i < 100; ++i) send("q", "a", "x");
  EXPECT_EQ(journal_.ids(), 100u);
  live(minutes(5));
  send("q", "a", "in another minute");
  live(minutes(1));
  EXPECT_EQ(journal_.ids(), 1u);
  live(minutes(5));
  EXPECT_EQ(journal_.ids(), 0u);
}

TEST_F(DeduplicationTest, WhatExpiredWhileNobodyWasThereLeavesTheStore) {
  create_fifo("q");
  send("q", "a", "x");
  restart();
  pass(minutes(7));
  EXPECT_EQ(journal_.ids(), 0u);
}

TEST_F(DeduplicationTest, TheWholeQueueIsTheScopeUnlessGroupsAre) {
  create_fifo("q");
  EXPECT_EQ(send_as("id", "a", "one").id, send_as("id", "b", "two").id);
}

TEST_F(DeduplicationTest, WithGroupsAsTheScopeEachHasItsOwnIds) {
  ConfigPatch config;
  config.deduplicates_per_group = true;
  create_fifo("q", config);
  const Sent in_a = send_as("id", "a", "one");
  EXPECT_NE(in_a.id, send_as("id", "b", "two").id);
  EXPECT_EQ(in_a.id, send_as("id", "a", "three").id);
  restart();
  EXPECT_EQ(in_a.id, send_as("id", "a", "four").id);
}

TEST_F(DeduplicationTest, ContentIsEnoughWhereItIsSwitchedOn) {
  ConfigPatch config;
  config.content_based_deduplication = true;
  create_fifo("q", config);
  const Sent one = send_content("one");
  EXPECT_EQ(send_content("one").id, one.id);
  EXPECT_NE(send_content("two").id, one.id);
  EXPECT_EQ(receive("q").at(0).message.deduplication_id, "digest of one");
}

TEST_F(DeduplicationTest, AnIdOfItsOwnGoesBeforeTheContent) {
  ConfigPatch config;
  config.content_based_deduplication = true;
  create_fifo("q", config);
  const Sent one = send_content("same");
  const Sent other = send_content("same", "id");
  EXPECT_NE(other.id, one.id);
  EXPECT_EQ(send_content("another", "id").id, other.id);
}

TEST_F(DeduplicationTest, ContentDoesNotCountWhereItIsSwitchedOff) {
  create_fifo("q");
  NewMessage message{.payload = "x", .delay = {}, .artifact = {}, .group = "a"};
  message.content_digest = "digest";
  EXPECT_EQ(try_send("q", message).error(), Refusal::kNoDeduplicationId);
}

TEST_F(DeduplicationTest, StandardQueuesHaveNone) {
  create("q");
  NewMessage message = in_group("tenant", "x");
  EXPECT_EQ(try_send("q", message).error(), Refusal::kNotForStandard);
  message.deduplication_id.clear();
  EXPECT_TRUE(try_send("q", message).has_value());
}

TEST_F(DeduplicationTest, AQueueThatIsDeletedAfterARestartForgetsWhatWasBefore) {
  create_fifo("q");
  send_as("id", "a", "one");
  pass(minutes(1));
  send_as("another", "a", "two");
  restart();
  ask<Done>(DeleteQueue{"q"});
  EXPECT_EQ(journal_.ids(), 0u);
}

TEST_F(DeduplicationTest, AHandOverIsADoubleOfASendAndOfItsOwnOutputs) {
  create_fifo("q");
  create("in");
  send_as("id", "a", "one");
  send("in");
  HandOver::Item item{.receipt = take("in", open()), .outputs = {}};
  for (const char* const id : {"id", "new", "new"})
    item.outputs.push_back({"q", in_group("a", id)});
  for (HandOver::Output& output : item.outputs)
    output.message.deduplication_id = output.message.payload;
  EXPECT_TRUE(ask<ItemResults>(HandOver{{item}}).at(0));
  EXPECT_THAT(get("q"), ElementsAre("one", "new"));
}

TEST_F(DeduplicationTest, AQueueKnowsNothingOfAnother) {
  create_fifo("q");
  create_fifo("r");
  const Sent first = send_as("id", "a", "one");
  NewMessage same = in_group("a", "two");
  same.deduplication_id = "id";
  EXPECT_NE(send_message("r", same).id, first.id);
}

TEST_F(DeduplicationTest, ADeletedQueueForgets) {
  create_fifo("q");
  send_as("id", "a", "one");
  ask<Done>(DeleteQueue{"q"});
  EXPECT_EQ(journal_.ids(), 0u);
  create_fifo("q");
  send_as("id", "a", "two");
  EXPECT_THAT(get("q"), ElementsAre("two"));
}

// ---- what has to be looked for in the store

class IdReadsTest : public DeduplicationTest {
 protected:
  // In how many minutes.
  size_t looks_for(const std::string& id) {
    NewMessage message = in_group("a", "x");
    message.deduplication_id = id;
    Mutations out;
    const Reads reads = engine().reads(Send{"q", {message}}, clock_.now(), out);
    return reads.ids.size();
  }
};

TEST_F(IdReadsTest, ANewIdIsNotLookedForAndAKnownOneWhereItIs) {
  create_fifo("q");
  EXPECT_EQ(looks_for("id"), 0u);
  send_as("id", "a", "one");
  pass(minutes(1));
  send_as("another", "a", "two");
  EXPECT_EQ(looks_for("id"), 1u);
  EXPECT_EQ(looks_for("third"), 0u);
}

TEST_F(IdReadsTest, AfterARestartTheMinutesBeforeItAreLookedInUntilTheyAreOver) {
  create_fifo("q");
  send_as("id", "a", "one");
  restart();
  EXPECT_EQ(looks_for("new"), 6u);
  send_as("later", "a", "one");
  pass(minutes(1));
  send_as("in a new minute", "a", "one");
  EXPECT_EQ(looks_for("new"), 5u) << "one is over, and the new minute has its filter";
  EXPECT_EQ(looks_for("in a new minute"), 6u);
  pass(minutes(5));
  EXPECT_EQ(looks_for("new"), 0u);
}

TEST_F(IdReadsTest, AfterARestartLongAfterTheLastSendNothingIsLookedFor) {
  create_fifo("q");
  send_as("id", "a", "one");
  flush();
  clock_.advance(minutes(30));
  restart();
  pass(Duration{0});
  EXPECT_EQ(looks_for("id"), 0u);
}

TEST_F(IdReadsTest, AStepBackOfTheClockBetweenTwoProcessesForgetsNothing) {
  create_fifo("q");
  const Sent first = send_as("id", "a", "one");
  clock_.advance(-minutes(40));
  restart();
  EXPECT_EQ(send_as("id", "a", "two").id, first.id);
  const Sent other = send_as("other", "a", "three");
  pass(minutes(4));
  EXPECT_EQ(send_as("other", "a", "four").id, other.id);
}

// A model of what is asked of all of it, under restarts, with hardly any memory.
struct Scenario {
  const char* name;
  size_t filters;  // see MemoryLimits
  bool per_group;
};
class RandomIdsTest : public DeduplicationTest, public ::testing::WithParamInterface<Scenario> {
 protected:
  static EngineOptions options() {
    EngineOptions options;
    options.memory.filters = GetParam().filters;
    return options;
  }
  RandomIdsTest() : DeduplicationTest(options()) {}
  uint64_t below(uint64_t n) { return chance_.next() % n; }

  void make_queue() {
    ConfigPatch config;
    config.deduplicates_per_group = GetParam().per_group;
    create_fifo("q", config);
    known_.clear();
  }
  void send_one() {
    const std::string id = std::to_string(below(300)), group = below(2) == 0 ? "a" : "b";
    const Sent sent = send_as(id, group, "x");
    const auto [first, fresh] = known_.try_emplace(GetParam().per_group ? group + id : id);
    if (fresh || first->second.second <= clock_.now()) {
      EXPECT_TRUE(ids_.insert(sent.id).second) << id << " is taken for a double";
      first->second = {sent, clock_.now() + minutes(5)};
    } else {
      ++doubles_;
    }
    EXPECT_EQ(sent.id, first->second.first.id) << id;
    EXPECT_EQ(sent.seq, first->second.first.seq) << id;
  }
  void step() {
    switch (below(40)) {
      case 0:
        return restart();
      case 1:
        return pass(seconds(below(400)));
      case 2:
        clock_.advance(seconds(below(100)));  // and nobody noticed
        return;
      case 3:
        if (below(4) > 0) return;
        ask<Done>(DeleteQueue{"q"});
        return make_queue();
      default:
        return send_one();
    }
  }

  SeededRandom chance_{3};
  std::map<std::string, std::pair<Sent, Instant>> known_;
  std::set<MessageId> ids_;
  int doubles_ = 0;
};

TEST_P(RandomIdsTest, EveryDoubleIsKnownAndNothingElseIsTakenForOne) {
  make_queue();
  for (int i = 0; i < 3000 && !HasFailure(); ++i) step();
  EXPECT_GT(doubles_, 100);
  EXPECT_GT(ids_.size(), 300u);
}

INSTANTIATE_TEST_SUITE_P(Memory, RandomIdsTest,
                         ::testing::Values(Scenario{"Ample", 40 << 20, false},
                                           Scenario{"OfTwoMinutes", 16 << 10, true},
                                           Scenario{"None", 0, false}),
                         [](const auto& scenario) { return scenario.param.name; });

}  // namespace
}  // namespace selvage::queue
