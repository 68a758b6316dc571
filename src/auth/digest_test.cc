// SPDX-License-Identifier: Apache-2.0
#include "auth/digest.h"

#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"

namespace selvage::auth {
namespace {

TEST(Digest, Md5HasTheValuesOfItsStandard) {  // RFC 1321, A.5
  EXPECT_EQ(md5_hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5_hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(md5_hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Digest, Sha256HasTheValuesOfItsStandard) {  // FIPS 180-4, examples
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("abc")), sha256_hex("abc"));
}

struct HmacCase {
  std::string key;
  std::string bytes;
  std::string expected;
};

TEST(Digest, HmacHasTheValuesOfItsStandard) {  // RFC 4231, cases 1, 2, 3 and 6
  const HmacCase cases[] = {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
  };
  for (const HmacCase& one : cases)
    EXPECT_EQ(to_hex(hmac_sha256(one.key, one.bytes)), one.expected) << one.bytes;
}

TEST(Digest, AnHmacKeyMayBeEmpty) {
  EXPECT_EQ(to_hex(hmac_sha256(std::string_view(), "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Digest, ConstantTimeComparisonComparesEveryByte) {
  EXPECT_TRUE(same_in_constant_time("", ""));
  EXPECT_TRUE(same_in_constant_time("abc", "abc"));
  EXPECT_FALSE(same_in_constant_time("abc", "abd"));
  EXPECT_FALSE(same_in_constant_time("abc", "xbc"));
  EXPECT_FALSE(same_in_constant_time("abc", "abcd"));
}

}  // namespace
}  // namespace selvage::auth
