// SPDX-License-Identifier: Apache-2.0
#include "wire/yaml.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace selvage::wire {
namespace {

// The tree on one line: plain text as it is, quoted text in quotes, each with its position if
// asked.
std::string drawn(const YamlNode& node, bool positions) {
  const std::string at =
      positions ? fmt::format("@{}:{}", node.at.line, node.at.column) : std::string();
  std::string inside;
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "null" + at;
    case YamlNode::Kind::kScalar:
      return (node.quoted ? fmt::format("'{}'", node.scalar) : node.scalar) + at;
    case YamlNode::Kind::kSequence:
      for (const auto& item : node.items) inside += drawn(item, positions) + " ";
      return fmt::format("[{}]{}", inside, at);
    case YamlNode::Kind::kMap:
      for (const auto& entry : node.entries) {
        inside += entry.key;
        if (positions) inside += fmt::format("@{}:{}", entry.at.line, entry.at.column);
        inside += "=" + drawn(entry.value, positions) + " ";
      }
      return fmt::format("{{{}}}{}", inside, at);
  }
  return "?";
}

std::string complaint(const YamlProblem& problem) {
  return fmt::format("{}:{} {}", problem.at.line, problem.at.column, problem.message);
}

std::string tree(std::string_view text) {
  const auto read = read_yaml(text);
  return read ? drawn(*read, false) : complaint(read.error());
}

std::string tree_with_positions(std::string_view text) {
  const auto read = read_yaml(text);
  return read ? drawn(*read, true) : complaint(read.error());
}

TEST(Yaml, MapsSequencesAndScalarsBecomeATree) {
  EXPECT_EQ(tree("a: 1\nb: [x, y]\nc: {d: e, f: {}}\ng:\n  - h\n  - i: j\n"),
            "{a=1 b=[x y ] c={d=e f={} } g=[h {i=j } ] }");
}

TEST(Yaml, ScalarsStayTheTextThatWasWritten) {
  EXPECT_EQ(tree("[012, no, 1e3, 0x10, yes, 3.0, 2001-01-01, on]"),
            "[012 no 1e3 0x10 yes 3.0 2001-01-01 on ]");
}

TEST(Yaml, QuotesAreRememberedAndTakenOff) {
  EXPECT_EQ(tree("['1', \"a\\tb\", 1, '']"), "['1' 'a\tb' 1 '' ]");
  EXPECT_EQ(tree("a: |\n  two\n  lines\n"), "{a='two\nlines\n' }");
}

TEST(Yaml, DuplicateKeysAreKeptInTheirOrder) {
  EXPECT_EQ(tree_with_positions("a: 1\nb: 2\na: 3\n"),
            "{a@1:1=1@1:4 b@2:1=2@2:4 a@3:1=3@3:4 }@1:1");
}

TEST(Yaml, EverythingKnowsWhereItStands) {
  EXPECT_EQ(tree_with_positions("# comment\na:\n  b: [x,  y]\n  c: \"q\"\n"),
            "{a@2:1={b@3:3=[x@3:7 y@3:11 ]@3:6 c@4:3='q'@4:6 }@3:3 }@2:1");
}

TEST(Yaml, AMissingValueStandsAtItsKey) {
  EXPECT_EQ(tree_with_positions("a:\n\n\nb: ~\n"), "{a@1:1=null@1:1 b@4:1=null@4:4 }@1:1");
  EXPECT_EQ(tree_with_positions("s:\n  a:\nt: 1\n"),
            "{s@1:1={a@2:3=null@2:3 }@2:3 t@3:1=1@3:4 }@1:1");
}

TEST(Yaml, AnEmptyTextIsNull) {
  EXPECT_EQ(tree(""), "null");
  EXPECT_EQ(tree("# nothing but a comment\n"), "null");
  EXPECT_EQ(tree("---\n"), "null");
}

TEST(Yaml, DosLineEndsAndAByteOrderMarkAreAccepted) {
  EXPECT_EQ(tree("\xEF\xBB\xBF"
                 "a: 1\r\nb: x\r\n"),
            "{a=1 b=x }");
}

TEST(Yaml, ASyntaxErrorNamesItsPlace) {
  EXPECT_EQ(tree("a: [1, 2\n"), "2:1 not valid YAML: end of sequence flow not found");
  EXPECT_EQ(tree("a: b: c\n"),
            "1:5 not valid YAML: no ':' can stand here; check the indentation, or quote the text");
  EXPECT_EQ(tree("a:\n\t- b\n").substr(0, 4), "2:2 ");
}

TEST(Yaml, AnOpenQuoteIsNoticedHoweverTheFileEnds) {
  for (const char* text : {"a: \"x", "a: \"x\n", "a: \"x\nb: y\n", "a: 'x\nb: 1\n\n", "a: 'x\n  ",
                           "a: \"x\n\t", "a: \"x\r\n", "a: 'x ", "a: \"x\\\"\n"}) {
    EXPECT_TRUE(tree(text).ends_with("the file ends inside a quoted text")) << tree(text);
  }
}

TEST(Yaml, TheEndOfATextBlockIsAsWritten) {
  EXPECT_EQ(tree("a: |\n  x\n"), "{a='x\n' }");
  EXPECT_EQ(tree("a: |\n  x"), "{a='x' }");
  EXPECT_EQ(tree("a: |-\n  x\n"), "{a='x' }");
  EXPECT_EQ(tree("a: |+\n  x\n\n"), "{a='x\n\n' }");
}

TEST(Yaml, AnchorsAliasesAndTagsAreRefused) {
  EXPECT_EQ(tree("a: &x 1\nb: 2\n"),
            "1:4 an anchor (&) stands here: write each value where it is used");
  EXPECT_EQ(tree("a: &x {c: 1}\nb: *x\n").substr(0, 3), "1:4");
  EXPECT_EQ(tree("a: !!str 1\n"), "1:4 a tag (!) stands here: write the plain value");
  EXPECT_EQ(tree("a: !thing {b: 1}\n"), "1:4 a tag (!) stands here: write the plain value");
}

TEST(Yaml, KeysAreScalars) {
  EXPECT_EQ(tree("{[a]: 1}"), "1:2 this key is not a plain text");
  EXPECT_EQ(tree("~: 1\n"), "1:1 this key is not a plain text");
}

TEST(Yaml, ASecondDocumentIsRefused) {
  EXPECT_EQ(tree("a: 1\n---\nb: 2\n"),
            "2:1 this does not belong to the document before it: a file holds one");
  EXPECT_EQ(tree("---\na: 1\n...\n"), "{a=1 }");
}

TEST(Yaml, AStrayTokenIsRefusedAndDoesNotLoopForever) {
  for (const char* text : {",", "]", "}", ",a: 1", "a: 1\n,", "a: 1\n]\n", "--- ]"}) {
    EXPECT_FALSE(read_yaml(text)) << text << " is " << tree(text);
  }
}

TEST(Yaml, DeepNestingIsRefusedAndDoesNotCrash) {
  EXPECT_TRUE(tree(std::string(100'000, '[')).ends_with("the file is nested too deep"));
  std::string maps;
  for (int i = 0; i < 20'000; ++i) maps += "{a: ";
  EXPECT_TRUE(tree(maps).ends_with("the file is nested too deep"));
}

TEST(Yaml, BytesThatAreNoTextAreRefused) {
  EXPECT_EQ(tree("a: 1\nb: \xff\n"), "2:4 this byte is not UTF-8");
  EXPECT_EQ(tree("a: 1\x04\nb: 2\n"), "1:5 a control character stands here");
  EXPECT_EQ(tree(std::string_view("a\0b", 3)), "1:2 a control character stands here");
  EXPECT_EQ(tree("a: é€😀\n"), "{a=é€😀 }");
}

}  // namespace
}  // namespace selvage::wire
