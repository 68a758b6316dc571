// SPDX-License-Identifier: Apache-2.0
#include "wire/form.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace selvage::wire {
namespace {

// The tree as text: name=value where there is a value, {…} around children.
std::string print(FormNode node) {
  std::string out;
  if (const auto text = node.text()) out += fmt::format("={}", *text);
  if (!node.has_children()) return out;
  out += node.is_numbered() ? "#{" : "{";
  node.children([&](std::string_view name, FormNode child) {
    out += fmt::format(" {}{}", name, print(child));
    return true;
  });
  return out + " }";
}

std::string tree(std::string_view encoded) {
  Form form;
  const auto read = form.read(encoded);
  if (!read) return read.error().message;
  return print(form.root());
}

TEST(Form, NamesAndValuesAreDecoded) {
  struct Case {
    std::string_view encoded, tree;
  };
  for (const auto& [encoded, expected] : {
           Case{"", ""},
           Case{"a=b", "{ a=b }"},
           Case{"a=b&c=d", "{ a=b c=d }"},
           Case{"a=b=c", "{ a=b=c }"},
           Case{"a", "{ a= }"},
           Case{"a=", "{ a= }"},
           Case{"&&a=b&", "{ a=b }"},
           Case{"=nameless", ""},
           Case{"a=one+two", "{ a=one two }"},
           Case{"a=1%2B1%3D2%26%25", "{ a=1+1=2&% }"},
           Case{"%61%2e%62=x", "{ a{ b=x } }"},
           Case{"a=%c3%A9\xC3\xA9", "{ a=\xC3\xA9\xC3\xA9 }"},
       })
    EXPECT_EQ(tree(encoded), expected) << encoded;
}

TEST(Form, DotsMakeATreeWhateverTheOrder) {
  EXPECT_EQ(tree("E.2.Id=b&Q=q&E.1.V.T=x&E.1.Id=a&E.1.V.S=y"),
            "{ E#{ 1{ Id=a V{ S=y T=x } } 2{ Id=b } } Q=q }");
}

TEST(Form, NumbersStandInTheirOrderAndFirst) {
  EXPECT_EQ(tree("N.10=c&N.9=b&N.x=d&N.1=a&N.1a=e&N.0=z"), "{ N#{ 0=z 1=a 9=b 10=c 1a=e x=d } }");
  EXPECT_EQ(tree("N.99999999999999999999999=b&N.2=a"), "{ N#{ 2=a 99999999999999999999999=b } }");
}

TEST(Form, NamesThatBeginAlikeAreDistinct) {
  EXPECT_EQ(tree("A-b=1&A.x=2&Ab=3&A=4&A.x.y=5"), "{ A=4{ x=2{ y=5 } } A-b=1 Ab=3 }");
}

TEST(Form, NamesWithoutPartsAreNoTrap) {
  EXPECT_EQ(tree("A..B=1"), "{ A{ { B=1 } } }");
  EXPECT_EQ(tree("A.=1"), "{ A=1 }");
  EXPECT_EQ(tree(".=1&..=2"), "{ =1{ =2 } }");
  EXPECT_EQ(tree("N.01=b&N.1=a"), "{ N#{ 1=a 01=b } }");
}

TEST(Form, LastOfEqualNamesWins) {
  EXPECT_EQ(tree("a=1&b=x&a=2&a=3"), "{ a=3 b=x }");
}

TEST(Form, SeveralTextsMakeOneForm) {
  Form form;
  ASSERT_TRUE(form.read("a=query&b=1"));
  ASSERT_TRUE(form.read(""));
  ASSERT_TRUE(form.read("a=body&c=2"));
  EXPECT_EQ(print(form.root()), "{ a=body b=1 c=2 }");
}

TEST(Form, BadEscapesAndBytesAreRefused) {
  for (const char* bad : {"a=%", "a=%4", "a=%4x", "a=%x4", "%", "%%41=b", "a=%+41"})
    EXPECT_EQ(tree(bad), "malformed form: a percent sign is not followed by two hex digits") << bad;
  for (const char* bad : {"a=%FF", "a=\xFF", "%C3=a", "a=%ED%A0%80"})
    EXPECT_EQ(tree(bad), "malformed form: it is not UTF-8") << bad;
}

TEST(Form, FieldsAndDepthAreBounded) {
  std::string many;
  for (size_t i = 0; i < kMaxFormFields; ++i) many += fmt::format("a.{}=x&", i);
  Form form;
  EXPECT_TRUE(form.read(many));
  EXPECT_FALSE(form.read("one=more"));
  EXPECT_EQ(tree("a.b.c.d.e.f.g.h.i.j=x").find("more than"), std::string::npos);
  EXPECT_EQ(tree("a.b.c.d.e.f.g.h.i.j.k=x"), "a name in the form has more than 10 parts");
}

TEST(Form, WalkStopsWhenTheVisitorRefuses) {
  Form form;
  ASSERT_TRUE(form.read("a=1&b=2&c=3"));
  int seen = 0;
  EXPECT_FALSE(form.root().children([&](std::string_view name, FormNode) {
    ++seen;
    return name != "b";
  }));
  EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace selvage::wire
