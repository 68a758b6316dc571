// SPDX-License-Identifier: Apache-2.0
#include "app/show.h"

#include <gtest/gtest.h>

namespace selvage::app {
namespace {

TEST(Show, SizesReadBackAsOptions) {
  EXPECT_EQ(show_size(1 << 20), "1MiB");
  EXPECT_EQ(show_size(256 << 10), "256KiB");
  EXPECT_EQ(show_size(1025), "1025B");
  EXPECT_EQ(show_size(0), "0B");
}

TEST(Show, CountsHaveTheirNumber) {
  EXPECT_EQ(count_of(0, "message"), "0 messages");
  EXPECT_EQ(count_of(1, "message"), "1 message");
}

TEST(Show, ExcerptIsOneLineAndCutsBetweenCharacters) {
  EXPECT_EQ(excerpt("a\nb\tc", 5), "a b c");
  EXPECT_EQ(excerpt("äöü", 3), "äöü");
  EXPECT_EQ(excerpt("äöü", 2), "äö…");
}

TEST(Show, WhatATerminalWouldObeyIsNotPrinted) {
  EXPECT_EQ(printable("a\tb\n\x1B[31mred\x7F"), "a\tb\n?[31mred?");
}

TEST(Show, MomentsHaveTheirMilliseconds) {
  EXPECT_EQ(show_moment(from_micros(1'700'000'000'045'999)), "2023-11-14 22:13:20.045");
}

TEST(Show, QueueNameEndsAUrlOrAnArn) {
  EXPECT_EQ(queue_name("http://h:1/0/q"), "q");
  EXPECT_EQ(queue_name("arn:aws:sqs:r:0:q"), "q");
  EXPECT_EQ(queue_name("q"), "q");
}

TEST(Show, TableColumnsAreAsWideAsTheirCharacters) {
  Table table({"n", "name"}, {0});
  table.add({"10", "äö"});
  table.add({"9", "b"});
  EXPECT_EQ(table.text(), " n  name\n10  äö\n 9  b\n");
}

}  // namespace
}  // namespace selvage::app
