// SPDX-License-Identifier: Apache-2.0
// Queues themselves: redrive rules, purge, tags, policies, settings, Amazon's timers.
#include "queue/engine_fixture.h"

namespace selvage::queue {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class QueuesTest : public EngineFixture {
 protected:
  explicit QueuesTest(EngineOptions options = {}) : EngineFixture(options) {}
  static ConfigPatch with_redrive(const std::string& dead) {
    ConfigPatch config;
    config.redrive = Redrive{dead, 5};
    return config;
  }
  static ConfigPatch admitting(RedriveAllow::Permission permission,
                               std::vector<std::string> sources = {}) {
    ConfigPatch config;
    config.redrive_allow = RedriveAllow{permission, std::move(sources)};
    return config;
  }
};

TEST_F(QueuesTest, ARedrivePolicyNeedsATargetOfItsKind) {
  create("dead");
  create_fifo("dead.fifo");
  ConfigPatch fifo = with_redrive("dead");
  fifo.fifo = true;
  EXPECT_EQ(refusal(CreateQueue{"q", with_redrive("none")}), Refusal::kNoDeadLetterQueue);
  EXPECT_EQ(refusal(CreateQueue{"q", with_redrive("dead.fifo")}), Refusal::kDeadLetterKind);
  EXPECT_EQ(refusal(CreateQueue{"q.fifo", fifo}), Refusal::kDeadLetterKind);
  create("q");
  EXPECT_EQ(refusal(SetQueue{"q", with_redrive("none")}), Refusal::kNoDeadLetterQueue);
  EXPECT_EQ(refusal(SetQueue{"q", with_redrive("dead.fifo")}), Refusal::kDeadLetterKind);
  EXPECT_FALSE(info("q").config.redrive.has_value());
  ask<Done>(SetQueue{"q", with_redrive("dead")});
}

TEST_F(QueuesTest, ADeadLetterQueueSaysWhoseItIs) {
  using enum RedriveAllow::Permission;
  create("none", admitting(kNone));
  create("some", admitting(kByQueue, {"q"}));
  EXPECT_EQ(refusal(CreateQueue{"q", with_redrive("none")}), Refusal::kDeadLetterDenied);
  EXPECT_EQ(refusal(CreateQueue{"r", with_redrive("some")}), Refusal::kDeadLetterDenied);
  create("q", with_redrive("some"));
  ask<Done>(SetQueue{"none", admitting(kAll)});
  ask<Done>(SetQueue{"q", with_redrive("none")});
}

TEST_F(QueuesTest, OtherSettingsCanBeChangedAfterTheTargetHasGone) {
  create("dead");
  create("q", with_redrive("dead"));
  ask<Done>(DeleteQueue{"dead"});
  ConfigPatch patch;
  patch.delay = seconds(1);
  ask<Done>(SetQueue{"q", patch});
  EXPECT_EQ(info("q").config.redrive->dead_letter_queue, "dead");
  patch.redrive.emplace();
  ask<Done>(SetQueue{"q", patch});
  EXPECT_FALSE(info("q").config.redrive.has_value());
}

TEST_F(QueuesTest, SourcesOfADeadLetterQueueAreListedByPage) {
  create("dead");
  create("b", with_redrive("dead"));
  create("a", with_redrive("dead"));
  create("c");
  const auto list = [&](const std::string& after) {
    std::vector<std::string> names;
    const auto found = ask<std::vector<QueueInfo>>(ListQueues{"", after, 1, "dead"});
    for (const QueueInfo& queue : found) names.push_back(queue.name);
    return names;
  };
  EXPECT_THAT(list(""), ElementsAre("a"));
  EXPECT_THAT(list("a"), ElementsAre("b"));
  EXPECT_THAT(list("b"), IsEmpty());
}

TEST_F(QueuesTest, PurgeEndsLeasesDelaysAndFiles) {
  create("q");
  const ArtifactId artifact = Uuid::from_random(1, 2);
  send_message("q", {.payload = "held", .delay = {}, .artifact = artifact});
  const SessionId session = open();
  const Receipt lease = take("q", session);
  send("q", "visible");
  send_later("q", "delayed", seconds(5));
  ask<Done>(PurgeQueue{"q"});
  expect_counts("q", 0, 0, 0);
  EXPECT_EQ(journal_.references(artifact), 0);
  EXPECT_EQ(hand_over(lease, {}).error(), Refusal::kLeaseGone);
  EXPECT_TRUE(remove("q", lease).has_value());
  EXPECT_EQ(info("q").totals.deleted, 3u);
  die(session);
  const Sent next = send("q", "next");
  EXPECT_GT(next.seq, lease.seq) << "a place is never used again";
  EXPECT_THAT(get("q"), ElementsAre("next"));
}

TEST_F(QueuesTest, PurgeFreesTheGroupsOfAFifoQueue) {
  create_fifo("q");
  send("q", "a", "a1");
  take("q");
  ask<Done>(PurgeQueue{"q"});
  send("q", "a", "a2");
  EXPECT_THAT(get("q"), ElementsAre("a2"));
}

TEST_F(QueuesTest, DeletingAQueueEndsItsSessionsLeases) {
  create("q");
  send("q");
  const SessionId session = open();
  take("q", session);
  ask<Done>(DeleteQueue{"q"});
  die(session);
}

TEST_F(QueuesTest, TagsAreSetOverwrittenRemovedAndKept) {
  ask<QueueInfo>(CreateQueue{"q", {}, {{"a", "1"}, {"b", "2"}}});
  ask<Done>(EditTags{"q", {{"b", "3"}, {"c", "4"}}, {"a", "unknown"}});
  restart();
  EXPECT_EQ(info("q").tags, (Tags{{"b", "3"}, {"c", "4"}}));
}

TEST_F(QueuesTest, FiftyTagsAreTheMost) {
  Tags tags;
  for (size_t i = 0; i < kMaxTags; ++i) tags[std::to_string(i)] = "";
  ask<QueueInfo>(CreateQueue{"q", {}, tags});
  EXPECT_EQ(refusal(EditTags{"q", {{"another", ""}}, {}}), Refusal::kTooManyTags);
  ask<Done>(EditTags{"q", {{"another", ""}}, {"7"}});
  EXPECT_EQ(info("q").tags.size(), kMaxTags);
  tags["another"] = "";
  EXPECT_EQ(refusal(CreateQueue{"r", {}, tags}), Refusal::kTooManyTags);
}

TEST_F(QueuesTest, APolicyIsChangedOnlyByWhoHasReadIt) {
  create("q");
  ConfigPatch first, second;
  first.policy = "first";
  second.policy = "second";
  ask<Done>(SetQueue{"q", first, ""});
  EXPECT_EQ(refusal(SetQueue{"q", second, ""}), Refusal::kChanged);
  ask<Done>(SetQueue{"q", second, "first"});
  EXPECT_EQ(info("q").config.policy, "second");
}

TEST_F(QueuesTest, FifoSettingsAreForFifoQueues) {
  ConfigPatch config;
  config.content_based_deduplication = true;
  EXPECT_EQ(refusal(CreateQueue{"q", config}), Refusal::kNotForStandard);
  create("q");
  EXPECT_EQ(refusal(SetQueue{"q", config}), Refusal::kNotForStandard);
  create_fifo("q.fifo");
  ask<Done>(SetQueue{"q.fifo", config});
  ConfigPatch fast;
  fast.throughput_per_group = true;
  EXPECT_EQ(refusal(SetQueue{"q.fifo", fast}), Refusal::kThroughputNeedsGroups);
  fast.deduplicates_per_group = true;
  ask<Done>(SetQueue{"q.fifo", fast});
}

TEST_F(QueuesTest, ANewVisibilityAndRetentionHoldAtOnce) {
  create("q");
  send("q", "old");
  pass(minutes(2));
  send("q", "young");
  ConfigPatch patch;
  patch.retention = minutes(1);
  patch.visibility = seconds(1);
  ask<Done>(SetQueue{"q", patch});
  EXPECT_THAT(get("q"), ElementsAre("young"));
  pass(seconds(1));
  expect_counts("q", 1, 0, 0);
}

TEST_F(QueuesTest, SettingWhatIsSetModifiesNothing) {
  create("q");
  const Instant before = info("q").modified;
  pass(seconds(1));
  ConfigPatch patch;
  patch.visibility = seconds(30);
  ask<Done>(SetQueue{"q", patch});
  EXPECT_EQ(info("q").modified, before);
  patch.visibility = seconds(31);
  ask<Done>(SetQueue{"q", patch});
  EXPECT_EQ(info("q").modified, clock_.now());
}

TEST_F(QueuesTest, AKeyAndManagedEncryptionExcludeEachOther) {
  create("q");
  ConfigPatch patch;
  patch.kms_key = "key";
  ask<Done>(SetQueue{"q", patch});
  EXPECT_FALSE(info("q").config.encryption.managed);
  ConfigPatch managed;
  managed.sse_managed = true;
  ask<Done>(SetQueue{"q", managed});
  EXPECT_EQ(info("q").config.encryption.kms_key, "");
}

TEST_F(QueuesTest, AQueueMayBeMadeAgainAtOnce) {
  create("q");
  ask<Done>(DeleteQueue{"q"});
  create("q");
  ask<Done>(PurgeQueue{"q"});
  ask<Done>(PurgeQueue{"q"});
}

class AmazonsTimersTest : public QueuesTest {
 protected:
  AmazonsTimersTest() : QueuesTest(EngineOptions{.aws_timers = true}) {}
};

TEST_F(AmazonsTimersTest, ANameRestsForSixtySecondsAfterItsDeletion) {
  create("q");
  ask<Done>(DeleteQueue{"q"});
  EXPECT_EQ(refusal(CreateQueue{"q", {}}), Refusal::kQueueDeletedRecently);
  create("other");
  pass(seconds(60) - milliseconds(1));
  EXPECT_EQ(refusal(CreateQueue{"q", {}}), Refusal::kQueueDeletedRecently);
  pass(milliseconds(1));
  create("q");
}

TEST_F(AmazonsTimersTest, OnePurgeInSixtySeconds) {
  create("q");
  ask<Done>(PurgeQueue{"q"});
  send("q");
  EXPECT_EQ(refusal(PurgeQueue{"q"}), Refusal::kPurgedRecently);
  expect_counts("q", 1, 0, 0);
  pass(seconds(60));
  ask<Done>(PurgeQueue{"q"});
  expect_counts("q", 0, 0, 0);
}

}  // namespace
}  // namespace selvage::queue
