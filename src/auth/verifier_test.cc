// SPDX-License-Identifier: Apache-2.0
#include "auth/verifier.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "auth/digest.h"
#include "auth/signature_fixture.h"
#include "base/clock.h"

namespace selvage::auth {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const Instant kNow = at("20260101T001500Z");
constexpr Signer kSigner{kExampleId, kExampleSecret, "us-east-1", "sqs"};
constexpr std::string_view kMismatchSentence =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing method. Consult the service documentation for details.";

OwnedRequest signed_request(Instant when = kNow, const Signer& signer = kSigner) {
  OwnedRequest request;
  request.target = "/?Param=a%20b&Empty=";
  request.body = R"({"QueueName":"orders"})";
  request.add({{"X-Amz-Target", "AmazonSQS.CreateQueue"}, {"Content-Type", "text/x"}});
  request.add(sign(signer, request.view(), when));
  return request;
}

OwnedRequest link(std::string method, Duration lifetime, Instant when = kNow) {
  OwnedRequest request;
  request.method = std::move(method);
  request.target = "/000000000000/orders?Action=SendMessage&MessageBody=a%20b%2Bc";
  request.body = request.method == "POST" ? "Action=SendMessage" : "";
  request.target = presign(kSigner, request.view(), when, lifetime);
  return request;
}

// What the verifier of `sqs` in us-east-1 says: "" or the sentence. Also gives the fault.
struct Answer {
  std::optional<SignatureFault> fault;
  std::string sentence;
};
Answer ask(const OwnedRequest& request, Instant now = kNow) {
  static const Verifier verifier(example_keys(), {"sqs", "us-east-1"});
  const auto verified = verifier.verify(request.view(), now);
  if (verified) return {};
  return {verified.error().fault, verified.error().sentence};
}

struct Alteration {
  std::string_view what;
  std::function<void(OwnedRequest&)> alter;
  std::optional<SignatureFault> fault;  // none: still verifies
  std::string_view sentence;            // empty: any
};

TEST(Verifier, KnowsWhatMayChangeOnTheWayAndWhatMayNot) {
  using enum SignatureFault;
  const Alteration cases[] = {
      {"nothing", [](OwnedRequest&) {}, {}, ""},
      {"a body of the same length", [](OwnedRequest& r) { r.body[3] = 'q'; }, kMismatch,
       kMismatchSentence},
      {"no body", [](OwnedRequest& r) { r.body.clear(); }, kMismatch, ""},
      {"method", [](OwnedRequest& r) { r.method = "GET"; }, kMismatch, ""},
      {"path", [](OwnedRequest& r) { r.target.insert(0, "/x"); }, kMismatch, ""},
      {"a path that means the same",
       [](OwnedRequest& r) { r.target.insert(0, "/x/../."); },
       {},
       ""},
      {"query value", [](OwnedRequest& r) { r.target = "/?Param=a%20c&Empty="; }, kMismatch, ""},
      {"query value dropped", [](OwnedRequest& r) { r.target = "/?Param=a%20b"; }, kMismatch, ""},
      {"space as +", [](OwnedRequest& r) { r.target = "/?Param=a+b&Empty="; }, {}, ""},
      {"space as the character +", [](OwnedRequest& r) { r.target = "/?Param=a%2Bb&Empty="; },
       kMismatch, ""},
      {"order of the query", [](OwnedRequest& r) { r.target = "/?Empty&Param=a%20b"; }, {}, ""},
      {"signed header", [](OwnedRequest& r) { r.value("content-type") = "text/y"; }, kMismatch, ""},
      {"signed header gone", [](OwnedRequest& r) { r.remove("content-type"); }, kMismatch, ""},
      {"signed header twice", [](OwnedRequest& r) { r.add({{"Content-Type", "text/x"}}); },
       kMismatch, ""},
      {"case of a header's name",
       [](OwnedRequest& r) {
         r.remove("Content-Type");
         r.add({{"CONTENT-TYPE", " text/x "}});
       },
       {},
       ""},
      {"unsigned header added", [](OwnedRequest& r) { r.add({{"Via", "proxy"}}); }, {}, ""},
      {"another action", [](OwnedRequest& r) { r.value("x-amz-target") = "AmazonSQS.DeleteQueue"; },
       kMismatch, ""},
      {"a second action", [](OwnedRequest& r) { r.add({{"X-Amz-Target", "AmazonSQS.X"}}); },
       kMismatch, ""},
      {"an x-amz- header added", [](OwnedRequest& r) { r.add({{"x-amz-Extra", "1"}}); }, kMismatch,
       "'x-amz-extra' must be a 'SignedHeader' in the AWS Authorization."},
      {"host", [](OwnedRequest& r) { r.value("host") = "elsewhere:1"; }, kMismatch, ""},
      {"host gone", [](OwnedRequest& r) { r.remove("host"); }, kMismatch,
       "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
      {"time", [](OwnedRequest& r) { r.value("x-amz-date") = "20260101T001501Z"; }, kMismatch, ""},
      {"a second time", [](OwnedRequest& r) { r.add({{"X-Amz-Date", "20260101T001500Z"}}); },
       kIncomplete, ""},
      {"one digit of the signature",
       [](OwnedRequest& r) {
         char& last = r.value("authorization").back();
         last = last == '0' ? '1' : '0';
       },
       kMismatch, kMismatchSentence},
      {"a longer signature", [](OwnedRequest& r) { r.value("authorization") += "0"; }, kMismatch,
       ""},
  };
  for (const Alteration& one : cases) {
    OwnedRequest request = signed_request();
    one.alter(request);
    const Answer answer = ask(request);
    EXPECT_EQ(answer.fault, one.fault) << one.what << ": " << answer.sentence;
    if (!one.sentence.empty()) {
      EXPECT_EQ(answer.sentence, one.sentence) << one.what;
    }
  }
}

struct AuthorizationCase {
  std::string_view from;  // a part of the header, replaced
  std::string_view to;
  std::optional<SignatureFault> fault;
  std::string_view sentence;
};

TEST(Verifier, ReadsTheAuthorizationHeaderStrictly) {
  using enum SignatureFault;
  const AuthorizationCase cases[] = {
      {", SignedHeaders", ",SignedHeaders", {}, ""},
      {", SignedHeaders", "  ,   SignedHeaders", {}, ""},
      {"AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256   ", {}, ""},
      {"AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512", kIncomplete,
       "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'."},
      {"AWS4-HMAC-SHA256", "Basic", kIncomplete, "Unsupported AWS 'algorithm': 'Basic'."},
      {"Credential=", "Kredential=", kIncomplete,
       "Authorization header requires 'Credential' parameter. Authorization=AWS4-HMAC-SHA256"},
      {"Signature=", "Signatur=", kIncomplete,
       "Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256"},
      {", SignedHeaders=", ", Signature=00, SignedHeaders=", kIncomplete,
       "Authorization header has more than one 'Signature' parameter."},
      {"Credential=", "Credential", kIncomplete, ""},
      {"host;", "", kMismatch,
       "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
      {";x-amz-date", "", kMismatch,
       "'x-amz-date' must be a 'SignedHeader' in the AWS Authorization."},
      {";x-amz-target", "", kMismatch,
       "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization."},
      {"/aws4_request", "", kIncomplete,
       "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/"
       "term, got 'AKIDEXAMPLE/20260101/us-east-1/sqs'"},
      {"/aws4_request", "/aws5", kWrongScope,
       "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5'."},
      {"us-east-1", "eu-west-9", kWrongScope,
       "Credential should be scoped to a valid region, not 'eu-west-9'."},
      {"/sqs/", "/sns/", kWrongScope, "Credential should be scoped to correct service: 'sqs'."},
      {"/20260101/", "/20251231/", kWrongScope,
       "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
       "'20251231' != '20260101', from '20260101T001500Z'."},
      {"AKIDEXAMPLE", "AKIDNOBODY", kUnknownKey,
       "The security token included in the request is invalid."},
      {"AKIDEXAMPLE", "AKIDOTHER", kMismatch, kMismatchSentence},
      {"AKIDEXAMPLE", "", kUnknownKey, ""},
  };
  for (const AuthorizationCase& one : cases) {
    OwnedRequest request = signed_request();
    std::string& header = request.value("authorization");
    header = replaced(header, one.from, one.to);
    const Answer answer = ask(request);
    EXPECT_EQ(answer.fault, one.fault) << one.to << ": " << answer.sentence;
    if (!one.sentence.empty()) {
      EXPECT_EQ(answer.sentence, one.sentence);
    }
  }
}

TEST(Verifier, EndlessListsOfSignedHeadersAreRefusedEarly) {
  OwnedRequest request = signed_request();
  std::string many = "SignedHeaders=";
  for (int i = 0; i < 200; ++i) many += "h" + std::to_string(i) + ";";
  std::string& header = request.value("authorization");
  header = replaced(header, "SignedHeaders=", many);
  EXPECT_EQ(ask(request).fault, SignatureFault::kIncomplete);
}

TEST(Verifier, TellsARequestWithoutSignatureFromABadOne) {
  OwnedRequest request = signed_request();
  request.remove("authorization");
  const Answer answer = ask(request);
  EXPECT_EQ(answer.fault, SignatureFault::kMissingToken);
  EXPECT_EQ(answer.sentence, "Request is missing Authentication Token");
}

TEST(Verifier, RefusesTwoIdentitiesAtOnce) {
  OwnedRequest twice = signed_request();
  twice.add({{"Authorization", twice.value("authorization")}});
  EXPECT_EQ(ask(twice).fault, SignatureFault::kIncomplete);
  OwnedRequest both = link("GET", minutes(5));
  both.add(sign(kSigner, both.view(), kNow));
  EXPECT_EQ(ask(both).fault, SignatureFault::kMismatch);
}

TEST(Verifier, ARequestWithoutATimeSaysSo) {
  OwnedRequest request = signed_request();
  request.remove("x-amz-date");
  EXPECT_EQ(ask(request).sentence,
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
            "Authorization=AWS4-HMAC-SHA256");
  request.add({{"Date", "yesterday"}});
  EXPECT_EQ(ask(request).sentence,
            "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See "
            "http://en.wikipedia.org/wiki/ISO_8601");
}

TEST(Verifier, AClockMayBeAQuarterOfAnHourOff) {
  const OwnedRequest request = signed_request();
  EXPECT_EQ(ask(request, kNow + minutes(15)).fault, std::nullopt);
  EXPECT_EQ(ask(request, kNow + minutes(15) + std::chrono::milliseconds(999)).fault, std::nullopt);
  EXPECT_EQ(ask(request, kNow + minutes(15) + seconds(1)).fault, SignatureFault::kExpired);
  EXPECT_EQ(ask(request, kNow - minutes(15)).fault, std::nullopt);
  const Answer late = ask(signed_request(at("20260101T000000Z")), at("20260101T003000Z"));
  EXPECT_EQ(late.fault, SignatureFault::kExpired);
  EXPECT_EQ(late.sentence,
            "Signature expired: 20260101T000000Z is now earlier than 20260101T001500Z "
            "(20260101T003000Z - 15 min.)");
  const Answer early = ask(request, kNow - minutes(15) - seconds(1));
  EXPECT_EQ(early.fault, SignatureFault::kNotYetCurrent);
  EXPECT_EQ(early.sentence,
            "Signature not yet current: 20260101T001500Z is still later than 20260101T001459Z "
            "(20251231T235959Z + 15 min.)");
}

TEST(Verifier, TheHashOfTheBodyMustBeTrueWhereItIsTold) {
  Signer telling = kSigner;
  telling.tell_content_hash = true;
  EXPECT_EQ(ask(signed_request(kNow, telling)).fault, std::nullopt);
  for (const std::string& told : {std::string("UNSIGNED-PAYLOAD"), sha256_hex("another body")}) {
    OwnedRequest request;
    request.body = "body";
    request.add({{"X-Amz-Content-Sha256", told}});
    request.add(sign(kSigner, request.view(), kNow));
    EXPECT_EQ(ask(request).fault, SignatureFault::kMismatch) << told;
  }
}

TEST(Verifier, ALinkLivesAsLongAsItSays) {
  for (const std::string method : {"GET", "POST"}) {
    const OwnedRequest request = link(method, minutes(60));
    EXPECT_EQ(ask(request).fault, std::nullopt) << ask(request).sentence;
    EXPECT_EQ(ask(request, kNow + minutes(60)).fault, std::nullopt);
    EXPECT_EQ(ask(request, kNow - minutes(15)).fault, std::nullopt);
    EXPECT_EQ(ask(request, kNow - minutes(16)).fault, SignatureFault::kNotYetCurrent);
    const Answer late = ask(request, kNow + minutes(61));
    EXPECT_EQ(late.fault, SignatureFault::kExpired);
    EXPECT_EQ(late.sentence,
              "Signature expired: 20260101T001500Z is now earlier than 20260101T001600Z "
              "(20260101T011600Z - 60 min.)");
  }
}

struct LinkCase {
  std::string_view from;
  std::string_view to;
  std::optional<SignatureFault> fault;
  std::string_view sentence;
};

TEST(Verifier, ReadsALinkStrictly) {
  using enum SignatureFault;
  const LinkCase cases[] = {
      {"a%20b%2Bc", "a+b%2Bc", {}, ""},
      {"a%20b%2Bc", "a%20b+c", kMismatch, kMismatchSentence},
      {"SendMessage", "DeleteQueue", kMismatch, ""},
      {"/orders?", "/others?", kMismatch, ""},
      {"X-Amz-Expires=600", "X-Amz-Expires=601", kMismatch, ""},
      {"X-Amz-Expires=600", "X-Amz-Expires=604801", kIncomplete,
       "X-Amz-Expires must be a number of seconds from 1 to 604800. Got '604801'."},
      {"X-Amz-Expires=600", "X-Amz-Expires=0", kIncomplete, ""},
      {"X-Amz-Expires=600", "X-Amz-Expires=-1", kIncomplete, ""},
      {"X-Amz-Expires=600", "X-Amz-Expires=6e2", kIncomplete, ""},
      {"X-Amz-Expires=600", "X-Amz-Expires=600&X-Amz-Expires=900", kIncomplete,
       "AWS query-string parameters must include 'X-Amz-Expires' only once. Re-examine the "
       "query-string parameters."},
      {"X-Amz-Signature=", "X-Amz-Sig=", kIncomplete,
       "AWS query-string parameters must include 'X-Amz-Signature'. Re-examine the query-string "
       "parameters."},
      {"X-Amz-Credential=", "Other=", kIncomplete, ""},
      {"X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=via", kMismatch, ""},
      {"X-Amz-Date=2026", "X-Amz-Date=26", kIncomplete, ""},
      {"AWS4-HMAC-SHA256", "AWS4-HMAC", kIncomplete, "Unsupported AWS 'algorithm': 'AWS4-HMAC'."},
      {"X-Amz-Algorithm=", "Algorithm=", kMissingToken, ""},
      {"%2Fsqs%2F", "%2Fs3%2F", kWrongScope, ""},
      {"AKIDEXAMPLE", "AKIDNOBODY", kUnknownKey, ""},
  };
  for (const LinkCase& one : cases) {
    OwnedRequest request = link("GET", minutes(10));
    request.target = replaced(request.target, one.from, one.to);
    const Answer answer = ask(request);
    EXPECT_EQ(answer.fault, one.fault) << one.to << ": " << answer.sentence;
    if (!one.sentence.empty()) {
      EXPECT_EQ(answer.sentence, one.sentence);
    }
  }
}

TEST(Verifier, ALinkCoversTheBody) {
  OwnedRequest request = link("POST", minutes(10));
  request.body += "&MessageBody=another";
  EXPECT_EQ(ask(request).fault, SignatureFault::kMismatch);
}

TEST(Verifier, ALinkWithoutALifetimeLivesAsLongAsAHeader) {
  OwnedRequest request;
  request.method = "GET";
  const Scope scope{"20260101", "us-east-1", "sqs"};
  request.target =
      "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260101%2Fus-east-1%2Fsqs"
      "%2Faws4_request&X-Amz-Date=20260101T001500Z&X-Amz-SignedHeaders=host";
  const std::vector<std::string> names = {"host"};
  request.target +=
      "&X-Amz-Signature=" + signature_of(signing_key(kExampleSecret, scope), scope, kNow,
                                         canonical_request(request.view(), names, sha256_hex("")));
  EXPECT_EQ(ask(request, kNow + minutes(15)).fault, std::nullopt);
  EXPECT_EQ(ask(request, kNow + minutes(16)).fault, SignatureFault::kExpired);
}

TEST(Verifier, TakesAnyRegionWhereNoneIsItsOwn) {
  const Verifier anywhere(example_keys(), {"sqs", ""});
  Signer signer = kSigner;
  for (const std::string_view region : {"us-east-1", "eu-central-1", "local", ""}) {
    signer.region = region;
    EXPECT_TRUE(anywhere.verify(signed_request(kNow, signer).view(), kNow)) << region;
  }
}

TEST(Verifier, AKeptSigningKeyServesItsOwnDayAndKeyOnly) {
  const Verifier verifier(example_keys(), {"sqs", "us-east-1"});
  const Instant tomorrow = kNow + std::chrono::days(1);
  constexpr Signer kOther{"AKIDOTHER", "another secret", "us-east-1", "sqs"};
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(verifier.verify(signed_request().view(), kNow));
    EXPECT_TRUE(verifier.verify(signed_request(tomorrow).view(), tomorrow));
    EXPECT_TRUE(verifier.verify(signed_request(kNow, kOther).view(), kNow));
  }
  constexpr Signer kThief{"AKIDEXAMPLE", "another secret", "us-east-1", "sqs"};
  EXPECT_FALSE(verifier.verify(signed_request(kNow, kThief).view(), kNow));
}

TEST(Verifier, ManyThreadsMayAskAtOnce) {
  const Verifier verifier(example_keys(), {"sqs", ""});
  std::atomic<int> verified = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&verifier, &verified, i] {
      Signer signer = kSigner;
      for (int round = 0; round < 50; ++round) {
        const std::string region = "region-" + std::to_string((i + round) % 7);
        signer.region = region;
        verified += verifier.verify(signed_request(kNow, signer).view(), kNow).has_value() ? 1 : 0;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(verified, 200);
}

// Bytes of anyone's choice: no crash, and nothing that was not signed gets through.
TEST(Verifier, EndlessNoiseNeverVerifies) {
  constexpr std::string_view kPieces[] = {"AWS4-HMAC-SHA256",
                                          "X-Amz-Algorithm=",
                                          "Credential=",
                                          "Signature=",
                                          ";",
                                          ",",
                                          "/",
                                          "%",
                                          "%2",
                                          "&",
                                          "=",
                                          "?",
                                          std::string_view("\0x", 2),
                                          "\xff",
                                          "host",
                                          "..",
                                          "+",
                                          " "};
  SeededRandom random(20260101);
  for (int round = 0; round < 5'000; ++round) {
    OwnedRequest request = round % 2 == 0 ? signed_request() : link("GET", minutes(10));
    std::string& place = round % 2 == 0 ? request.value("authorization") : request.target;
    const std::string before = place;
    for (uint64_t edits = random.next() % 4 + 1; edits > 0; --edits) {
      const size_t where = random.next() % (place.size() + 1);
      const size_t length = random.next() % 8;
      place.replace(where, length, kPieces[random.next() % std::size(kPieces)]);
    }
    const bool verified = !ask(request).fault.has_value();
    const auto query = [](std::string_view target) {
      return canonical_query(cut(target, '?').second);
    };
    // An edit that the canonical form does not see changes nothing that was signed.
    if (verified && round % 2 == 1) {
      EXPECT_EQ(query(place), query(before)) << place;
    }
  }
}

}  // namespace
}  // namespace selvage::auth
