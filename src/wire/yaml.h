// SPDX-License-Identifier: Apache-2.0
#pragma once
// YAML as a plain tree that remembers where everything stands, so that every complaint can name a
// line and a column. The parser behind it is named in yaml.cc only.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace selvage::wire {

struct Position {
  int line = 0;    // from 1; 0: unknown
  int column = 0;  // from 1
};

struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };
  struct Entry;

  Kind kind = Kind::kNull;
  Position at;
  std::string scalar;           // kScalar: the text as written, unquoted
  bool quoted = false;          // kScalar: it stood in quotes
  std::vector<YamlNode> items;  // kSequence
  std::vector<Entry> entries;   // kMap, in the order of the file, duplicates kept
};

struct YamlNode::Entry {
  std::string key;
  Position at;  // of the key
  YamlNode value;
};

struct YamlProblem {
  Position at;
  std::string message;
};

// Parses one document. Failure: the first syntax error, with its place. Anchors and aliases are
// refused (they hide what is configured), as are several documents and keys that are no scalars.
std::expected<YamlNode, YamlProblem> read_yaml(std::string_view text);

}  // namespace selvage::wire
