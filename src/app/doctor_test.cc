// SPDX-License-Identifier: Apache-2.0
// Directories that a store was made to write wrongly, as `selvage doctor` tells of them.
#include "app/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <optional>
#include <string>

#include "base/clock.h"
#include "queue/message_id.h"
#include "queue/mutation.h"
#include "sqs/envelope.h"
#include "store/records.h"
#include "store_rocksdb/rocksdb_store.h"

namespace selvage::app {
namespace {

using store::Table;
using testing::HasSubstr;

constexpr ShardIndex kShard{0};
constexpr QueueId kQueue{1};

class DoctorTest : public testing::Test {
 protected:
  DoctorTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "selvage-doctor-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    record_.id = kQueue;
    record_.name = "orders";
    for (uint64_t seq = 1; seq <= 3; ++seq) send(seq);
    put_queue();
  }
  ~DoctorTest() override { std::filesystem::remove_all(directory_); }

  void put(Table table, const std::string& key, const std::optional<std::string>& value) {
    const auto store = store_rocksdb::open_rocksdb(directory_).value();
    const uint64_t epoch = store->claim(kShard).value();
    ASSERT_TRUE(store->apply(kShard, epoch, {{}, {{table, key, value}}}));
    ASSERT_TRUE(store->sync());
  }
  void send(uint64_t seq) {
    queue::Message message;
    message.id = queue::make_message_id({seq}, seq);
    message.sent = message.vest = message.retained_from = place_.time;
    put(Table::kWaiting, store::message_key(kShard, kQueue, place_, {seq}), store::encode(message));
    const std::string payload =
        sqs::encode_envelope({.body = "text", .attributes = {}, .trace_header = {}, .sender = {}});
    put(Table::kBody, store::payload_key(kShard, kQueue, {seq}),
        store::encode_payload(place_, payload));
    ++record_.extent.visible;
    record_.extent.lanes.set(place_.lane);
    record_.last_seq = {seq};
    ++record_.totals.sent;
  }
  void put_queue() { put(Table::kMeta, store::queue_key(kShard, kQueue), store::encode(record_)); }

  // What it prints, for people.
  std::string said(ExitCode expected) const {
    testing::internal::CaptureStdout();
    EXPECT_EQ(examine({.data = directory_, .json = false}), expected);
    return testing::internal::GetCapturedStdout();
  }

  std::string directory_;
  queue::QueueRecord record_;
  const queue::Place place_{0, SystemClock().now()};  // of all messages
};

TEST_F(DoctorTest, ASoundDirectoryIsSaidToBe) {
  const std::string text = said(ExitCode::kOk);
  EXPECT_THAT(text, HasSubstr(directory_ + " is sound\n"));
  EXPECT_THAT(text, HasSubstr("1 queue, 3 messages\n"));
}

TEST_F(DoctorTest, AMissingPayloadIsNamedWithWhatToDo) {
  put(Table::kBody, store::payload_key(kShard, kQueue, {2}), std::nullopt);
  const std::string text = said(ExitCode::kFailed);
  EXPECT_THAT(text, HasSubstr(" is NOT sound\n"));
  EXPECT_THAT(text,
              HasSubstr("  queue orders, message 2: its payload is missing\n    restore a "
                        "backup; without one, this message is lost, the others are served\n"));
}

TEST_F(DoctorTest, APayloadOfOtherBytesIsNamedWithWhatToDo) {
  put(Table::kBody, store::payload_key(kShard, kQueue, {2}),
      store::encode_payload(place_, "not an envelope"));
  EXPECT_THAT(said(ExitCode::kFailed),
              HasSubstr("  queue orders, message 2: its payload is not what a sender wrote\n    "
                        "restore a backup; without one, this message is never delivered"));
}

TEST_F(DoctorTest, AChangedCounterIsNamedWithWhatToDo) {
  record_.totals.deleted = 5;
  put_queue();
  EXPECT_THAT(said(ExitCode::kFailed),
              HasSubstr("  queue orders: its counters say that 3 messages came and 5 left, but 3 "
                        "are there\n    restore a backup if the queue's statistics matter"));
}

}  // namespace
}  // namespace selvage::app
