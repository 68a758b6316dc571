// SPDX-License-Identifier: Apache-2.0
// Keys of sessions: whoever signs with one works in that session, until it ends.
#include "sqs/session_keys.h"

#include <fmt/format.h>

#include "auth/sigv4.h"
#include "sqs/api_fixture.h"

namespace selvage::sqs {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

TEST(SessionKeys, IdIsTheSessionsAndIsReadBack) {
  const SessionId session{0x0123456789abcdef};
  EXPECT_EQ(SessionKeys::id_of(session), "SELVAGESESSION0123456789ABCDEF");
  EXPECT_EQ(SessionKeys::session_of("SELVAGESESSION0123456789ABCDEF"), session);
  for (const char* other :
       {"", "AKIAIOSFODNN7EXAMPLE", "SELVAGE0123456789012345", "SELVAGESESSION0123456789abcdef",
        "SELVAGESESSION0123456789ABCDE", "SELVAGESESSION0123456789ABCDEF0",
        "SELVAGESESSION+123456789ABCDEF", "SELVAGESESSION 123456789ABCDEF"})
    EXPECT_EQ(SessionKeys::session_of(other), std::nullopt) << other;
}

TEST(SessionKeys, SecretIsTheSameForEachServerWithTheSameSecretOnly) {
  const SessionKeys keys("one", {}), again("one", {}), other("two", {});
  const std::string id = SessionKeys::id_of(SessionId{7});
  EXPECT_EQ(keys.secret_of(id), again.secret_of(id));
  EXPECT_NE(keys.secret_of(id), other.secret_of(id));
  EXPECT_NE(keys.secret_of(id), keys.secret_of(SessionKeys::id_of(SessionId{8})));
  EXPECT_EQ(keys.secret_of(id).size(), 64u);
}

TEST(SessionKeys, EndOfAnOldConnectionLeavesAResumedSession) {
  SessionKeys keys("secret", {});
  const std::string id = keys.opened({SessionId{7}, 1}, {}, {})->id;
  keys.opened({SessionId{7}, 2}, {}, {});
  keys.ended(SessionId{7}, 1);
  ASSERT_NE(keys.find(id), nullptr);
  keys.ended(SessionId{7}, 2);
  EXPECT_EQ(keys.find(id), nullptr);
}

TEST(SessionKeys, SoonAfterTheStartASessionMayStillComeBack) {
  const Instant start = from_micros(1'700'000'000'000'000);
  const SessionKeys keys("secret", start);
  const std::string id = SessionKeys::id_of(SessionId{7});
  EXPECT_TRUE(keys.may_return(id, start + seconds(5)));
  EXPECT_FALSE(keys.may_return(id, start + SessionKeys::kReturnTime));
  EXPECT_FALSE(keys.may_return("AKIA", start));
}

// ---- through the endpoint

struct Key {
  std::string session, id, secret;
};

class KeyedSessions : public ApiTest {
 protected:
  KeyedSessions() {
    create("in");
    create("out");
    create("other");
  }

  Key key_from(const Answer& answer) const {
    EXPECT_EQ(answer.status, 200) << answer.body;
    return {answer["SessionId"], answer["AccessKeyId"], answer["SecretAccessKey"]};
  }
  Answer open(const std::string& rest = "") {
    return ours("OpenSession", R"({"KeyForQueueUrl":"in")" + rest + "}");
  }
  // With a signature, as every SDK sends it.
  Answer as(const Key& key, const std::string& target, const std::string& json) {
    http::Request r = request(target, json);
    const auto added = auth::sign({key.id, key.secret, "us-east-1", "sqs"},
                                  {r.method, r.target, r.headers, r.body}, SystemClock().now());
    r.headers.insert(r.headers.end(), added.begin(), added.end());
    return send(r);
  }
  Answer receive_as(const Key& key, const std::string& rest = "") {
    return as(key, "AmazonSQS.ReceiveMessage", R"({"QueueUrl":"in")" + rest + "}");
  }
  Answer delete_as(const Key& key, const std::string& handle) {
    return as(key, "AmazonSQS.DeleteMessage",
              fmt::format(R"({{"QueueUrl":"in","ReceiptHandle":"{}"}})", handle));
  }
  static Key other_secret(Key key) {
    key.secret = "guessed";
    return key;
  }
};

TEST_F(KeyedSessions, OpenSessionTellsTheKeyAndWhereToAsk) {
  const Answer answer = open();
  EXPECT_THAT(answer["AccessKeyId"], testing::StartsWith("SELVAGESESSION"));
  EXPECT_EQ(answer["Region"], "us-east-1");
  EXPECT_EQ(answer["Account"], "000000000000");
  EXPECT_EQ(ours("OpenSession", "{}")["AccessKeyId"], "") << "nobody has asked for it";
}

TEST_F(KeyedSessions, LeaseTakenWithTheKeyEndsWithTheConnectionOfTheSession) {
  send_body("in", "m");
  const Key key = key_from(open());
  EXPECT_THAT(receive_as(key).body, HasSubstr(R"("Body":"m")"));
  EXPECT_EQ(backend_.last<queue::Receive>().session, *SessionKeys::session_of(key.id));
  EXPECT_EQ(waiting_in("in"), 0);
  connection_->close();
  EXPECT_EQ(waiting_in("in"), 1);
}

TEST_F(KeyedSessions, KeyOfAnEndedSessionIsVoidAndItsReceiptsDeleteNothing) {
  send_body("in", "m");
  const Key key = key_from(open());
  const std::string handle = receive_as(key)["ReceiptHandle"];
  connection_->close();
  const Answer refused = receive_as(key);
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("its session has ended"));
  EXPECT_EQ(delete_as(key, handle).status, 403);
  amazon("DeleteMessage", fmt::format(R"({{"QueueUrl":"in","ReceiptHandle":"{}"}})", handle));
  EXPECT_EQ(waiting_in("in"), 1);
}

TEST_F(KeyedSessions, DeleteWithTheKeySettlesTheLease) {
  send_body("in", "m");
  const Key key = key_from(open());
  EXPECT_EQ(delete_as(key, receive_as(key)["ReceiptHandle"]).status, 200);
  connection_->close();
  EXPECT_EQ(waiting_in("in"), 0);
}

TEST_F(KeyedSessions, ReceiveThatNamesNoTimeHasThatOfTheSession) {
  const Key key = key_from(open(R"(,"VisibilityTimeoutMs":61500)"));
  receive_as(key);
  EXPECT_EQ(backend_.last<queue::Receive>().visibility, std::chrono::milliseconds(61'500));
  receive_as(key, R"(,"VisibilityTimeout":7)");
  EXPECT_EQ(backend_.last<queue::Receive>().visibility, seconds(7));
}

TEST_F(KeyedSessions, OrderlyGoodbyeVoidsTheKeyAndBurnsNothing) {
  send_body("in", "m");
  const Key key = key_from(open());
  receive_as(key);
  ours("CloseSession", R"({"SessionId":")" + key.session + "\"}");
  EXPECT_EQ(receive_as(key).status, 403);
  const std::string session = open_session();
  EXPECT_THAT(ours("Receive", R"({"QueueUrl":"in","SessionId":")" + session + "\"}").body,
              HasSubstr(R"("Failed":0)"));
}

TEST_F(KeyedSessions, GoodbyeWithEvidenceIsADeath) {
  send_body("in", "m");
  const Key key = key_from(open());
  receive_as(key);
  ours("CloseSession", R"({"SessionId":")" + key.session + R"(","Evidence":{"cause":"signal 9"}})");
  const auto& close = backend_.last<queue::CloseSession>();
  EXPECT_FALSE(close.orderly);
  EXPECT_EQ(close.evidence, R"({"cause":"signal 9"})");
  const std::string session = open_session();
  EXPECT_THAT(ours("Receive", R"({"QueueUrl":"in","SessionId":")" + session + "\"}").body,
              HasSubstr(R"("Failed":1)"));
}

TEST_F(KeyedSessions, ResumedSessionKeepsItsKeyAndAllItsLeases) {
  send_body("in", "m");
  const Key key = key_from(open());
  const std::string handle = receive_as(key)["ReceiptHandle"];
  const auto first = connection_;
  connection_ = std::make_shared<FakeConnection>();
  const Key again = key_from(open(R"(,"SessionId":")" + key.session + "\""));
  EXPECT_EQ(again.id, key.id);
  EXPECT_EQ(again.secret, key.secret);
  first->close();
  EXPECT_EQ(waiting_in("in"), 0) << "nobody has said what it holds";
  EXPECT_EQ(delete_as(key, handle).status, 200);
}

TEST_F(KeyedSessions, SoonAfterAStartAnUnknownSessionIsAskedToTryAgain) {
  const Key key = key_from(open());
  SessionKeys fresh("a secret of the server", SystemClock().now());
  const Guard guard(backend_, identity_, &fresh);
  Api api({backend_, identity_, guard});
  http::Request r = request("AmazonSQS.ReceiveMessage", R"({"QueueUrl":"in"})");
  r.headers.emplace_back("Authorization", "AWS4-HMAC-SHA256 Credential=" + key.id + "/20260101/x");
  sink_ = std::make_shared<FakeSink>(connection_);
  api.handle(r, connection_, http::Responder(sink_));
  EXPECT_EQ(answer().status, 503);
}

TEST_F(KeyedSessions, PresignedLinkNamesItsSessionToo) {
  const Key key = key_from(open());
  http::Request r = request("AmazonSQS.ReceiveMessage", R"({"QueueUrl":"in"})");
  r.target = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + key.id + "%2F20260101%2Fx";
  send(r);
  EXPECT_EQ(backend_.last<queue::Receive>().session, *SessionKeys::session_of(key.id));
}

TEST_F(KeyedSessions, ServerThatGivesNoKeysSaysSo) {
  const Guard guard(backend_, identity_);
  Api api({backend_, identity_, guard});
  sink_ = std::make_shared<FakeSink>(connection_);
  api.handle(request("Selvage.OpenSession", R"({"KeyForQueueUrl":"in"})"), connection_,
             http::Responder(sink_));
  EXPECT_EQ(answer().error(), "UnsupportedOperation");
}

TEST_F(KeyedSessions, WrongVisibilityIsRefused) {
  EXPECT_EQ(open(R"(,"VisibilityTimeoutMs":0)").status, 400);
  EXPECT_EQ(open(R"(,"VisibilityTimeoutMs":43200001)").status, 400);
}

// ---- where callers have to sign

class SignedSessions : public KeyedSessions {
 protected:
  SignedSessions() {
    auto keyring = auth::Keyring::make({
        {"AKIARUNTIME", "s", "runtime", "", {{{"*"}, {"*"}}}},
        {"AKIANARROW",
         "s",
         "",
         "",
         {{{"Selvage.*"}, {"*"}},
          {{"ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"}, {"in"}},
          {{"SendMessage"}, {"out"}}}},
        {"AKIASENDER", "s", "", "", {{{"Selvage.*", "SendMessage"}, {"*"}}}},
    });
    guard_.use(
        std::make_shared<const auth::Verifier>(*std::move(keyring), auth::Verifier::Options{}));
  }
  Answer open_as(const std::string& opener) {
    return as({.session = {}, .id = opener, .secret = "s"}, "Selvage.OpenSession",
              R"({"KeyForQueueUrl":"in"})");
  }
  Answer send_as(const Key& key, const std::string& queue) {
    return as(key, "AmazonSQS.SendMessage",
              fmt::format(R"({{"QueueUrl":"{}","MessageBody":"b"}})", queue));
  }
};

TEST_F(SignedSessions, KeyWorksOnItsQueueAndSendsAnywhereItsOpenerMay) {
  const Key key = key_from(open_as("AKIARUNTIME"));
  EXPECT_EQ(send_as(key, "in").status, 200);
  EXPECT_EQ(send_as(key, "out").status, 200);
  const std::string handle = receive_as(key)["ReceiptHandle"];
  EXPECT_EQ(delete_as(key, handle).status, 200);
  for (const char* denied : {"AmazonSQS.ReceiveMessage", "AmazonSQS.PurgeQueue"})
    EXPECT_EQ(as(key, denied, R"({"QueueUrl":"out"})").error(), "AccessDeniedException") << denied;
  for (const char* denied : {"AmazonSQS.PurgeQueue", "AmazonSQS.DeleteQueue"})
    EXPECT_EQ(as(key, denied, R"({"QueueUrl":"in"})").status, 403) << denied;
  EXPECT_EQ(as(key, "Selvage.OpenSession", "{}").status, 403);
  EXPECT_EQ(as(key, "AmazonSQS.ListQueues", "{}").status, 403);
}

TEST_F(SignedSessions, KeyNeverMayWhatItsOpenerMayNot) {
  const Key key = key_from(open_as("AKIANARROW"));
  EXPECT_EQ(send_as(key, "out").status, 200);
  EXPECT_EQ(send_as(key, "other").status, 403);
  EXPECT_EQ(open_as("AKIASENDER").error(), "AccessDeniedException")
      << "who may not receive cannot give that away";
}

TEST_F(SignedSessions, IdAloneIsNotEnough) {
  const Key key = key_from(open_as("AKIARUNTIME"));
  EXPECT_EQ(receive_as(other_secret(key)).error(), "InvalidSignatureException");
  http::Request r = request("AmazonSQS.ReceiveMessage", R"({"QueueUrl":"in"})");
  r.headers.emplace_back("Authorization", "AWS4-HMAC-SHA256 Credential=" + key.id + "/20260101/x");
  EXPECT_EQ(send(r).status, 400);
}

TEST_F(SignedSessions, KeyIsVoidOnceItsSessionHasEnded) {
  const Key key = key_from(open_as("AKIARUNTIME"));
  EXPECT_EQ(receive_as(key).status, 200);
  connection_->close();
  const Answer refused = receive_as(key);
  EXPECT_EQ(refused.error(), "UnrecognizedClientException");
  EXPECT_THAT(refused.body, Not(HasSubstr(key.secret)));
}

}  // namespace
}  // namespace selvage::sqs
