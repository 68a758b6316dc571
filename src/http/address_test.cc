// SPDX-License-Identifier: Apache-2.0
#include "http/address.h"

#include <gtest/gtest.h>

namespace selvage::http {
namespace {

TEST(Address, IsWrittenAsANumber) {
  for (const char* host : {"127.0.0.1", "192.0.2.7", "::1", "2001:db8::1"})
    EXPECT_EQ(numeric_host(resolve(host, 80)->front().get()), host);
  EXPECT_EQ(numeric_host(resolve("::ffff:192.0.2.7", 80)->front().get()), "192.0.2.7");
  EXPECT_EQ(numeric_host(Address{}.get()), "");
}

TEST(Address, OfThisHostIsLoopbackOrOurEndOfTheConnection) {
  EXPECT_TRUE(is_same_host("127.0.0.1", "127.0.0.1"));
  EXPECT_TRUE(is_same_host("127.1.2.3", "127.0.0.1"));
  EXPECT_TRUE(is_same_host("::1", "::1"));
  EXPECT_TRUE(is_same_host("192.0.2.7", "192.0.2.7"));
  EXPECT_TRUE(is_same_host("2001:db8::1", "2001:db8::1"));
  EXPECT_FALSE(is_same_host("192.0.2.8", "192.0.2.7"));
  EXPECT_FALSE(is_same_host("2001:db8::127.0.0.1", "2001:db8::1"));
  EXPECT_FALSE(is_same_host("::127.0.0.1", "::1"));
  EXPECT_FALSE(is_same_host("", ""));
}

}  // namespace
}  // namespace selvage::http
