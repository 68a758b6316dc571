// SPDX-License-Identifier: Apache-2.0
#include "sqs/result.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <vector>

namespace selvage::sqs {
namespace {

using Write = std::function<void(Result&)>;

std::string said(Dialect dialect, const Write& write) {
  std::string body;
  Result out(body, dialect, "Act");
  write(out);
  out.finish("id");
  return body;
}

// What stands between the constant parts of each dialect.
std::string in_xml(const Write& write) {
  const std::string xml = said(Dialect::kXml, write);
  const std::string before =
      R"(<?xml version="1.0"?><ActResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">)";
  const std::string after =
      "<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></ActResponse>";
  EXPECT_TRUE(xml.starts_with(before) && xml.ends_with(after)) << xml;
  return xml.substr(before.size(), xml.size() - before.size() - after.size());
}
std::string in_old_json(const Write& write) {
  const std::string json = said(Dialect::kOldJson, write);
  const std::string before = R"({"ActResponse":{"ActResult":)";
  const std::string after = R"(,"ResponseMetadata":{"RequestId":"id"}}})";
  EXPECT_TRUE(json.starts_with(before) && json.ends_with(after)) << json;
  return json.substr(before.size(), json.size() - before.size() - after.size());
}

void expect_said(const Write& write, const char* json, const char* xml, const char* old_json) {
  EXPECT_EQ(said(Dialect::kJson, write), json);
  EXPECT_EQ(in_xml(write), xml);
  EXPECT_EQ(in_old_json(write), old_json);
}

TEST(Result, ScalarsAreSaidInEveryDialect) {
  expect_said(
      [](Result& out) {
        out.text("T", "a<\"b\"").number("N", -5).boolean("B", true).bytes("R", "hi");
      },
      R"({"T":"a<\"b\"","N":-5,"B":true,"R":"aGk="})",
      "<ActResult><T>a&lt;&quot;b&quot;</T><N>-5</N><B>true</B><R>aGk=</R></ActResult>",
      R"({"B":true,"N":-5,"R":"aGk=","T":"a<\"b\""})");
}

TEST(Result, WhatIsAbsentIsNullInTheOldJsonOnly) {
  expect_said(
      [](Result& out) {
        out.text_if_any("T", "")
            .texts(ListName{"Ls", "L", "ls"}, std::vector<std::string>())
            .texts(MapName{"Ms", "M", "Name"}, std::map<std::string, std::string>());
      },
      "{}", "<ActResult/>", R"({"Ms":null,"T":null,"ls":null})");
}

TEST(Result, ListsOfTextsAreFlatInXml) {
  expect_said(
      [](Result& out) {
        out.texts(ListName{"Urls", "Url", "urls"}, std::vector<std::string>{"a", "b"})
            .text("Next", "n");
      },
      R"({"Urls":["a","b"],"Next":"n"})",
      "<ActResult><Url>a</Url><Url>b</Url><Next>n</Next></ActResult>",
      R"({"Next":"n","urls":["a","b"]})");
}

TEST(Result, MapsHaveKeysAndValuesInXml) {
  expect_said(
      [](Result& out) {
        out.texts(MapName{"Tags", "Tag", "Key"},
                  std::map<std::string, std::string>{{"k", "v"}, {"l", ""}});
      },
      R"({"Tags":{"k":"v","l":""}})",
      "<ActResult><Tag><Key>k</Key><Value>v</Value></Tag>"
      "<Tag><Key>l</Key><Value></Value></Tag></ActResult>",
      R"({"Tags":[{"Key":"k","Value":"v"},{"Key":"l","Value":""}]})");
}

TEST(Result, MapsOfObjectsStandInListsOfObjects) {
  expect_said(
      [](Result& out) {
        const std::map<std::string, int> inner = {{"a", 1}};
        out.objects(ListName{"Es", "E", "es"}, std::vector<int>{7, 8}, [&](int number) {
          out.number("Z", number).objects(MapName{"Ms", "M", "Name"}, inner, [&](int value) {
            out.number("V", value);
          });
        });
      },
      R"({"Es":[{"Z":7,"Ms":{"a":{"V":1}}},{"Z":8,"Ms":{"a":{"V":1}}}]})",
      "<ActResult><E><Z>7</Z><M><Name>a</Name><Value><V>1</V></Value></M></E>"
      "<E><Z>8</Z><M><Name>a</Name><Value><V>1</V></Value></M></E></ActResult>",
      R"({"es":[{"Ms":[{"Name":"a","Value":{"V":1}}],"Z":7},)"
      R"({"Ms":[{"Name":"a","Value":{"V":1}}],"Z":8}]})");
}

TEST(Result, OfAnActionThatSaysNothingHasNoMembers) {
  EXPECT_EQ(empty_result(Dialect::kJson, "Act", "id"), "");
  EXPECT_EQ(
      empty_result(Dialect::kXml, "Act", "id"),
      R"(<?xml version="1.0"?><ActResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">)"
      "<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></ActResponse>");
  EXPECT_EQ(empty_result(Dialect::kOldJson, "Act", "id"),
            R"({"ActResponse":{"ResponseMetadata":{"RequestId":"id"}}})");
}

// ---- errors

TEST(ErrorBody, SaysTheSameInEveryDialect) {
  const ApiError error{kOverLimit, "too <many>"};
  EXPECT_EQ(error_body(Dialect::kJson, error, "id"),
            R"({"__type":"com.amazonaws.sqs#OverLimit","message":"too <many>"})");
  EXPECT_EQ(error_body(Dialect::kXml, error, "id"),
            R"(<?xml version="1.0"?><ErrorResponse )"
            R"(xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type>)"
            "<Code>OverLimit</Code><Message>too &lt;many&gt;</Message><Detail/></Error>"
            "<RequestId>id</RequestId></ErrorResponse>");
  EXPECT_EQ(error_body(Dialect::kOldJson, error, "id"),
            R"({"Error":{"Code":"OverLimit","Message":"too <many>","Type":"Sender"},)"
            R"("RequestId":"id"})");
}

TEST(ErrorBody, MissingQueueHasItsOldSentenceInQuery) {
  const ApiError error = describe(queue::Refusal::kNoSuchQueue);
  const std::string old = "The specified queue does not exist for this wsdl version.";
  EXPECT_EQ(error_body(Dialect::kJson, error, "id").find(old), std::string::npos);
  EXPECT_NE(error_body(Dialect::kXml, error, "id").find(old), std::string::npos);
  EXPECT_NE(error_body(Dialect::kOldJson, error, "id").find(old), std::string::npos);
}

TEST(ErrorBody, FaultOfTheServerIsTheReceivers) {
  const std::string xml = error_body(Dialect::kXml, {kInternalFailure, "why"}, "id");
  EXPECT_NE(xml.find("<Type>Receiver</Type><Code>InternalError</Code>"), std::string::npos) << xml;
}

}  // namespace
}  // namespace selvage::sqs
