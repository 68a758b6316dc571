// SPDX-License-Identifier: Apache-2.0
// Requests that botocore signed (Debian's 1.29.27 and 1.43.11 give the same), at 2026-01-02
// 03:04:05 UTC for sqs in us-east-1 with the key of AWS's examples. They must verify, and not when
// altered.
#include <gtest/gtest.h>

#include "auth/signature_fixture.h"

namespace selvage::auth {
namespace {

const Instant kSignedAt = at("20260102T030405Z");

struct Vector {
  std::string_view name;
  OwnedRequest request;
};

// clang-format off
const Vector kVectors[] = {
    {"AWS JSON",
     {"POST",
      "/",
      {{"Host", "sqs.us-east-1.amazonaws.com"},
       {"X-Amz-Target", "AmazonSQS.SendMessage"},
       {"Content-Type", "application/x-amz-json-1.0"},
       {"User-Agent", "Boto3/1.26 agent"},
       {"X-Amz-Date", "20260102T030405Z"},
       {"Authorization", "AWS4-HMAC-SHA256 "
         "Credential=AKIDEXAMPLE/20260102/us-east-1/sqs/aws4_request, "
         "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
         "Signature=75cea58e91dcef97b0b302d512e88346d23d307ba0218138bdf05b30a84c1d00"}},
      "{\"QueueUrl\":\"http://localhost:9324/123456789012/orders\",\"MessageBody\":\"hello\"}"}},
    {"Query form to the path of the queue",
     {"POST",
      "/123456789012/orders",
      {{"Host", "localhost:9324"},
       {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
       {"X-Amz-Date", "20260102T030405Z"},
       {"Authorization", "AWS4-HMAC-SHA256 "
         "Credential=AKIDEXAMPLE/20260102/us-east-1/sqs/aws4_request, "
         "SignedHeaders=content-type;host;x-amz-date, "
         "Signature=5883e9fa74ec1c828183884922cffa78b214090b55b7f2ce8f7513faf088b518"}},
      "Action=SendMessage&MessageBody=a+b%2Bc&Version=2012-11-05"}},
    {"GET with unusual characters",
     {"GET",
      "/?Action=SendMessage&B=2&MessageBody=a%20b%2Bc%25%2F%3D%26~%C3%A9%0A&A=1&Empty=&B=10",
      {{"Host", "localhost:9324"},
       {"X-Amz-Date", "20260102T030405Z"},
       {"Authorization", "AWS4-HMAC-SHA256 "
         "Credential=AKIDEXAMPLE/20260102/us-east-1/sqs/aws4_request, "
         "SignedHeaders=host;x-amz-date, "
         "Signature=de14dd6908b1e115e3991439390cd3a1a0018a89d8d9c6131a6611ac95219229"}},
      ""}},
    {"Path with detours and escapes",
     {"POST",
      "/123456789012/./my%20queue/../o%2Fx//z/",
      {{"Host", "localhost:9324"},
       {"X-Amz-Date", "20260102T030405Z"},
       {"Authorization", "AWS4-HMAC-SHA256 "
         "Credential=AKIDEXAMPLE/20260102/us-east-1/sqs/aws4_request, "
         "SignedHeaders=host;x-amz-date, "
         "Signature=bca9ee7a8c475b3f18b3be88dd004384ec773b81259556db90a6e36cde0882d0"}},
      "Action=GetQueueAttributes"}},
    {"Date instead of X-Amz-Date",
     {"POST",
      "/",
      {{"Host", "localhost:9324"},
       {"Date", "Fri, 02 Jan 2026 03:04:05 -0000"},
       {"Authorization", "AWS4-HMAC-SHA256 "
         "Credential=AKIDEXAMPLE/20260102/us-east-1/sqs/aws4_request, "
         "SignedHeaders=date;host, "
         "Signature=791390b963a57cd0d2f8b65101740f03131f74189741dd9761b5c14e872e8938"}},
      "Action=ListQueues"}},
    {"Session token",
     {"POST",
      "/",
      {{"Host", "localhost:9324"},
       {"X-Amz-Date", "20260102T030405Z"},
       {"X-Amz-Security-Token", "a/session+token=="},
       {"Authorization", "AWS4-HMAC-SHA256 "
         "Credential=AKIDEXAMPLE/20260102/us-east-1/sqs/aws4_request, "
         "SignedHeaders=host;x-amz-date;x-amz-security-token, "
         "Signature=b2eee475c93a42cadaaceb92184e830b751ed4da67cd4183c55a30392dff95fc"}},
      "Action=ListQueues"}},
    {"Spaces within a header",
     {"POST",
      "/",
      {{"Host", "localhost:9324"},
       {"X-Amz-Meta", "  a   b\tc  "},
       {"Other", "\"x   y\""},
       {"X-Amz-Date", "20260102T030405Z"},
       {"Authorization", "AWS4-HMAC-SHA256 "
         "Credential=AKIDEXAMPLE/20260102/us-east-1/sqs/aws4_request, "
         "SignedHeaders=host;other;x-amz-date;x-amz-meta, "
         "Signature=c0806dfc80337a080de45c84124a0c511314f9bf866c8af6d81c49b9c80b750a"}},
      "Action=ListQueues"}},
    {"Presigned GET",
     {"GET",
      "/?Action=ListQueues&QueueNamePrefix=a%20b%2Bc%2Fd&Empty=&"
         "X-Amz-Algorithm=AWS4-HMAC-SHA256&"
         "X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fsqs%2Faws4_request&"
         "X-Amz-Date=20260102T030405Z&"
         "X-Amz-Expires=900&"
         "X-Amz-SignedHeaders=host&"
         "X-Amz-Signature=38ca94db66285ec7c78f5033558af144ece4e67707075fe57f74f948bf88674c",
      {{"Host", "localhost:9324"}},
      ""}},
    {"Presigned GET with a session token",
     {"GET",
      "/123456789012/orders?Action=ReceiveMessage&"
         "X-Amz-Algorithm=AWS4-HMAC-SHA256&"
         "X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fsqs%2Faws4_request&"
         "X-Amz-Date=20260102T030405Z&"
         "X-Amz-Expires=900&"
         "X-Amz-SignedHeaders=host&"
         "X-Amz-Security-Token=a%2Fsession%2Btoken%3D%3D&"
         "X-Amz-Signature=40c2eb792f11806c97f54fff763802a943fe07edd180cf4d74c021b25dfbc881",
      {{"Host", "sqs.us-east-1.amazonaws.com"}},
      ""}},
    {"Presigned POST whose form moved into the query",
     {"POST",
      "/123456789012/orders?Action=SendMessage&MessageBody=two%20words%20%26%20a%2B&"
         "X-Amz-Algorithm=AWS4-HMAC-SHA256&"
         "X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fsqs%2Faws4_request&"
         "X-Amz-Date=20260102T030405Z&"
         "X-Amz-Expires=900&"
         "X-Amz-SignedHeaders=host&"
         "X-Amz-Signature=73a5bd3d93ae553014138d59e7f909f34f69a34aaf5c99459b0e36e07eb4d782",
      {{"Host", "localhost:9324"}},
      ""}},
};
// clang-format on

bool is_link(const OwnedRequest& request) {
  return request.target.find("X-Amz-Signature") != std::string::npos;
}

TEST(Botocore, SignaturesVerify) {
  const Verifier verifier(example_keys(), {"sqs", "us-east-1"});
  for (const Vector& one : kVectors) {
    const auto verified = verifier.verify(one.request.view(), kSignedAt);
    ASSERT_TRUE(verified) << one.name << ": " << verified.error().sentence;
    EXPECT_EQ(verified->key->user(), "ann");
    EXPECT_EQ(verified->presigned, is_link(one.request)) << one.name;
  }
}

TEST(Botocore, SignaturesDoNotVerifyOnceAnythingIsAltered) {
  const Verifier verifier(example_keys(), {"sqs", "us-east-1"});
  const auto refused = [&](const OwnedRequest& request) {
    const auto verified = verifier.verify(request.view(), kSignedAt);
    return !verified && verified.error().fault == SignatureFault::kMismatch;
  };
  for (const Vector& one : kVectors) {
    OwnedRequest altered = one.request;
    altered.body += " ";
    EXPECT_TRUE(refused(altered)) << one.name << ": body";
    altered = one.request;
    altered.method = "PUT";
    EXPECT_TRUE(refused(altered)) << one.name << ": method";
    altered = one.request;
    altered.value("Host") = "elsewhere";
    EXPECT_TRUE(refused(altered)) << one.name << ": host";
    altered = one.request;
    altered.target += altered.target.find('?') == std::string::npos ? "?x" : "&x";
    EXPECT_TRUE(refused(altered)) << one.name << ": query";
    altered = one.request;
    altered.target.insert(0, "/x");
    EXPECT_TRUE(refused(altered)) << one.name << ": path";
    altered = one.request;
    altered.add({{"X-Amz-Target", "AmazonSQS.DeleteQueue"}});
    EXPECT_TRUE(refused(altered)) << one.name << ": another action";
  }
}

TEST(Botocore, OurOwnSignatureOfTheSameRequestIsTheSame) {
  for (const Vector& one : kVectors) {
    if (is_link(one.request) || one.request.view().header("date")) continue;
    OwnedRequest bare = one.request;
    const std::string theirs = bare.value("Authorization");
    bare.remove("Authorization");
    bare.remove("X-Amz-Date");
    const auto ours =
        sign({kExampleId, kExampleSecret, "us-east-1", "sqs"}, bare.view(), kSignedAt);
    EXPECT_EQ(ours.back().second, theirs) << one.name;
  }
}

}  // namespace
}  // namespace selvage::auth
