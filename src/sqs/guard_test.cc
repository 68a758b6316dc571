// SPDX-License-Identifier: Apache-2.0
// Who may call: signatures, grants and queue policies, through the endpoint.
#include "sqs/guard.h"

#include <fmt/format.h>

#include <set>

#include "auth/sigv4.h"
#include "base/bytes.h"
#include "sqs/actions.h"
#include "sqs/query_fixture.h"

namespace selvage::sqs {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr auto kForeigner = "111122223333";

std::string arn(const std::string& queue) {
  return "arn:aws:sqs:us-east-1:000000000000:" + queue;
}

class GuardTest : public QueryTest {
 protected:
  GuardTest() {
    for (const char* name : {"q", "orders-1", "inbox", "out"}) create(name);
    create("dead");
    create("source", R"({"RedrivePolicy":"{\"deadLetterTargetArn\":\")" + arn("dead") +
                         R"(\",\"maxReceiveCount\":1}"})");
    backend_.submitted.clear();
    auto keyring = auth::Keyring::make({
        {"AKIAADMIN", "secret-a", "admin", "", {{{"*"}, {"*"}}}},
        {"AKIANONE", "secret-n", "none", "", {}},
        {"AKIAORDERS",
         "secret-o",
         "",
         "",
         {{{"SendMessage", "Get*"}, {"orders-*"}},
          {{"ReceiveMessage", "ChangeMessageVisibility"}, {"inbox"}}}},
        {"AKIAWORKER",
         "secret-w",
         "worker",
         "",
         {{{"Selvage.*"}, {"*"}},
          {{"ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"}, {"q", "out"}},
          {{"SendMessage"}, {"out"}},
          {{"StartMessageMoveTask", "ListMessageMoveTasks"}, {"*"}}}},
        {"AKIAFOREIGN", "secret-f", "bob", kForeigner, {{{"*"}, {"*"}}}},
        {"AKIAWEAK", "secret-k", "eve", kForeigner, {}},
    });
    EXPECT_TRUE(keyring);
    guard_.use(
        std::make_shared<const auth::Verifier>(*std::move(keyring), auth::Verifier::Options{}));
  }

  static std::string secret_of(const std::string& id) {
    for (const auto& [key, secret] :
         std::initializer_list<std::pair<std::string, std::string>>{{"AKIAADMIN", "secret-a"},
                                                                    {"AKIANONE", "secret-n"},
                                                                    {"AKIAORDERS", "secret-o"},
                                                                    {"AKIAWORKER", "secret-w"},
                                                                    {"AKIAFOREIGN", "secret-f"},
                                                                    {"AKIAWEAK", "secret-k"}})
      if (key == id) return secret;
    return "unknown";
  }
  http::Request signed_by(const std::string& id, http::Request r, Duration ago = {}) {
    return signed_with(secret_of(id), id, std::move(r), ago);
  }
  http::Request signed_with(const std::string& secret, const std::string& id, http::Request r,
                            Duration ago = {}) {
    const auto added = auth::sign({id, secret, "us-east-1", "sqs"},
                                  {r.method, r.target, r.headers, r.body}, now_ - ago);
    r.headers.insert(r.headers.end(), added.begin(), added.end());
    return r;
  }
  Answer as(const std::string& id, const std::string& target, const std::string& json) {
    return send(signed_by(id, request(target, json)));
  }
  Answer send_as(const std::string& id, const std::string& queue) {
    return as(id, "AmazonSQS.SendMessage",
              fmt::format(R"({{"QueueUrl":"{}","MessageBody":"b"}})", queue));
  }
  Answer send_unsigned(const std::string& queue) {
    return amazon("SendMessage", fmt::format(R"({{"QueueUrl":"{}","MessageBody":"b"}})", queue));
  }
  // Past everything that would check it.
  void store_policy(const std::string& queue, const std::string& text) {
    queue::SetQueue command{.queue = queue, .patch = {}};
    command.patch.policy = text;
    backend_.submit(std::move(command), [](const queue::Reply& reply) {
      EXPECT_TRUE(std::holds_alternative<queue::Done>(reply));
    });
  }
  static std::string policy(const std::string& effect, const std::string& principal,
                            const std::string& action, const std::string& more = "") {
    return fmt::format(R"({{"Version":"2012-10-17","Statement":[{{"Effect":"{}","Principal":{},)"
                       R"("Action":"{}","Resource":"*"{}}}]}})",
                       effect, principal, action, more);
  }
  static constexpr auto kMayNot = "AccessDeniedException";
  static constexpr auto kWho = "MissingAuthenticationTokenException";

  const Instant now_ = SystemClock().now();
};

// ---- signatures

TEST_F(GuardTest, SignedRequestIsDoneInTheNameOfItsKey) {
  EXPECT_EQ(send_as("AKIAADMIN", "q").status, 200);
  EXPECT_EQ(as("AKIAADMIN", "AmazonSQS.ReceiveMessage",
               R"({"QueueUrl":"q","AttributeNames":["SenderId"]})")["SenderId"],
            "AKIAADMIN");
}

TEST_F(GuardTest, SignatureThatIsWrongIsToldHow) {
  const std::string json = R"({"QueueUrl":"q","MessageBody":"b"})";
  const http::Request plain = request("AmazonSQS.SendMessage", json);
  http::Request altered = signed_by("AKIAADMIN", plain);
  altered.body = R"({"QueueUrl":"q","MessageBody":"other"})";
  http::Request elsewhere = signed_by("AKIAADMIN", plain);
  elsewhere.headers[1].second = "AmazonSQS.DeleteQueue";
  http::Request garbled = plain;
  garbled.headers.emplace_back("Authorization", "AWS4-HMAC-SHA256 nonsense");
  struct Row {
    const char* what;
    http::Request request;
    const char* type;
    const char* code;
    int status;
    const char* sentence;
  };
  constexpr auto kSignature = "InvalidSignatureException";
  constexpr auto kCode = "SignatureDoesNotMatch;Sender";
  for (const auto& [what, request, type, code, status, sentence] : {
           Row{"no signature", plain, kWho, "MissingAuthenticationToken;Sender", 403, ""},
           Row{"another body", altered, kSignature, kCode, 403,
               "The request signature we calculated does not match"},
           Row{"another action", elsewhere, kSignature, kCode, 403,
               "The request signature we calculated does not match"},
           Row{"another secret", signed_with("wrong", "AKIAADMIN", plain), kSignature, kCode, 403,
               "The request signature we calculated does not match"},
           Row{"a right one", signed_by("AKIAADMIN", plain), "", "", 200, ""},
           Row{"unknown key", signed_by("AKIASTRANGER", plain), "UnrecognizedClientException",
               "InvalidClientTokenId;Sender", 403,
               "The security token included in the request is invalid."},
           Row{"too old", signed_by("AKIAADMIN", plain, minutes(16)), kSignature, kCode, 403,
               "Signature expired: "},
           Row{"of the future", signed_by("AKIAADMIN", plain, -minutes(16)), kSignature, kCode, 403,
               "Signature not yet current: "},
           Row{"no sense", garbled, "IncompleteSignatureException", "IncompleteSignature;Sender",
               400, ""},
       }) {
    const Answer answer = send(request);
    EXPECT_EQ(answer.status, status) << what;
    EXPECT_EQ(answer.error(), type) << what;
    EXPECT_EQ(answer.query_error, code) << what;
    EXPECT_THAT(answer["message"], StartsWith(sentence)) << what;
  }
  EXPECT_EQ(backend_.submitted.size(), 1u) << "only one of them was right";
}

TEST_F(GuardTest, ClockMayBeFourteenMinutesWrong) {
  const http::Request plain =
      request("AmazonSQS.SendMessage", R"({"QueueUrl":"q","MessageBody":"b"})");
  for (const Duration ago : {Duration(minutes(14)), Duration(-minutes(14))})
    EXPECT_EQ(send(signed_by("AKIAADMIN", plain, ago)).status, 200);
}

TEST_F(GuardTest, OldProtocolHasOldCodes) {
  const auto refused = [&](http::Request r) {
    expected_type_ = "text/xml";
    const Answer answer = send(r);
    return fmt::format("{} {}", answer.status, element(answer.body, "Code"));
  };
  const http::Request plain{.method = "POST",
                            .target = "/",
                            .headers = {{"Host", "queues:9324"}},
                            .body = "Action=SendMessage&QueueUrl=q&MessageBody=b"};
  http::Request altered = signed_by("AKIAADMIN", plain);
  altered.body += "&DelaySeconds=5";
  EXPECT_EQ(refused(plain), "403 MissingAuthenticationToken");
  EXPECT_EQ(refused(altered), "403 SignatureDoesNotMatch");
  EXPECT_EQ(refused(signed_by("AKIASTRANGER", plain)), "403 InvalidClientTokenId");
  EXPECT_EQ(refused(signed_by("AKIANONE", plain)), "403 AccessDenied");
  EXPECT_THAT(refused(signed_by("AKIAADMIN", plain)), StartsWith("200"));
}

TEST_F(GuardTest, PresignedLinkDoesWhatItSaysForAsLongAsItSays) {
  const auto link = [&](const std::string& query, Duration ago) {
    const std::vector<http::Header> headers = {{"Host", "queues:9324"}};
    return auth::presign({"AKIAADMIN", "secret-a", "us-east-1", "sqs"},
                         {"GET", "/?" + query, headers, ""}, now_ - ago, seconds(60));
  };
  const auto follow = [&](const std::string& target, const std::string& method = "GET") {
    return ask({.method = method, .target = target, .body = ""});
  };
  const std::string query = "Action=SendMessage&QueueUrl=q&MessageBody=from+a+link";
  const std::string fresh = link(query, {});
  EXPECT_EQ(follow(fresh).status, 200);
  EXPECT_EQ(follow(link(query, seconds(30))).status, 200);
  const auto refused = [&](const Answer& answer) {
    EXPECT_EQ(answer.status, 403);
    return element(answer.body, "Code");
  };
  EXPECT_EQ(refused(follow(link(query, seconds(90)))), "SignatureDoesNotMatch") << "too late";
  EXPECT_EQ(refused(follow(fresh, "POST")), "SignatureDoesNotMatch");
  EXPECT_EQ(refused(follow(fresh + "&DelaySeconds=5")), "SignatureDoesNotMatch");
  std::string other = fresh;
  other.replace(other.find("from"), 4, "none");
  EXPECT_EQ(refused(follow(other)), "SignatureDoesNotMatch");
}

TEST_F(GuardTest, PresignedLinkIsForItsBodyToo) {
  const std::vector<http::Header> headers = {{"Host", "queues:9324"}};
  const std::string body = "Action=SendMessage&QueueUrl=q&MessageBody=b";
  const std::string target = auth::presign({"AKIAADMIN", "secret-a", "us-east-1", "sqs"},
                                           {"POST", "/", headers, body}, now_, seconds(60));
  EXPECT_EQ(ask({.target = target, .body = body}).status, 200);
  EXPECT_EQ(ask({.target = target, .body = body + "c"}).status, 403);
}

TEST_F(GuardTest, WithoutKeysEverybodyMayDoEverything) {
  guard_.use(nullptr);
  EXPECT_EQ(send_unsigned("q").status, 200);
  http::Request odd = request("AmazonSQS.ListQueues", "{}");
  odd.headers.emplace_back("Authorization", "nonsense");
  EXPECT_EQ(send(odd).status, 200) << "signatures are not looked at";
  EXPECT_EQ(
      amazon("ReceiveMessage", R"({"QueueUrl":"q","AttributeNames":["SenderId"]})")["SenderId"],
      "000000000000");
}

// ---- every action asks

// A request that would be done, for each action.
struct Sample {
  const char* target;
  std::string json;
};
std::vector<Sample> samples() {
  const std::string handle = R"("ReceiptHandle":")" + std::string(50, '0') + '"';
  const std::string id = R"("00000000-0000-0000-0000-000000000001")";
  const std::string q = R"({"QueueUrl":"q")";
  const std::string source = R"({"SourceArn":")" + arn("dead") + "\"}";
  const std::string task = to_base64(R"({"taskId":"1","sourceArn":")" + arn("dead") + "\"}");
  return {
      {"AmazonSQS.SendMessage", q + R"(,"MessageBody":"b"})"},
      {"AmazonSQS.ReceiveMessage", q + "}"},
      {"AmazonSQS.DeleteMessage", q + "," + handle + "}"},
      {"AmazonSQS.SendMessageBatch", q + R"(,"Entries":[{"Id":"a","MessageBody":"b"}]})"},
      {"AmazonSQS.DeleteMessageBatch", q + R"(,"Entries":[{"Id":"a",)" + handle + "}]}"},
      {"AmazonSQS.ChangeMessageVisibility", q + R"(,"VisibilityTimeout":1,)" + handle + "}"},
      {"AmazonSQS.ChangeMessageVisibilityBatch",
       q + R"(,"Entries":[{"Id":"a","VisibilityTimeout":1,)" + handle + "}]}"},
      {"AmazonSQS.CreateQueue", R"({"QueueName":"new"})"},
      {"AmazonSQS.DeleteQueue", q + "}"},
      {"AmazonSQS.GetQueueUrl", R"({"QueueName":"q"})"},
      {"AmazonSQS.ListQueues", "{}"},
      {"AmazonSQS.GetQueueAttributes", q + "}"},
      {"AmazonSQS.SetQueueAttributes", q + R"(,"Attributes":{"DelaySeconds":"1"}})"},
      {"AmazonSQS.PurgeQueue", q + "}"},
      {"AmazonSQS.TagQueue", q + R"(,"Tags":{"a":"b"}})"},
      {"AmazonSQS.UntagQueue", q + R"(,"TagKeys":["a"]})"},
      {"AmazonSQS.ListQueueTags", q + "}"},
      {"AmazonSQS.AddPermission",
       q + R"(,"Label":"l","AWSAccountIds":["111122223333"],"Actions":["*"]})"},
      {"AmazonSQS.RemovePermission", q + R"(,"Label":"l"})"},
      {"AmazonSQS.ListDeadLetterSourceQueues", q + "}"},
      {"AmazonSQS.StartMessageMoveTask", source},
      {"AmazonSQS.ListMessageMoveTasks", source},
      {"AmazonSQS.CancelMessageMoveTask", R"({"TaskHandle":")" + task + "\"}"},
      {"Selvage.Send", q + R"(,"Messages":[{"MessageBody":"b"}]})"},
      {"Selvage.Receive", q + "}"},
      {"Selvage.Peek", q + "}"},
      {"Selvage.Cancel", q + R"(,"MessageIds":[)" + id + "]}"},
      {"Selvage.Reschedule", q + R"(,"Entries":[{"MessageId":)" + id + "}]}"},
      {"Selvage.Edit", q + R"(,"MessageBody":"b","MessageId":)" + id + "}"},
      {"Selvage.SetRetryPolicy", q + "}"},
      {"Selvage.SetGate", q + "}"},
      {"Selvage.OpenSession", "{}"},
      {"Selvage.CloseSession", R"({"SessionId":"1"})"},
      {"Selvage.HandOver", R"({"Entries":[{)" + handle + "}]}"},
      {"Selvage.Return", R"({"Entries":[{)" + handle + "}]}"},
      {"Selvage.Fail", R"({"Entries":[{)" + handle + "}]}"},
      {"Selvage.Statistics", "{}"},
      {"Selvage.Backup", R"({"Directory":"/srv/copy"})"},
  };
}

TEST_F(GuardTest, EveryActionAsksWhoItIsAndWhetherTheyMay) {
  std::set<std::string> seen;
  for (const auto& [target, json] : samples()) {
    const std::string name(target);
    seen.insert(name.starts_with("Selvage.") ? name : name.substr(name.find('.') + 1));
    EXPECT_EQ(send(request(target, json)).error(), kWho) << target;
    EXPECT_EQ(as("AKIAWEAK", target, json).error(), kMayNot) << target;
    const Answer none = as("AKIANONE", target, json);
    EXPECT_EQ(none.error(), kMayNot) << target;
    EXPECT_EQ(none.status, 403) << target;
    EXPECT_EQ(none.query_error, "AccessDenied;Sender") << target;
    EXPECT_TRUE(backend_.submitted.empty()) << target;
  }
  for (const NamedAction& action : all_actions())
    EXPECT_TRUE(seen.contains(std::string(action.name))) << action.name;
}

TEST_F(GuardTest, WhoMayDoEverythingMayDoEachOfThem) {
  for (const auto& [target, json] : samples())
    EXPECT_NE(as("AKIAADMIN", target, json).status, 403) << target;
}

TEST_F(GuardTest, OnlyWhoMayDoEverythingMayMakeABackup) {
  const std::string json = R"({"Directory":"/srv/copy"})";
  const Answer worker = as("AKIAWORKER", "Selvage.Backup", json);
  EXPECT_EQ(worker.error(), kMayNot) << "Selvage.* on all queues is not everything";
  EXPECT_THAT(worker["message"], HasSubstr("perform: sqs:* on resource: " + arn("") + " because"));
  EXPECT_EQ(as("AKIAFOREIGN", "Selvage.Backup", json).error(), kMayNot) << "another account's";
  EXPECT_TRUE(backend_.backed_up.empty());
  EXPECT_EQ(as("AKIAADMIN", "Selvage.Backup", json).status, 200);
  EXPECT_EQ(backend_.backed_up, std::vector<std::string>{"/srv/copy"});
}

TEST_F(GuardTest, RefusalNamesWhoWhatAndWhere) {
  EXPECT_EQ(send_as("AKIANONE", "q").body,
            R"({"__type":"com.amazon.coral.service#AccessDeniedException","message":)"
            R"("User: arn:aws:iam::000000000000:user/none is not authorized to perform: )"
            R"(sqs:sendmessage on resource: arn:aws:sqs:us-east-1:000000000000:q because no )"
            R"(identity-based policy allows the sqs:sendmessage action"})");
  EXPECT_THAT(as("AKIANONE", "AmazonSQS.SendMessageBatch",
                 R"({"QueueUrl":"q","Entries":[{"Id":"a","MessageBody":"b"}]})")["message"],
              HasSubstr("perform: sqs:sendmessage on"));
  EXPECT_THAT(as("AKIANONE", "Selvage.Peek", R"({"QueueUrl":"q"})")["message"],
              HasSubstr("perform: sqs:receivemessage on"));
  EXPECT_THAT(as("AKIANONE", "Selvage.Statistics", "{}")["message"],
              HasSubstr("perform: selvage:statistics on resource: " + arn("") + " because"));
}

// ---- grants

TEST_F(GuardTest, GrantIsForItsActionsOnItsQueues) {
  struct Row {
    const char* target;
    const char* queue;
    bool may;
  };
  for (const auto& [target, queue, may] : {
           Row{"AmazonSQS.SendMessage", "orders-1", true},
           Row{"AmazonSQS.SendMessageBatch", "orders-1", true},
           Row{"AmazonSQS.GetQueueAttributes", "orders-1", true},
           Row{"AmazonSQS.ReceiveMessage", "orders-1", false},
           Row{"AmazonSQS.PurgeQueue", "orders-1", false},
           Row{"Selvage.Send", "orders-1", true},
           Row{"Selvage.Send", "inbox", false},
           Row{"Selvage.Receive", "inbox", true},
           Row{"Selvage.Peek", "inbox", true},
           Row{"Selvage.Peek", "orders-1", false},
           Row{"Selvage.Cancel", "inbox", false},
           Row{"Selvage.SetRetryPolicy", "orders-1", false},
           Row{"Selvage.SetGate", "orders-1", false},
           Row{"AmazonSQS.ReceiveMessage", "inbox", true},
           Row{"AmazonSQS.SendMessage", "inbox", false},
           Row{"AmazonSQS.SendMessage", "q", false},
           Row{"AmazonSQS.SendMessage", "none", false},
       }) {
    const std::string json = fmt::format(R"({{"QueueUrl":"http://h/1/{}","MessageBody":"b",)"
                                         R"("Entries":[{{"Id":"a","MessageBody":"b"}}],)"
                                         R"("Messages":[{{"MessageBody":"b"}}]}})",
                                         queue);
    EXPECT_EQ(as("AKIAORDERS", target, json).status, may ? 200 : 403) << target << " " << queue;
  }
  EXPECT_EQ(as("AKIAORDERS", "AmazonSQS.ListQueues", "{}").error(), kMayNot);
  EXPECT_EQ(as("AKIAORDERS", "AmazonSQS.GetQueueUrl", R"({"QueueName":"orders-1"})").status, 200);
}

TEST_F(GuardTest, OutputsAreSentOnlyWhereTheirSenderMaySend) {
  const auto hand_over = [this](const std::string& queue) {
    return as("AKIAWORKER", "Selvage.HandOver",
              fmt::format(R"({{"Entries":[{{"ReceiptHandle":"{}","Outputs":[{{"QueueUrl":"{}",)"
                          R"("MessageBody":"b"}}]}}]}})",
                          std::string(50, '0'), queue));
  };
  EXPECT_EQ(hand_over("out").status, 200);
  const Answer denied = hand_over("q");
  EXPECT_EQ(denied.error(), kMayNot);
  EXPECT_THAT(denied["message"], HasSubstr("perform: sqs:sendmessage on resource: " + arn("q")));
}

TEST_F(GuardTest, WhoMovesAMessageMayReceiveDeleteAndSendIt) {
  const auto reschedule = [this](const std::string& id, const std::string& queue,
                                 const std::string& rest) {
    return as(id, "Selvage.Reschedule",
              fmt::format(R"({{"QueueUrl":"{}","Entries":[{{"MessageId":)"
                          R"("00000000-0000-0000-0000-000000000001"{}}}]}})",
                          queue, rest));
  };
  const auto to = [](const std::string& queue) {
    return fmt::format(R"(,"TargetQueueUrl":"{}")", queue);
  };
  EXPECT_EQ(reschedule("AKIAWORKER", "q", to("out")).status, 200);
  EXPECT_THAT(reschedule("AKIAWORKER", "q", to("inbox"))["message"],
              HasSubstr("perform: sqs:sendmessage on resource: " + arn("inbox")));
  EXPECT_EQ(reschedule("AKIAORDERS", "inbox", R"(,"DelayMs":5)").status, 200);
  EXPECT_THAT(reschedule("AKIAORDERS", "inbox", to("orders-1"))["message"],
              HasSubstr("perform: sqs:deletemessage on resource: " + arn("inbox")));
}

TEST_F(GuardTest, EveryQueueOfAReceiveIsAskedFor) {
  EXPECT_EQ(as("AKIAWORKER", "Selvage.Receive", R"({"QueueUrls":["q","out"]})").status, 200);
  EXPECT_EQ(as("AKIAWORKER", "Selvage.Receive", R"({"QueueUrls":["q","inbox"]})").error(), kMayNot);
}

TEST_F(GuardTest, TaskMovesWhatItsStarterMayReceiveAndSend) {
  const auto start = [this](const std::string& id, const std::string& rest = "") {
    return as(id, "AmazonSQS.StartMessageMoveTask",
              fmt::format(R"({{"SourceArn":"{}"{}}})", arn("dead"), rest));
  };
  const auto to = [](const std::string& queue) {
    return fmt::format(R"(,"DestinationArn":"{}")", arn(queue));
  };
  EXPECT_THAT(start("AKIAWORKER", to("out"))["message"], HasSubstr("sqs:receivemessage"));
  store_policy("dead", policy("Allow", R"({"AWS":"arn:aws:iam::000000000000:user/worker"})",
                              "sqs:ReceiveMessage"));
  EXPECT_THAT(start("AKIAWORKER", to("out"))["message"], HasSubstr("sqs:deletemessage"));
  store_policy("dead",
               policy("Allow", R"({"AWS":"arn:aws:iam::000000000000:user/worker"})", "sqs:*"));
  EXPECT_THAT(start("AKIAWORKER", to("q"))["message"],
              HasSubstr("perform: sqs:sendmessage on resource: " + arn("q")));
  EXPECT_EQ(start("AKIAWORKER", to("out")).status, 200);
}

// ---- queue policies

TEST_F(GuardTest, PolicyJoinsTheGrants) {
  struct Row {
    const char* what;
    std::string policy;
    const char* key;  // empty: unsigned
    const char* error;
  };
  const std::string everybody = R"("*")";
  const std::string own = R"({"AWS":"000000000000"})";
  const std::string foreign = R"({"AWS":"arn:aws:iam::111122223333:root"})";
  const std::string bob = R"({"AWS":"arn:aws:iam::111122223333:user/bob"})";
  const auto from = [](const std::string& range) {
    return R"(,"Condition":{"IpAddress":{"aws:SourceIp":")" + range + R"("}})";
  };
  for (const auto& [what, text, key, error] : {
           Row{"no policy, no grant", "", "AKIANONE", kMayNot},
           Row{"allowed in its own account", policy("Allow", own, "sqs:SendMessage"), "AKIANONE",
               ""},
           Row{"allowed to do something else", policy("Allow", own, "sqs:ReceiveMessage"),
               "AKIANONE", kMayNot},
           Row{"a deny wins over grants", policy("Deny", everybody, "sqs:SendMessage"), "AKIAADMIN",
               kMayNot},
           Row{"a deny for others", policy("Deny", foreign, "sqs:*"), "AKIAADMIN", ""},
           Row{"a stranger without a policy", "", "AKIAFOREIGN", kMayNot},
           Row{"a stranger who is allowed", policy("Allow", foreign, "sqs:SendMessage"),
               "AKIAFOREIGN", ""},
           Row{"a stranger by name", policy("Allow", bob, "sqs:Send*"), "AKIAFOREIGN", ""},
           Row{"another stranger", policy("Allow", bob, "sqs:Send*"), "AKIAWEAK", kMayNot},
           Row{"a stranger without grants", policy("Allow", foreign, "sqs:*"), "AKIAWEAK", kMayNot},
           Row{"nobody without a policy", "", "", kWho},
           Row{"nobody who is allowed", policy("Allow", everybody, "sqs:SendMessage"), "", ""},
           Row{"nobody where accounts are", policy("Allow", own, "sqs:SendMessage"), "", kWho},
           Row{"nobody from here", policy("Allow", everybody, "*", from("127.0.0.0/8")), "", ""},
           Row{"nobody from there", policy("Allow", everybody, "*", from("10.0.0.0/8")), "", kWho},
           Row{"a policy that nobody understands", "nonsense", "AKIAADMIN", kMayNot},
           Row{"and for nobody", "nonsense", "", kWho},
       }) {
    store_policy("q", text);
    const Answer answer = *key == '\0' ? send_unsigned("q") : send_as(key, "q");
    EXPECT_EQ(answer.error(), error) << what;
    EXPECT_EQ(answer.status, *error == '\0' ? 200 : 403) << what;
  }
}

TEST_F(GuardTest, PolicyIsOfItsQueueOnly) {
  store_policy("q", policy("Allow", R"("*")", "sqs:*"));
  EXPECT_EQ(send_unsigned("q").status, 200);
  EXPECT_EQ(send_unsigned("inbox").error(), kWho);
  EXPECT_EQ(amazon("ListQueues", "{}").error(), kWho);
}

TEST_F(GuardTest, StrangersNeverChangeTheQueueItself) {
  store_policy("q", policy("Allow", R"("*")", "*"));
  for (const auto& [target, json] :
       {Sample{"AmazonSQS.SetQueueAttributes",
               R"({"QueueUrl":"q","Attributes":{"DelaySeconds":"1"}})"},
        Sample{"AmazonSQS.DeleteQueue", R"({"QueueUrl":"q"})"},
        Sample{"AmazonSQS.TagQueue", R"({"QueueUrl":"q","Tags":{"a":"b"}})"},
        Sample{"AmazonSQS.ListQueueTags", R"({"QueueUrl":"q"})"},
        Sample{"AmazonSQS.RemovePermission", R"({"QueueUrl":"q","Label":"l"})"}}) {
    EXPECT_EQ(as("AKIAFOREIGN", target, json).error(), kMayNot) << target;
    EXPECT_EQ(send(request(target, json)).error(), kWho) << target;
  }
}

TEST_F(GuardTest, PermissionThatIsAddedOrRemovedCountsAtOnce) {
  EXPECT_EQ(send_as("AKIAFOREIGN", "q").error(), kMayNot);
  EXPECT_EQ(as("AKIAADMIN", "AmazonSQS.AddPermission",
               R"({"QueueUrl":"q","Label":"l","AWSAccountIds":["111122223333"],)"
               R"("Actions":["SendMessage"]})")
                .status,
            200);
  EXPECT_EQ(send_as("AKIAFOREIGN", "q").status, 200);
  EXPECT_EQ(as("AKIAFOREIGN", "AmazonSQS.ReceiveMessage", R"({"QueueUrl":"q"})").error(), kMayNot);
  as("AKIAADMIN", "AmazonSQS.RemovePermission", R"({"QueueUrl":"q","Label":"l"})");
  EXPECT_EQ(send_as("AKIAFOREIGN", "q").error(), kMayNot);
}

TEST_F(GuardTest, DeletedQueueTakesItsPolicyAlong) {
  store_policy("q", policy("Allow", R"("*")", "*"));
  EXPECT_EQ(as("AKIAADMIN", "AmazonSQS.DeleteQueue", R"({"QueueUrl":"q"})").status, 200);
  EXPECT_EQ(as("AKIAADMIN", "AmazonSQS.CreateQueue", R"({"QueueName":"q"})").status, 200);
  EXPECT_EQ(send_unsigned("q").error(), kWho);
}

TEST_F(GuardTest, KeysThatAreExchangedCountAtOnce) {
  auto fewer = auth::Keyring::make({{"AKIAOTHER", "secret", "", "", {}}});
  ASSERT_TRUE(fewer);
  EXPECT_EQ(send_as("AKIAADMIN", "q").status, 200);
  guard_.use(std::make_shared<const auth::Verifier>(*std::move(fewer), auth::Verifier::Options{}));
  EXPECT_EQ(send_as("AKIAADMIN", "q").error(), "UnrecognizedClientException");
}

}  // namespace
}  // namespace selvage::sqs
