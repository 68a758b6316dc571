// SPDX-License-Identifier: Apache-2.0
#include "sqs/receipt.h"

#include <gtest/gtest.h>

#include "sqs/session_id.h"

namespace selvage::sqs {
namespace {

TEST(Receipt, HandleComesBackAsItWas) {
  for (const queue::Receipt& receipt :
       {queue::Receipt{{1}, {2}, {3}}, queue::Receipt{{0}, {0}, {0}},
        queue::Receipt{{UINT64_MAX}, {UINT64_MAX}, {UINT64_MAX}}})
    EXPECT_EQ(decode_receipt(encode_receipt(receipt)), receipt);
}

TEST(Receipt, HandleIsItsVersionAndThreeNumbersInHex) {
  EXPECT_EQ(encode_receipt({{1}, {2}, {0xABCDEF}}),
            "01"
            "0000000000000001"
            "0000000000000002"
            "0000000000abcdef");
}

TEST(Receipt, WhatIsNoneOfOursIsAReceiptOfNoQueue) {
  const std::string good = encode_receipt({{1}, {2}, {3}});
  for (const std::string& bad :
       {std::string("garbage"), std::string("01"), std::string("zz") + good.substr(2),
        std::string("02") + good.substr(2), good.substr(2), good + "00", good.substr(0, 49),
        std::string("AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a=="), std::string(100'000, '0')}) {
    EXPECT_FALSE(decode_receipt(bad)) << bad.substr(0, 80);
    const auto parsed = parse_receipt(bad);
    ASSERT_TRUE(parsed) << "it is for the engine to refuse";
    EXPECT_EQ(*parsed, queue::Receipt{}) << bad.substr(0, 80);
  }
}

TEST(Receipt, EmptyHandleIsAMissingParameter) {
  const auto parsed = parse_receipt("");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().kind.query, "MissingParameter");
}

TEST(SessionIdText, IsSixteenHexDigitsAndComesBack) {
  EXPECT_EQ(print_session_id({0xABC}), "0000000000000abc");
  for (const uint64_t value : {uint64_t{1}, uint64_t{0xABC}, UINT64_MAX}) {
    const auto parsed = parse_session_id(print_session_id({value}));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->value, value);
  }
}

TEST(SessionIdText, WhatOpenSessionNeverGaveIsRefused) {
  for (const char* bad :
       {"", "0", "0000000000000000", "xyz", "-1", "0x1", "1 ", " 1", "10000000000000000"}) {
    const auto parsed = parse_session_id(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().kind.query, "InvalidParameterValue") << bad;
  }
}

}  // namespace
}  // namespace selvage::sqs
