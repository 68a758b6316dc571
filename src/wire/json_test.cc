// SPDX-License-Identifier: Apache-2.0
#include "wire/json.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <string>
#include <vector>

namespace selvage::wire {
namespace {

// A walk that looks at nothing.
constexpr auto kIgnore = [](JsonValue&) { return true; };

// The reason why `text` is refused; empty when it is accepted.
std::string refusal(std::string_view text) {
  const auto read = read_json(text, kIgnore);
  return read ? "" : read.error().message;
}

bool accepted(std::string_view text) {
  return refusal(text).empty();
}

// The JSON `text` read and written again.
void rewrite(JsonValue& value, JsonWriter& out) {
  switch (value.kind().value()) {
    case JsonValue::Kind::kObject:
      out.begin_object();
      value.object([&](std::string_view key, JsonValue& member) {
        out.key(key);
        rewrite(member, out);
        return true;
      });
      out.end_object();
      return;
    case JsonValue::Kind::kArray:
      out.begin_array();
      value.array([&](JsonValue& item) {
        rewrite(item, out);
        return true;
      });
      out.end_array();
      return;
    case JsonValue::Kind::kString:
      out.string(value.string().value());
      return;
    case JsonValue::Kind::kNumber:
      out.number(value.number().value());
      return;
    case JsonValue::Kind::kBool:
      out.boolean(value.boolean().value());
      return;
    case JsonValue::Kind::kNull:
      out.raw("null");
      return;
  }
}

std::string rewritten(std::string_view text) {
  std::string out;
  const auto read = read_json(text, [&](JsonValue& root) {
    JsonWriter writer(out);
    rewrite(root, writer);
    return true;
  });
  return read ? out : read.error().message;
}

std::optional<std::string> string_of(std::string_view text) {
  std::optional<std::string> result;
  const auto read = read_json(text, [&](JsonValue& root) {
    result = root.string();
    return true;
  });
  return read ? result : std::nullopt;
}

std::string written(std::string_view text) {
  std::string out;
  JsonWriter(out).string(text);
  return out;
}

TEST(Json, NestedValuesAreReadInTheirOrder) {
  const std::string text = R"({"a":[1,2.5,[],{}],"b":{"c":{"d":"x"}},"e":null,"f":[true,false]})";
  EXPECT_EQ(rewritten(text), text);
  EXPECT_EQ(rewritten(" {\n \"a\" : [ 1 , 2 ] ,\t\"b\" : { } }\r\n"), R"({"a":[1,2],"b":{}})");
}

TEST(Json, AScalarMayStandAlone) {
  EXPECT_EQ(rewritten("17"), "17");
  EXPECT_EQ(rewritten(" \"x\" "), "\"x\"");
  EXPECT_EQ(rewritten("null"), "null");
  EXPECT_EQ(rewritten("true"), "true");
}

TEST(Json, EscapesAreResolved) {
  EXPECT_EQ(string_of(R"("a\"b\\c\/d\n\t\r\b\f\u00e9\u20ac\ud83d\ude00")"),
            "a\"b\\c/d\n\t\r\b\f\u00e9\u20ac\U0001F600");
  EXPECT_EQ(string_of(R"("\u0000")"), std::string(1, '\0'));
  EXPECT_EQ(rewritten(R"({"k\u0065y\n":1})"), R"({"key\n":1})");
}

TEST(Json, ABrokenEscapeIsRefusedWhetherReadOrNot) {
  for (const char* text : {R"("\x")", R"("\u12")", R"("\ud83d")", R"("\ude00 \ud83d")"}) {
    EXPECT_EQ(string_of(text), std::nullopt) << text;
    EXPECT_FALSE(accepted(text)) << text;
  }
}

TEST(Json, MalformedTextIsRefused) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[",
                           "}",
                           "]",
                           "{]",
                           "[}",
                           "[1",
                           "1]",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\" 1}",
                           "{a:1}",
                           "{1:2}",
                           "{,}",
                           "tru",
                           "truex",
                           "nul",
                           "nulll",
                           "'a'",
                           "\"a",
                           "a\"",
                           "01",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "-",
                           "0x1",
                           "NaN",
                           "Infinity",
                           "[[1,2]",
                           "[1]]",
                           "// x\n1",
                           "{\"a\":1,}",
                           "[1}",
                           "{\"a\":1]",
                           "\"a\nb\"",
                           "[1],[2",
                           "1],[2",
                           "\"a\" \"b\"",
                           ":",
                           ",",
                           "[tru]",
                           "{\"a\":[1 2]}"}) {
    EXPECT_FALSE(accepted(text)) << text;
  }
}

TEST(Json, WhatFollowsTheValueIsRefused) {
  for (const char* text : {"1 2", "1,2", "{} {}", "{},", "[] x", "null null", "\"a\",", "{}]"}) {
    EXPECT_FALSE(accepted(text)) << text;
  }
  EXPECT_EQ(refusal("{} {}").substr(0, 14), "malformed JSON");
}

TEST(Json, ARefusalSaysWhereAndWhy) {
  EXPECT_EQ(refusal("[1, 2, x]"), "malformed JSON at or before byte 7: no value starts here");
  EXPECT_EQ(refusal("1, 2"), "malformed JSON at or before byte 3: something follows the value");
  EXPECT_EQ(refusal(""), "malformed JSON at or before byte 0: it is empty");
}

TEST(Json, DeepNestingIsRefusedAndDoesNotCrash) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(accepted(nested(256)));
  EXPECT_FALSE(accepted(nested(257)));
  EXPECT_FALSE(accepted(nested(1'000'000)));
  EXPECT_FALSE(accepted(std::string(1'000'000, '[')));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_FALSE(accepted(objects));
  EXPECT_TRUE(refusal(nested(1000)).ends_with("it is nested too deep")) << refusal(nested(1000));
}

TEST(Json, InvalidUtf8IsRefused) {
  for (const char* text : {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xe2\x82\"",
                           "\"\xf5\x80\x80\x80\"", "\xff"}) {
    EXPECT_FALSE(accepted(text));
  }
  EXPECT_EQ(string_of("\"\xe2\x82\xac\""), "\xe2\x82\xac");
}

TEST(Json, IntegersOutOfRangeAreNoIntegers) {
  const auto integer = [](std::string_view text) {
    std::optional<int64_t> result;
    EXPECT_TRUE(read_json(text, [&](JsonValue& root) {
      result = root.integer();
      return true;
    })) << text;
    return result;
  };
  EXPECT_EQ(integer("9223372036854775807"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(integer("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(integer("9223372036854775808"), std::nullopt);
  EXPECT_EQ(integer("-9223372036854775809"), std::nullopt);
  EXPECT_EQ(integer("99999999999999999999999999"), std::nullopt);
  EXPECT_EQ(integer("1.0"), std::nullopt);
  EXPECT_EQ(integer("1e3"), std::nullopt);
  EXPECT_EQ(integer("\"1\""), std::nullopt);
  EXPECT_EQ(integer("-0"), 0);
}

TEST(Json, NumbersBeyondADoubleAreRefused) {
  EXPECT_EQ(rewritten("1.5e300"), "1.5e+300");
  EXPECT_FALSE(accepted("1e999"));
  EXPECT_TRUE(accepted("1e-999"));
}

TEST(Json, AFailedReadLeavesTheValueForAnotherKind) {
  std::string seen;
  EXPECT_TRUE(read_json(R"(["x", 7])", [&](JsonValue& root) {
    return root.array([&](JsonValue& item) {
      EXPECT_FALSE(item.boolean());
      EXPECT_FALSE(item.object([](std::string_view, JsonValue&) { return true; }));
      EXPECT_FALSE(item.array(kIgnore));
      if (const auto number = item.integer()) seen += std::to_string(*number);
      if (const auto text = item.string()) seen += *text;
      return true;
    });
  }));
  EXPECT_EQ(seen, "x7");
}

TEST(Json, AValueIsReadOnlyOnce) {
  EXPECT_TRUE(read_json(R"(["a",[1]])", [](JsonValue& root) {
    return root.array([](JsonValue& item) {
      EXPECT_FALSE(item.raw().empty());
      EXPECT_FALSE(item.kind());
      EXPECT_FALSE(item.string());
      EXPECT_FALSE(item.array(kIgnore));
      EXPECT_TRUE(item.raw().empty());
      return true;
    });
  }));
}

TEST(Json, ARepeatedKeyIsCalledTwice) {
  std::vector<std::string> seen;
  EXPECT_TRUE(read_json(R"({"a":1,"a":2})", [&](JsonValue& root) {
    return root.object([&](std::string_view key, JsonValue& value) {
      seen.push_back(std::string(key) + std::to_string(value.integer().value()));
      return true;
    });
  }));
  EXPECT_EQ(seen, (std::vector<std::string>{"a1", "a2"}));
}

TEST(Json, RawIsTheTextOfTheValueAsItStands) {
  std::map<std::string, std::string> raws;
  const char* text = R"( {"o" : {"x": [1, 2 ] } , "s":"a\u0062", "n": -1.50 , "z":null ,"e":[ ]} )";
  EXPECT_TRUE(read_json(text, [&](JsonValue& root) {
    return root.object([&](std::string_view key, JsonValue& value) {
      raws[std::string(key)] = value.raw();
      return true;
    });
  }));
  EXPECT_EQ(raws["o"], R"({"x": [1, 2 ] })");
  EXPECT_EQ(raws["s"], R"("a\u0062")");
  EXPECT_EQ(raws["n"], "-1.50");
  EXPECT_EQ(raws["z"], "null");
  EXPECT_EQ(raws["e"], "[ ]");
}

TEST(Json, RawOfTheRootIsTheWholeText) {
  std::string raw;
  EXPECT_TRUE(read_json(" [1, {\"a\": 2}] \n", [&](JsonValue& root) {
    raw = root.raw();
    return true;
  }));
  EXPECT_EQ(raw, "[1, {\"a\": 2}]");
}

TEST(Json, RawOfAMalformedValueIsEmpty) {
  for (const char* text : {"[1,{\"a\" 2}]", "tru", "\"\\x\"", "[1,[2,]"}) {
    EXPECT_FALSE(read_json(text, [&](JsonValue& root) {
      EXPECT_EQ(root.raw(), "") << text;
      return true;
    })) << text;
  }
}

TEST(Json, TextStaysValidUntilTheCallReturns) {
  std::vector<std::string_view> views;
  EXPECT_TRUE(read_json(R"({"k1":"v\u0031","k2":"v2","k3":"v3"})", [&](JsonValue& root) {
    EXPECT_TRUE(root.object([&](std::string_view key, JsonValue& value) {
      views.push_back(key);
      views.push_back(value.string().value());
      return true;
    }));
    EXPECT_EQ(views, (std::vector<std::string_view>{"k1", "v1", "k2", "v2", "k3", "v3"}));
    return true;
  }));
}

TEST(Json, CallsNest) {
  std::string seen;
  EXPECT_TRUE(read_json(R"(["{\"a\":\"[1,2]\"}","tail"])", [&](JsonValue& root) {
    return root.array([&](JsonValue& item) {
      const auto outer = item.string().value();
      if (outer == "tail") return seen += outer, true;
      EXPECT_TRUE(read_json(outer, [&](JsonValue& inner) {
        return inner.object([&](std::string_view, JsonValue& value) {
          return read_json(value.string().value(),
                           [&](JsonValue& innermost) {
                             seen += innermost.raw();
                             return true;
                           })
              .has_value();
        });
      }));
      seen += outer;  // still there after the nested calls
      return true;
    });
  }));
  EXPECT_EQ(seen, R"([1,2]{"a":"[1,2]"}tail)");
}

TEST(Json, ACallbackThatRefusesIsNotCalledAgain) {
  int calls = 0;
  const auto read = read_json("[1,2,3]", [&](JsonValue& root) {
    return root.array([&](JsonValue&) {
      ++calls;
      return false;
    });
  });
  EXPECT_EQ(calls, 1);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kGiveUp);
  EXPECT_EQ(read.error().message, "the JSON does not have the expected form");
}

TEST(Json, ASearchMayStopEarlyButTheRestMustBeSound) {
  const auto first = [](JsonValue& root) {
    root.array([](JsonValue&) { return false; });
    return true;
  };
  EXPECT_TRUE(read_json("[1,2,3]", first));
  EXPECT_FALSE(read_json("[1,2,x]", first));
  EXPECT_FALSE(read_json("[1,2,3] 4", first));
}

TEST(Json, ALargeTextIsReadAndTheNextSmallOneToo) {
  const std::string large(5'000'000, 'x');
  EXPECT_EQ(string_of(written(large)), large);
  EXPECT_EQ(string_of("\"y\""), "y");
}

TEST(JsonWriter, PlacesCommas) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().field("a", 1).field("b", "x").key("c").begin_array();
  writer.integer(1).number(2.5).begin_object().end_object().boolean(false).raw("null").end_array();
  writer.key("d").begin_array().end_array().key("e").boolean(true).end_object();
  EXPECT_EQ(out, R"({"a":1,"b":"x","c":[1,2.5,{},false,null],"d":[],"e":true})");
}

TEST(JsonWriter, EscapesWhatMustBe) {
  EXPECT_EQ(written("a\"b\\c\n\t\r\b\f\x01\x1f/"), R"("a\"b\\c\n\t\r\b\f\u0001\u001f/")");
  EXPECT_EQ(written(std::string(1, '\0')), R"("\u0000")");
  EXPECT_EQ(written("é€😀"), "\"é€😀\"");
}

TEST(JsonWriter, ReplacesInvalidUtf8) {
  const std::string bad = "\"\xEF\xBF\xBD\"";
  EXPECT_EQ(written("\xff"), bad);
  EXPECT_EQ(written("\x80"), bad);
  EXPECT_EQ(written("a\xc3z"), "\"a\xEF\xBF\xBDz\"");              // cut short
  EXPECT_EQ(written("\xe2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");  // one for each byte
  for (const char* text : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_EQ(written(text).substr(1, 3), bad.substr(1, 3));
    EXPECT_TRUE(accepted(written(text)));
  }
}

TEST(JsonWriter, EveryByteComesBackOrIsReplaced) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const auto back = string_of(written(all));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->substr(0, 128), all.substr(0, 128));
}

TEST(JsonWriter, NumbersReadBackAsTheyWere) {
  const auto text = [](double value) {
    std::string out;
    JsonWriter(out).number(value);
    return out;
  };
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(1e22), "1e+22");
  EXPECT_EQ(text(-3), "-3");
  EXPECT_EQ(text(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(text(std::numeric_limits<double>::quiet_NaN()), "null");
  std::string out;
  JsonWriter(out).begin_array().integer(std::numeric_limits<int64_t>::min()).end_array();
  EXPECT_EQ(out, "[-9223372036854775808]");
}

}  // namespace
}  // namespace selvage::wire
