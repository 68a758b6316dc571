// SPDX-License-Identifier: Apache-2.0
#include "auth/digest.h"

#include <gtest/gtest.h>

namespace selvage::auth {
namespace {

TEST(Digest, Md5HasTheValuesOfItsStandard) {  // RFC 1321, A.5
  EXPECT_EQ(md5_hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5_hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(md5_hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
}

}  // namespace
}  // namespace selvage::auth
