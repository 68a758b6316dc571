// SPDX-License-Identifier: Apache-2.0
#include "auth/condition.h"

#include <gtest/gtest.h>

#include <ostream>

#include "auth/arn.h"
#include "auth/ip_range.h"

namespace selvage::auth {

void PrintTo(Truth truth, std::ostream* out) {  // NOLINT: gtest's name
  constexpr std::string_view kNames[] = {"false", "true", "unknown"};
  *out << kNames[size_t(truth)];
}

namespace {

using enum Truth;

struct OneValue {
  std::string_view op;
  std::string_view ours;  // the request's value
  std::vector<std::string> policys;
  Truth expected;
};

TEST(Conditions, OperatorsCompareAsTheirNamesSay) {
  const OneValue cases[] = {
      {"StringEquals", "a", {"a"}, kTrue},
      {"StringEquals", "A", {"a"}, kFalse},
      {"StringEquals", "b", {"a", "b"}, kTrue},
      {"StringEquals", "ab", {"a*"}, kFalse},
      {"StringNotEquals", "c", {"a", "b"}, kTrue},
      {"StringNotEquals", "b", {"a", "b"}, kFalse},
      {"StringEqualsIgnoreCase", "A", {"a"}, kTrue},
      {"StringNotEqualsIgnoreCase", "A", {"a"}, kFalse},
      {"StringLike", "abc", {"a*"}, kTrue},
      {"StringLike", "abc", {"a?"}, kFalse},
      {"StringNotLike", "abc", {"x*", "a*"}, kFalse},
      {"StringNotLike", "abc", {"x*"}, kTrue},
      {"NumericEquals", "10", {"10.0"}, kTrue},
      {"NumericNotEquals", "10", {"10.0"}, kFalse},
      {"NumericLessThan", "9", {"10"}, kTrue},
      {"NumericLessThan", "10", {"10"}, kFalse},
      {"NumericLessThanEquals", "10", {"10"}, kTrue},
      {"NumericGreaterThan", "10", {"10"}, kFalse},
      {"NumericGreaterThan", "10.5", {"10"}, kTrue},
      {"NumericGreaterThanEquals", "10", {"10"}, kTrue},
      {"NumericEquals", "ten", {"10"}, kFalse},
      {"NumericNotEquals", "ten", {"10"}, kTrue},
      {"NumericEquals", "10", {"ten"}, kUnknown},
      {"NumericLessThan", "10", {"inf"}, kUnknown},
      {"NumericEquals", "10", {""}, kUnknown},
      {"DateEquals", "2026-01-01T00:00:00Z", {"2026-01-01T01:00:00+01:00"}, kTrue},
      {"DateNotEquals", "2026-01-01T00:00:00Z", {"2026-01-01"}, kFalse},
      {"DateLessThan", "2026-01-01T00:00:00Z", {"2026-01-01T00:00:01Z"}, kTrue},
      {"DateLessThanEquals", "2026-01-01T00:00:00Z", {"2026-01-01"}, kTrue},
      {"DateGreaterThan", "2026-01-01T00:00:00Z", {"2026-01-01"}, kFalse},
      {"DateGreaterThan", "1767225601", {"2026-01-01"}, kTrue},
      {"DateGreaterThanEquals", "2026-01-01T00:00:00Z", {"1767225600"}, kTrue},
      {"DateLessThan", "2026-01-01T00:00:00Z", {"tomorrow"}, kUnknown},
      {"Bool", "true", {"TRUE"}, kTrue},
      {"Bool", "false", {"true"}, kFalse},
      {"Bool", "false", {"false"}, kTrue},
      {"Bool", "true", {"yes"}, kUnknown},
      {"IpAddress", "203.0.113.9", {"203.0.113.0/24"}, kTrue},
      {"IpAddress", "203.0.114.9", {"203.0.113.0/24", "10.0.0.0/8"}, kFalse},
      {"NotIpAddress", "203.0.113.9", {"203.0.113.0/24"}, kFalse},
      {"NotIpAddress", "2001:db8::1", {"203.0.113.0/24"}, kTrue},
      {"IpAddress", "203.0.113.9", {"203.0.113.0/33"}, kUnknown},
      {"ArnEquals", "arn:aws:sns:us-east-1:1:topic", {"arn:aws:sns:*:1:topic"}, kTrue},
      {"ArnLike", "arn:aws:sns:us-east-1:1:topic", {"arn:aws:sns:*:2:topic"}, kFalse},
      {"ArnNotEquals", "arn:aws:sns:us-east-1:1:topic", {"arn:aws:sns:*:1:t*"}, kFalse},
      {"ArnNotLike", "arn:aws:sns:us-east-1:1:topic", {"arn:aws:sns:*:1:x*"}, kTrue},
      {"Null", "there", {"true"}, kFalse},
      {"Null", "there", {"false"}, kTrue},
      {"Null", "there", {"maybe"}, kUnknown},
      {"StringEquals", "ann", {"${aws:username}"}, kUnknown},
      {"StringNotEquals", "ann", {"${aws:username}"}, kUnknown},
      {"stringequals", "a", {"a"}, kUnknown},
      {"StringResembles", "a", {"a"}, kUnknown},
      {"StringEquals", "a", {}, kFalse},
  };
  for (const OneValue& one : cases) {
    const Condition condition{std::string(one.op), "Aws:Key", one.policys};
    const Context context = {{"aws:key", {std::string(one.ours)}}};
    EXPECT_EQ(holds(condition, context), one.expected)
        << one.op << " " << one.ours << " " << (one.policys.empty() ? "" : one.policys[0]);
  }
}

struct SomeValues {
  std::string_view op;
  std::vector<std::string> ours;
  Truth expected;  // against {"a", "b"}
};

TEST(Conditions, AbsentAndSeveralValuesFollowTheQuantifier) {
  const SomeValues cases[] = {
      {"StringEquals", {}, kFalse},
      {"StringNotEquals", {}, kTrue},
      {"StringEqualsIfExists", {}, kTrue},
      {"StringEqualsIfExists", {"c"}, kFalse},
      {"StringNotEqualsIfExists", {"a"}, kFalse},
      {"ForAllValues:StringEquals", {}, kTrue},
      {"ForAllValues:StringEquals", {"a", "b"}, kTrue},
      {"ForAllValues:StringEquals", {"a", "c"}, kFalse},
      {"ForAnyValue:StringEquals", {}, kFalse},
      {"ForAnyValue:StringEquals", {"c", "a"}, kTrue},
      {"ForAnyValue:StringEquals", {"c", "d"}, kFalse},
      {"ForAnyValue:StringNotEquals", {}, kFalse},
      {"ForAnyValue:StringNotEquals", {"a", "c"}, kTrue},
      {"ForAnyValue:StringNotEquals", {"a", "b"}, kFalse},
      {"ForAllValues:StringNotEquals", {"a", "c"}, kFalse},
      {"ForAllValues:StringNotEquals", {"c", "d"}, kTrue},
      {"StringEquals", {"c", "a"}, kTrue},
      {"StringNotEquals", {"c", "a"}, kFalse},
  };
  for (const SomeValues& one : cases) {
    const Condition condition{std::string(one.op), "k", {"a", "b"}};
    EXPECT_EQ(holds(condition, {{"k", one.ours}}), one.expected) << one.op;
    if (one.ours.empty()) {
      EXPECT_EQ(holds(condition, {}), one.expected) << one.op;
    }
  }
  EXPECT_EQ(holds({"Null", "k", {"true"}}, {}), kTrue);
  EXPECT_EQ(holds({"Null", "k", {"false"}}, {}), kFalse);
  EXPECT_EQ(holds({"Null", "k", {}}, {}), kUnknown);
}

TEST(Conditions, KnowTheNamesOfTheirOperators) {
  for (const std::string_view known :
       {"StringEquals", "StringLikeIfExists", "ForAnyValue:ArnLike", "Null", "NotIpAddressIfExists",
        "ForAllValues:StringNotEqualsIfExists", "DateLessThan", "Bool", "BoolIfExists"})
    EXPECT_TRUE(is_known_operator(known)) << known;
  for (const std::string_view unknown :
       {"", "IfExists", "ForAnyValue:", "NullIfExists", "ForAnyValue:Null", "BoolNot", "stringLike",
        "ForSomeValues:StringLike", "StringEqualsIfExistsIfExists", "BinaryEquals"})
    EXPECT_FALSE(is_known_operator(unknown)) << unknown;
}

struct RangeCase {
  std::string_view range;
  std::string_view address;
  bool expected;
};

TEST(IpRanges, HoldTheirAddresses) {
  const RangeCase cases[] = {
      {"10.0.0.0/8", "10.255.0.1", true},
      {"10.0.0.0/8", "11.0.0.1", false},
      {"10.1.2.3", "10.1.2.3", true},
      {"10.1.2.3", "10.1.2.4", false},
      {"10.1.2.3/32", "::ffff:10.1.2.3", true},
      {"10.1.2.128/25", "10.1.2.127", false},
      {"10.1.2.128/25", "10.1.2.200", true},
      {"0.0.0.0/0", "1.2.3.4", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"::/0", "2001:db8::1", true},
      {"2001:db8::/32", "2001:db8:ffff::1", true},
      {"2001:db8::/32", "2001:db9::1", false},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"::1", "::1", true},
      {"::ffff:10.0.0.0/104", "10.9.9.9", true},
      {"10.0.0.0/8", "", false},
      {"10.0.0.0/8", "10.1.2.3:80", false},
      {"10.0.0.0/8", "localhost", false},
  };
  for (const RangeCase& one : cases) {
    const auto range = IpRange::read(one.range);
    ASSERT_TRUE(range) << one.range;
    EXPECT_EQ(range->contains(one.address), one.expected) << one.range << " " << one.address;
  }
  for (const std::string_view wrong : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
                                       "10.0.0/8", "::/129", "10.0.0.0/8/8", "10.0.0.0/8 ", "host"})
    EXPECT_FALSE(IpRange::read(wrong)) << wrong;
  EXPECT_FALSE(IpRange::read(std::string_view("10.0.0.1\0x", 10)));
}

struct ArnCase {
  std::string_view pattern;
  bool expected;  // on arn:aws:sqs:us-east-1:123456789012:orders
};

TEST(Arns, FitPartByPart) {
  const ArnCase cases[] = {
      {"arn:aws:sqs:us-east-1:123456789012:orders", true},
      {"*", true},
      {"arn:aws:sqs:*:*:orders", true},
      {"arn:aws:sqs:us-east-1:123456789012:ord*", true},
      {"arn:aws:sqs:us-east-1:123456789012:order?", true},
      {"arn:aws:sqs:*", true},
      {"arn:aws:sqs:*:orders", false},
      {"arn:aws:*:orders", false},
      {"arn:aws:sqs:us-east-1:123456789012:Orders", false},
      {"arn:aws:sns:us-east-1:123456789012:orders", false},
      {"orders", false},
      {"", false},
  };
  for (const ArnCase& one : cases)
    EXPECT_EQ(fits_arn(one.pattern, "arn:aws:sqs:us-east-1:123456789012:orders"), one.expected)
        << one.pattern;
  EXPECT_TRUE(fits_arn("*", ""));
  EXPECT_FALSE(fits_arn("arn:aws:sqs:a:b:c", "arn:aws:sqs"));
}

}  // namespace
}  // namespace selvage::auth
