// SPDX-License-Identifier: Apache-2.0
// AddPermission and RemovePermission: what becomes of the queue's policy.
#include <fmt/format.h>

#include "sqs/query_fixture.h"

namespace selvage::sqs {
namespace {

using testing::HasSubstr;

class PermissionActions : public QueryTest {
 protected:
  PermissionActions() { create("q"); }
  Answer add(const std::string& label, const std::string& rest = kRest) {
    return amazon("AddPermission",
                  fmt::format(R"({{"QueueUrl":"q","Label":"{}",{}}})", label, rest));
  }
  Answer remove(const std::string& label) {
    return amazon("RemovePermission", fmt::format(R"({{"QueueUrl":"q","Label":"{}"}})", label));
  }
  // The attribute as it stands; "" when there is none.
  std::string policy() {
    std::string text;
    const Answer answer =
        amazon("GetQueueAttributes", R"({"QueueUrl":"q","AttributeNames":["Policy"]})");
    EXPECT_TRUE(wire::read_json(answer.body, [&](wire::JsonValue& root) {
      return root.object([&](std::string_view, wire::JsonValue& attributes) {
        return attributes.object([&](std::string_view, wire::JsonValue& value) {
          text = value.string().value_or("");
          return true;
        });
      });
    }));
    return text;
  }
  static std::string statement(const std::string& label) {
    return fmt::format(
        R"({{"Sid":"{}","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111122223333:root"}},)"
        R"("Action":"SQS:SendMessage","Resource":"arn:aws:sqs:us-east-1:000000000000:q"}})",
        label);
  }
  static std::string document(const std::string& statements) {
    return R"({"Version":"2008-10-17",)"
           R"("Id":"arn:aws:sqs:us-east-1:000000000000:q/SQSDefaultPolicy","Statement":[)" +
           statements + "]}";
  }
  static constexpr auto kRest = R"("AWSAccountIds":["111122223333"],"Actions":["SendMessage"])";
};

TEST_F(PermissionActions, EachIsAStatementUntilItIsRemoved) {
  EXPECT_EQ(add("one").body, "");
  EXPECT_EQ(policy(), document(statement("one")));
  EXPECT_EQ(add("two").status, 200);
  EXPECT_EQ(policy(), document(statement("one") + "," + statement("two")));
  EXPECT_EQ(remove("one").body, "");
  EXPECT_EQ(policy(), document(statement("two")));
  EXPECT_EQ(remove("two").status, 200);
  EXPECT_EQ(policy(), "");
}

TEST_F(PermissionActions, FormSaysTheSameInOtherWords) {
  EXPECT_EQ(post("Action=AddPermission&QueueUrl=q&Label=one&AWSAccountId.1=111122223333"
                 "&ActionName.1=SendMessage"),
            response("AddPermission", ""));
  EXPECT_EQ(policy(), document(statement("one")));
  EXPECT_EQ(post("Action=RemovePermission&QueueUrl=q&Label=one"), response("RemovePermission", ""));
  EXPECT_EQ(policy(), "");
  EXPECT_EQ(element(post("Action=RemovePermission&QueueUrl=q&Label=one"), "Message"),
            "Value one for parameter Label is invalid. Reason: can't find label.");
}

TEST_F(PermissionActions, WhatIsWrongIsToldInTheServicesWords) {
  add("taken");
  struct Row {
    std::string json;
    const char* code;
    std::string sentence;
  };
  const auto account = [](const std::string& id) {
    return R"("Label":"l","Actions":["*"],"AWSAccountIds":[")" + id + "\"]";
  };
  const auto action = [](const std::string& name) {
    return R"("Label":"l","AWSAccountIds":["111122223333"],"Actions":[")" + name + "\"]";
  };
  const auto label = [](const std::string& text) {
    return fmt::format(R"("Label":"{}",{})", text, kRest);
  };
  constexpr auto kValue = "InvalidParameterValue;Sender";
  constexpr auto kMissing = "MissingParameter;Sender";
  const std::string bad_label =
      " for parameter Label is invalid. Reason: Can only include alphanumeric characters, "
      "hyphens, or underscores. 1 to 80 in length.";
  const std::string no_action =
      " for parameter ActionName is invalid. Reason: Please refer to the appropriate WSDL for a "
      "list of valid actions.";
  const std::string owners =
      " for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke "
      "this action.";
  for (const auto& [json, code, sentence] : {
           Row{kRest, kMissing, "The request must contain the parameter Label."},
           Row{label(""), kMissing, "The request must contain the parameter Label."},
           Row{label("a b"), kValue, "Value a b" + bad_label},
           Row{label(std::string(81, 'l')), kValue, "Value " + std::string(81, 'l') + bad_label},
           Row{label("taken"), kValue,
               "Value taken for parameter Label is invalid. Reason: Already exists."},
           Row{R"("Label":"l","Actions":["*"])", kMissing,
               "The request must contain the parameter AWSAccountIds."},
           Row{R"("Label":"l","AWSAccountIds":["111122223333"])", kMissing,
               "The request must contain the parameter Actions."},
           Row{account("12345678901"), kValue,
               "Value [12345678901] for parameter PrincipalId is invalid. Reason: Unable to "
               "verify."},
           Row{account("*"), kValue,
               "Value [*] for parameter PrincipalId is invalid. Reason: Unable to verify."},
           Row{action("Foo"), kValue, "Value SQS:Foo" + no_action},
           Row{action("sendmessage"), kValue, "Value SQS:sendmessage" + no_action},
           Row{action("SendMessageBatch"), kValue, "Value SQS:SendMessageBatch" + no_action},
           Row{action("Selvage.Peek"), kValue, "Value SQS:Selvage.Peek" + no_action},
           Row{action("CreateQueue"), kValue, "Value SQS:CreateQueue" + owners},
           Row{action("AddPermission"), kValue, "Value SQS:AddPermission" + owners},
           Row{R"("Label":"l","AWSAccountIds":["111122223333"],"Actions":["*","*","*","*","*",)"
               R"("*","*","*"])",
               "OverLimit;Sender", "8 Actions were found, maximum allowed is 7."},
       }) {
    const Answer answer = amazon("AddPermission", R"({"QueueUrl":"q",)" + json + "}");
    EXPECT_EQ(answer.query_error, code) << json;
    EXPECT_EQ(answer["message"], sentence) << json;
  }
  EXPECT_EQ(policy(), document(statement("taken")));
}

TEST_F(PermissionActions, EveryActionThatMayBeGivenAwayIsTaken) {
  for (const char* action : {"*", "SendMessage", "ReceiveMessage", "DeleteMessage", "PurgeQueue",
                             "ChangeMessageVisibility", "GetQueueAttributes", "GetQueueUrl",
                             "ListDeadLetterSourceQueues"}) {
    EXPECT_EQ(add("l", fmt::format(R"("AWSAccountIds":["111122223333"],"Actions":["{}"])", action))
                  .status,
              200)
        << action;
    EXPECT_THAT(policy(), HasSubstr(fmt::format(R"("Action":"SQS:{}")", action)));
    remove("l");
  }
}

TEST_F(PermissionActions, EditThatMetAnotherOneBeginsAgain) {
  backend_.before_set = [this] {
    const auto mine = sink_;
    add("other");
    sink_ = mine;
  };
  EXPECT_EQ(add("mine").status, 200);
  EXPECT_EQ(policy(), document(statement("other") + "," + statement("mine")));
  backend_.before_set = [this] {
    const auto mine = sink_;
    remove("mine");
    sink_ = mine;
  };
  EXPECT_EQ(remove("mine")["message"],
            "Value mine for parameter Label is invalid. Reason: can't find label.");
}

TEST_F(PermissionActions, PolicyOfAPersonIsEditedWhereItStands) {
  EXPECT_EQ(amazon("SetQueueAttributes",
                   R"({"QueueUrl":"q","Attributes":{"Policy":"{\"Statement\":{\"Sid\":\"own\",)"
                   R"(\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\",)"
                   R"(\"Resource\":\"*\"}}"}})")
                .status,
            200);
  add("one");
  EXPECT_EQ(policy(), R"({"Statement":[{"Sid":"own","Effect":"Deny","Principal":"*","Action":"*",)"
                      R"("Resource":"*"},)" +
                          statement("one") + "]}");
  EXPECT_EQ(add("own").error(), "InvalidParameterValueException");
  remove("own");
  EXPECT_EQ(policy(), R"({"Statement":[)" + statement("one") + "]}");
}

}  // namespace
}  // namespace selvage::sqs
