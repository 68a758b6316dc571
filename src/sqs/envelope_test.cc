// SPDX-License-Identifier: Apache-2.0
#include "sqs/envelope.h"

#include <gtest/gtest.h>

namespace selvage::sqs {
namespace {

using std::string_literals::operator""s;

TEST(Envelope, ComesBackAsItWas) {
  const Envelope sent{.body = "a body \0 with anything"s,
                      .attributes = {{"a", {"String", "text"}},
                                     {"b", {"Binary.png", "\0\xFF"s}},
                                     {"c", {"Number", "5"}}},
                      .trace_header = "Root=1",
                      .sender = "AKIAADMIN"};
  const Envelope got = *decode_envelope(encode_envelope(sent));
  EXPECT_EQ(got.body, sent.body);
  EXPECT_EQ(got.trace_header, sent.trace_header);
  EXPECT_EQ(got.sender, sent.sender);
  ASSERT_EQ(got.attributes.size(), 3u);
  for (const auto& [name, attribute] : sent.attributes) {
    EXPECT_EQ(got.attributes.at(name).type, attribute.type) << name;
    EXPECT_EQ(got.attributes.at(name).value, attribute.value) << name;
  }
}

TEST(Envelope, OfNoBytesIsEmpty) {
  EXPECT_EQ(decode_envelope("")->body, "");
  EXPECT_EQ(decode_envelope(encode_envelope({}))->body, "");
}

TEST(Envelope, BodyAndAttributesCountButTraceAndSenderDoNot) {
  EXPECT_EQ((Envelope{.body = "12345", .attributes = {}, .trace_header = "", .sender = ""}.size()),
            5u);
  EXPECT_EQ((Envelope{.body = "12345",
                      .attributes = {{"name", {"String", "value"}}, {"n", {"Number", "1"}}},
                      .trace_header = "not counted",
                      .sender = "nor this"}
                 .size()),
            5u + 4 + 6 + 5 + 1 + 6 + 1);
}

TEST(Envelope, DamagedBytesAreNone) {
  const std::string whole = encode_envelope({.body = "body",
                                             .attributes = {{"a", {"String", "text"}}},
                                             .trace_header = "t",
                                             .sender = ""});
  for (size_t size = 1; size < whole.size(); ++size)
    EXPECT_FALSE(decode_envelope(whole.substr(0, size))) << size;
  EXPECT_FALSE(decode_envelope(whole + "x"));
  for (const char* version : {"\x04", "\xFF"})
    EXPECT_FALSE(decode_envelope(version + whole.substr(1))) << "another version";
  EXPECT_FALSE(decode_envelope("\x01\xFF\xFF\xFF\xFF"));
}

TEST(Envelope, CarriesTheDigestOfItsBodyIfItWasComputed) {
  const std::string digest = "0123456789abcdef";
  Envelope sent{.body = "body", .attributes = {}, .trace_header = "", .sender = ""};
  EXPECT_EQ(decode_envelope(encode_envelope(sent))->body_md5, "");
  sent.body_md5 = digest;
  EXPECT_EQ(decode_envelope(encode_envelope(sent))->body_md5, digest);
  sent.body_md5 = "short";
  EXPECT_FALSE(decode_envelope(encode_envelope(sent))) << "no digest has that size";
}

TEST(Envelope, ThatWasWrittenBeforeItCarriedADigestIsStillRead) {
  const auto old = decode_envelope(std::string("\x02\0\0\0\4body\0\0\0\0\0\0\0\1s\0", 19));
  ASSERT_TRUE(old);
  EXPECT_EQ(old->body, "body");
  EXPECT_EQ(old->sender, "s");
  EXPECT_EQ(old->body_md5, "");
}

TEST(Envelope, ThatWasWrittenBeforeItNamedItsSenderIsStillRead) {
  const auto old = decode_envelope(std::string("\x01\0\0\0\4body\0\0\0\1t\0", 15));
  ASSERT_TRUE(old);
  EXPECT_EQ(old->body, "body");
  EXPECT_EQ(old->trace_header, "t");
  EXPECT_EQ(old->sender, "");
}

TEST(Envelope, DamagedMessageIsLeftOutAndTheOthersShown) {
  std::vector<queue::Delivery> deliveries(3);
  deliveries[0].payload =
      encode_envelope({.body = "one", .attributes = {}, .trace_header = "", .sender = ""});
  deliveries[1].payload = "damaged";
  deliveries[2].payload =
      encode_envelope({.body = "three", .attributes = {}, .trace_header = "", .sender = ""});
  const auto opened = open_envelopes(deliveries);
  ASSERT_TRUE(opened && opened->size() == 2);
  EXPECT_EQ((*opened)[0].body, "one");
  EXPECT_EQ((*opened)[1].body, "three");
  EXPECT_EQ(&(*opened)[1].delivery, &deliveries[2]);
}

TEST(Envelope, NothingButDamageIsAnInternalErrorThatNamesTheMessage) {
  std::vector<queue::Delivery> deliveries(1);
  deliveries[0].message.id = Uuid::from_random(1, 2);
  deliveries[0].payload = "damaged";
  const auto opened = open_envelopes(deliveries);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind.query, "InternalError");
  EXPECT_NE(opened.error().message.find(Uuid::from_random(1, 2).to_string()), std::string::npos);
  EXPECT_TRUE(open_envelopes({})) << "nothing at all is no damage";
}

TEST(Envelope, FirstForbiddenCharacterIsFound) {
  struct Case {
    std::string text;
    std::optional<uint32_t> forbidden;
  };
  for (const auto& [text, forbidden] : {
           Case{"", {}},
           Case{"plain \t\r\n text", {}},
           Case{"\0"s, 0x00},
           Case{"\x08", 0x08},
           Case{"\x0B", 0x0B},
           Case{"\x1F", 0x1F},
           Case{"\x20\x7F", {}},
           Case{"\xED\x9F\xBF", {}},          // U+D7FF
           Case{"\xEE\x80\x80", {}},          // U+E000
           Case{"\xEF\xBF\xBD", {}},          // U+FFFD
           Case{"\xEF\xBF\xBE", 0xFFFE},      // U+FFFE
           Case{"end \xEF\xBF\xBF", 0xFFFF},  // U+FFFF
           Case{"\xF0\x90\x80\x80", {}},      // U+10000
           Case{"\xF4\x8F\xBF\xBF", {}},      // U+10FFFF
           Case{"fine until \x01 \x02", 0x01},
       })
    EXPECT_EQ(forbidden_character(text), forbidden) << testing::PrintToString(text);
}

}  // namespace
}  // namespace selvage::sqs
