// SPDX-License-Identifier: Apache-2.0
#include "supervisor/gates.h"

#include <gtest/gtest.h>

#include "client/scripted_broker.h"

namespace selvage::supervisor {
namespace {

TEST(BrokerGatesTest, AGateIsAskedForWithItsEnd) {
  process::Reactor reactor;
  client::ScriptedBroker broker(reactor);
  client::Client client(reactor, broker.endpoint());
  BrokerGates gates(client);
  gates.set("photos", 1, std::chrono::seconds(3));
  const auto asked = broker.next();
  EXPECT_EQ(asked.action, "Selvage.SetGate");
  EXPECT_EQ(asked.body, R"({"QueueUrl":"photos","MostInFlight":1,"ForMs":3000})");
  asked.answer("{}");
}

TEST(BrokerGatesTest, ARefusalDoesNotKeepItFromAskingAgain) {
  process::Reactor reactor;
  client::ScriptedBroker broker(reactor);
  client::Client client(reactor, broker.endpoint());
  BrokerGates gates(client);
  for (int n = 0; n < 3; ++n) {
    gates.set("photos", 0, std::chrono::seconds(3));
    broker.next().answer(R"({"__type":"UnknownOperationException","message":""})", 400);
  }
  gates.set("photos", 0, std::chrono::seconds(3));
  EXPECT_EQ(broker.next().action, "Selvage.SetGate");
}

}  // namespace
}  // namespace selvage::supervisor
