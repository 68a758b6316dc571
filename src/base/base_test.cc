// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/backoff.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/scan.h"

namespace selvage {
namespace {

TEST(Bytes, WhatWasEncodedIsDecoded) {
  std::string out;
  Encoder(out).u8(7).u16(300).u32(70'000).u64(1ULL << 40).i64(-5).text("hello").raw("xy");
  Decoder in(out);
  EXPECT_EQ(in.u8(), 7);
  EXPECT_EQ(in.u16(), 300);
  EXPECT_EQ(in.u32(), 70'000u);
  EXPECT_EQ(in.u64(), 1ULL << 40);
  EXPECT_EQ(in.i64(), -5);
  EXPECT_EQ(in.text(), "hello");
  EXPECT_EQ(in.raw(2), "xy");
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.at_end());
}

TEST(Bytes, EncodedSignedNumbersSortAsNumbers) {
  const auto key = [](int64_t v) {
    std::string out;
    Encoder(out).i64(v);
    return out;
  };
  EXPECT_LT(key(-2), key(-1));
  EXPECT_LT(key(-1), key(0));
  EXPECT_LT(key(0), key(1));
  EXPECT_LT(key(255), key(256));
}

TEST(Bytes, ATruncatedRecordIsNoticedAndReadsAsZero) {
  Decoder in(std::string_view("\x00\x00\x00\x09only", 8));
  EXPECT_EQ(in.text(), "");
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.i64(), 0);
}

TEST(Bytes, HexAndBase64ComeBackAsTheyWent) {
  for (const std::string text : {"", "a", "ab", "abc", "abcd", "\x01\xff\x7f"}) {
    EXPECT_EQ(from_hex(to_hex(text)), text);
    EXPECT_EQ(from_base64(to_base64(text)), text);
  }
  EXPECT_EQ(to_base64("light w"), "bGlnaHQgdw==");
  EXPECT_EQ(from_hex("0g"), std::nullopt);
  EXPECT_EQ(from_hex("0"), std::nullopt);
  EXPECT_EQ(from_base64("a=bc"), std::nullopt);
  EXPECT_EQ(from_base64("abc"), std::nullopt);
}

TEST(Scan, FindsWhatALoopOverTheBytesFinds) {
  const auto is_special = [](uint8_t byte) {
    return (byte < 0x20) | (byte == '"') | (byte >= 0x80);
  };
  for (int byte = 0; byte < 256; ++byte)
    for (const size_t size : {0, 1, 15, 16, 17, 63, 64, 65, 100})
      for (size_t at = 0; at < size; ++at) {
        std::string text(size, ' ');
        text[at] = static_cast<char>(byte);
        const size_t expected = is_special(static_cast<uint8_t>(byte)) ? at : size;
        ASSERT_EQ(find_special(text, 0, is_special), expected) << byte << ' ' << at;
        ASSERT_EQ(find_special(text, at + 1, is_special), size) << byte << ' ' << at;
      }
}

TEST(Uuid, IsParsedFromItsOwnText) {
  SeededRandom random(1);
  const Uuid id = Uuid::from_random(random.next(), random.next());
  EXPECT_EQ(Uuid::parse(id.to_string()), id);
  EXPECT_EQ(id.to_string()[14], '4');
  EXPECT_EQ(Uuid::parse("not-a-uuid"), std::nullopt);
  EXPECT_EQ(Uuid::parse("00000000-0000-0000-0000-00000000000g"), std::nullopt);
}

TEST(Clock, NeverRunsBackwards) {
  SystemClock clock;
  Instant last = clock.now();
  for (int i = 0; i < 1000; ++i) {
    const Instant now = clock.now();
    EXPECT_GE(now, last);
    last = now;
  }
}

TEST(Backoff, StartsAtOnceThenDoublesToTheCapAndNeverGivesUp) {
  Backoff backoff;
  EXPECT_EQ(backoff.after(Duration{0}), Duration{0});
  EXPECT_EQ(backoff.after(Duration{0}), Backoff::kFirst);
  EXPECT_EQ(backoff.after(Duration{0}), Backoff::kFirst * 2);
  for (int i = 0; i < 1000; ++i) backoff.after(Duration{0});
  EXPECT_EQ(backoff.after(Duration{0}), Backoff::kCap);
}

TEST(Backoff, WhoLivedLongEnoughStartsAfresh) {
  Backoff backoff;
  for (int i = 0; i < 3; ++i) backoff.after(Duration{0});
  EXPECT_EQ(backoff.after(Backoff::kFirst * 4 * Backoff::kPatience), Duration{0});
  EXPECT_EQ(backoff.after(std::chrono::milliseconds(500)), Backoff::kFirst);
}

TEST(Random, TheSameSeedGivesTheSameNumbers) {
  SeededRandom a(42), b(42), c(43);
  const uint64_t first = a.next();
  EXPECT_EQ(first, b.next());
  EXPECT_NE(first, c.next());
}

}  // namespace
}  // namespace selvage
