// SPDX-License-Identifier: Apache-2.0
#include "broker/commit.h"

#include <gtest/gtest.h>

#include "store/memory_store.h"

namespace selvage::broker {
namespace {

using queue::Place;
using store::Table;

constexpr QueueId kQueue{7};
constexpr Seq kSeq{1};
const Place kWaiting{0, from_micros(5)};

class CommitTest : public ::testing::Test {
 protected:
  void add(queue::Mutation mutation) {
    queue::Mutations one;
    one.push_back(std::move(mutation));
    ASSERT_TRUE(commit_.add(one));
  }
  void send() {
    add(queue::PutPayload{kQueue, kSeq, kWaiting, "body", {}});
    add(queue::PutMessage{kQueue, kSeq, kWaiting, {}});
  }
  void receive() {
    add(queue::DropMessage{kQueue, kSeq, kWaiting});
    add(queue::PutMessage{kQueue, kSeq, queue::kHeldPlace, {}});
  }
  std::vector<Table> tables_written() {
    std::vector<Table> tables;
    for (const store::Write& write : commit_.batch().take().writes) tables.push_back(write.table);
    return tables;
  }

  store::MemoryStore store_;
  Commit commit_{store_, nullptr, {}, store_.claim({}).value()};
};

TEST_F(CommitTest, WhatIsReceivedInTheTurnInWhichItCameIsNeverWrittenAsWaiting) {
  send();
  receive();
  EXPECT_EQ(tables_written(), (std::vector{Table::kBody, Table::kHeld}));
}

TEST_F(CommitTest, WhatCameInATurnBeforeIsRemovedFromWhereItWaited) {
  send();
  ASSERT_TRUE(commit_.close());
  receive();
  EXPECT_EQ(tables_written(), (std::vector{Table::kWaiting, Table::kHeld}));
}

TEST_F(CommitTest, WhatWasWrittenAgainWhereItWaitsIsRemovedFromThere) {
  send();
  add(queue::PutMessage{kQueue, kSeq, kWaiting, {}});
  receive();
  const auto [first, last] = store::queue_range({}, kQueue);
  ASSERT_TRUE(commit_.close());
  ASSERT_TRUE(store_.scan(Table::kWaiting, first, last, [](auto, auto) {
    ADD_FAILURE() << "still there";
    return true;
  }));
}

TEST_F(CommitTest, ABodyIsAtHandUntilItsMessageIsGone) {
  send();
  EXPECT_EQ(commit_.bodies().take(kQueue, kSeq), "body");
  EXPECT_EQ(commit_.bodies().take(kQueue, kSeq), std::nullopt);
  send();
  add(queue::DropPayload{kQueue, kSeq, {}, false, {}});
  EXPECT_EQ(commit_.bodies().take(kQueue, kSeq), std::nullopt);
  send();
  add(queue::DropMessages{kQueue});
  EXPECT_EQ(commit_.bodies().take(kQueue, kSeq), std::nullopt);
}

}  // namespace
}  // namespace selvage::broker
