// SPDX-License-Identifier: Apache-2.0
// Signing and verifying against the requests and signatures that AWS published for Signature
// Version 4 (its test suite, and the key derivation of its documentation).
#include "auth/sigv4.h"

#include <gtest/gtest.h>

#include "auth/digest.h"
#include "auth/signature_fixture.h"
#include "base/bytes.h"

namespace selvage::auth {
namespace {

const Instant kSuiteTime = at("20150830T123600Z");
constexpr Signer kSuiteSigner{kExampleId, kExampleSecret, "us-east-1", "service"};

TEST(Signing, DerivesTheKeyOfTheDocumentation) {
  EXPECT_EQ(to_hex(signing_key(kExampleSecret, {"20120215", "us-east-1", "iam"})),
            "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
  EXPECT_EQ(to_hex(signing_key(kExampleSecret, {"20150830", "us-east-1", "iam"})),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

struct SuiteCase {
  std::string_view name;
  std::string method;
  std::string target;
  std::vector<HeaderField> headers;  // besides Host and X-Amz-Date
  std::string_view signature;
};

const SuiteCase kSuite[] = {
    {"get-vanilla",
     "GET",
     "/",
     {},
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-empty-query-key",
     "GET",
     "/?Param1=value1",
     {},
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/?Param2=value2&Param1=value1",
     {},
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-order-key",
     "GET",
     "/?Param1=value2&Param1=Value1",
     {},
     "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
    {"get-vanilla-query-order-value",
     "GET",
     "/?Param1=value2&Param1=value1",
     {},
     "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
    {"get-vanilla-query-unreserved",
     "GET",
     "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz="
     "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     {},
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"get-vanilla-utf8-query",
     "GET",
     "/?\xe1\x88\xb4=bar",
     {},
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-unreserved",
     "GET",
     "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     {},
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-utf8",
     "GET",
     "/\xe1\x88\xb4",
     {},
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-header-key-duplicate",
     "GET",
     "/",
     {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-order",
     "GET",
     "/",
     {{"My-Header1", "value4"},
      {"My-Header1", "value1"},
      {"My-Header1", "value3"},
      {"My-Header1", "value2"}},
     "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"get-header-value-trim",
     "GET",
     "/",
     {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-relative-relative",
     "GET",
     "/example1/example2/../..",
     {},
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-dot-slash",
     "GET",
     "/./",
     {},
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-pointless-dot",
     "GET",
     "/./example",
     {},
     "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
    {"get-slash",
     "GET",
     "//",
     {},
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slashes",
     "GET",
     "//example//",
     {},
     "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
    {"get-space",
     "GET",
     "/example space/",
     {},
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"post-vanilla",
     "POST",
     "/",
     {},
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-vanilla-query",
     "POST",
     "/?Param1=value1",
     {},
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"post-header-key-sort",
     "POST",
     "/",
     {{"My-Header1", "value1"}},
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-header-value-case",
     "POST",
     "/",
     {{"My-Header1", "VALUE1"}},
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
};

OwnedRequest request_of(const SuiteCase& one) {
  OwnedRequest request{one.method, one.target, {{"Host", "example.amazonaws.com"}}, ""};
  request.add(one.headers);
  return request;
}

TEST(Signing, GivesTheSignaturesOfTheTestSuite) {
  for (const SuiteCase& one : kSuite) {
    const auto added = sign(kSuiteSigner, request_of(one).view(), kSuiteTime);
    ASSERT_EQ(added.size(), 2U);
    EXPECT_EQ(added[0], HeaderField("X-Amz-Date", "20150830T123600Z"));
    EXPECT_TRUE(added[1].second.ends_with(one.signature)) << one.name << ": " << added[1].second;
  }
}

TEST(Signing, WritesTheAuthorizationHeaderOfTheTestSuite) {
  EXPECT_EQ(sign(kSuiteSigner, request_of(kSuite[0]).view(), kSuiteTime)[1],
            HeaderField("Authorization",
                        "AWS4-HMAC-SHA256 "
                        "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                        "SignedHeaders=host;x-amz-date, Signature="
                        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"));
}

TEST(Verifying, AcceptsTheTestSuite) {
  const Verifier verifier(example_keys(), {"service", "us-east-1"});
  for (const SuiteCase& one : kSuite) {
    OwnedRequest request = request_of(one);
    request.add(sign(kSuiteSigner, request.view(), kSuiteTime));
    const auto verified = verifier.verify(request.view(), kSuiteTime);
    ASSERT_TRUE(verified) << one.name << ": " << verified.error().sentence;
    EXPECT_EQ(verified->key->id, kExampleId);
    EXPECT_EQ(verified->signed_at, kSuiteTime);
  }
}

TEST(Signing, LeavesOutWhatProxiesChangeAndTellsTheHashWhenAsked) {
  Signer signer = kSuiteSigner;
  signer.tell_content_hash = true;
  OwnedRequest request;
  request.add({{"User-Agent", "x"}, {"Connection", "close"}, {"X-Amz-Target", "AmazonSQS.Y"}});
  request.body = "body";
  const auto added = sign(signer, request.view(), kSuiteTime);
  ASSERT_EQ(added.size(), 3U);
  EXPECT_EQ(added[1], HeaderField("x-amz-content-sha256", sha256_hex("body")));
  EXPECT_NE(
      added[2].second.find("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-target, "),
      std::string::npos)
      << added[2].second;
}

struct PathCase {
  std::string_view path;
  std::string_view normalised;
  std::string_view verbatim;
};

TEST(CanonicalRequest, PathsFollowTheRuleOfTheService) {
  const PathCase cases[] = {
      {"", "/", "/"},
      {"/", "/", "/"},
      {"/a/b", "/a/b", "/a/b"},
      {"/a/", "/a/", "/a/"},
      {"//a//b", "/a/b", "//a//b"},
      {"/a/./b/../c", "/a/c", "/a/./b/../c"},
      {"/..", "/", "/.."},
      {"/a%20b", "/a%2520b", "/a%20b"},
      {"/a+b", "/a%2Bb", "/a%2Bb"},
      {"/a%2Fb", "/a%252Fb", "/a/b"},
      {"/a~b", "/a~b", "/a~b"},
      {"/%7ea", "/%257ea", "/~a"},
  };
  for (const PathCase& one : cases) {
    EXPECT_EQ(canonical_path(one.path, PathRule::kNormalised), one.normalised) << one.path;
    EXPECT_EQ(canonical_path(one.path, PathRule::kVerbatim), one.verbatim) << one.path;
  }
}

TEST(CanonicalRequest, QueriesThatReadTheSameAreTheSame) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},
      {"&&", ""},
      {"a", "a="},
      {"a=", "a="},
      {"=a", "=a"},
      {"b=1&a=2", "a=2&b=1"},
      {"a=2&a=10", "a=10&a=2"},
      {"a=x=y", "a=x%3Dy"},
      {"a=b+c", "a=b%20c"},
      {"a=b%20c", "a=b%20c"},
      {"a=b%2Bc", "a=b%2Bc"},
      {"a=%c3%a9", "a=%C3%A9"},
      {"a=\xc3\xa9", "a=%C3%A9"},
      {"a=%41", "a=A"},
      {"a=%", "a=%25"},
      {"a=%4", "a=%254"},
      {"a=%zz", "a=%25zz"},
      {"a=1&X-Amz-Signature=ff&b=2", "a=1&b=2"},
      {"a%20=1&a=1", "a=1&a%20=1"},
      {"B=1&a=1", "B=1&a=1"},
  };
  for (const auto& [query, expected] : cases) EXPECT_EQ(canonical_query(query), expected) << query;
}

}  // namespace
}  // namespace selvage::auth
