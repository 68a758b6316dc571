// SPDX-License-Identifier: Apache-2.0
// Reading YAML with yaml-cpp's events. Its node tree would drop the second of two equal keys, and
// with it what a person most needs to be told.
#include "wire/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "base/check.h"
#include "wire/utf8.h"

namespace selvage::wire {
namespace {

Position position_of(const YAML::Mark& mark) {
  return mark.is_null() ? Position{} : Position{mark.line + 1, mark.column + 1};
}

// The tags that yaml-cpp gives to what has none: "?" plain, "!" quoted or a block of text.
bool is_implied(const std::string& tag) {
  return tag.empty() || tag == "?" || tag == "!";
}

// Builds the tree from the events. After the first problem the rest is only counted off.
class Builder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      complain(mark, "this does not belong to the document before it: a file holds one");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    YamlNode node;
    node.at = position_of(mark);
    add(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    complain(mark, "an alias (*) stands here: write the value itself");
    add({});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    refuse_anchor(mark, anchor);
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.at = position_of(mark);
    node.scalar = value;
    node.quoted = tag == "!";
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::kSequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  std::expected<YamlNode, YamlProblem> result() && {
    if (problem_) return std::unexpected(std::move(*problem_));
    return std::move(root_);
  }

 private:
  // A collection that is not closed yet; in a map, the key whose value comes next.
  struct Open {
    YamlNode node;
    std::optional<YamlNode> key;
  };

  void complain(const YAML::Mark& mark, std::string message) {
    complain(position_of(mark), std::move(message));
  }
  void complain(Position at, std::string message) {
    if (!problem_) problem_ = YamlProblem{at, std::move(message)};
  }

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) complain(mark, "an anchor (&) stands here: write each value where it is used");
  }
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!is_implied(tag)) complain(mark, "a tag (!) stands here: write the plain value");
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    refuse_tag(mark, tag);
    refuse_anchor(mark, anchor);
    Open next;
    next.node.kind = kind;
    next.node.at = position_of(mark);
    open_.push_back(std::move(next));
  }

  void close() {
    SELVAGE_CHECK(!open_.empty());
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (Open& parent = open_.back(); parent.node.kind == YamlNode::Kind::kSequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      add_key(parent, std::move(node));
    } else {
      add_value(parent, std::move(node));
    }
  }

  void add_key(Open& map, YamlNode key) {
    if (key.kind != YamlNode::Kind::kScalar) complain(key.at, "this key is not a plain text");
    map.key = std::move(key);
  }

  void add_value(Open& map, YamlNode value) {
    // yaml-cpp places a value that is not there at the next token, which may be far below.
    if (value.kind == YamlNode::Kind::kNull && value.at.line != map.key->at.line) {
      value.at = map.key->at;
    }
    map.node.entries.push_back({std::move(map.key->scalar), map.key->at, std::move(value)});
    map.key.reset();
  }

  YamlNode root_;
  std::vector<Open> open_;
  std::optional<YamlProblem> problem_;
  int documents_ = 0;
};

Position position_at(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {static_cast<int>(lines) + 1, static_cast<int>(offset - line_start) + 1};
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

// yaml-cpp takes the byte 4 for the end of the file and guesses at bytes that are no UTF-8.
std::optional<YamlProblem> find_bad_byte(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8_length(text.substr(i));
    if (length == 0) return YamlProblem{position_at(text, i), "this byte is not UTF-8"};
    if (is_control(text[i])) {
      return YamlProblem{position_at(text, i), "a control character stands here"};
    }
    i += length;
  }
  return std::nullopt;
}

// yaml-cpp closes an open quote by itself when the file ends in white space, and so swallows all
// that follows the quote. A comment at the very end makes it notice.
std::string with_visible_end(std::string_view text) {
  std::string result(text);
  if (result.empty()) return result;
  if (result.back() == ' ' || result.back() == '\t') result += '\n';
  if (result.back() == '\n' || result.back() == '\r') result += '#';
  return result;
}

// In the words of somebody who does not know the parser.
std::string explain(const std::string& message) {
  if (message == YAML::ErrorMsg::BAD_FILE) return "the file is nested too deep";
  if (message == YAML::ErrorMsg::EOF_IN_SCALAR) return "the file ends inside a quoted text";
  if (message == YAML::ErrorMsg::MAP_VALUE) {
    return "not valid YAML: no ':' can stand here; check the indentation, or quote the text";
  }
  return fmt::format("not valid YAML: {}", message);
}

}  // namespace

std::expected<YamlNode, YamlProblem> read_yaml(std::string_view text) {
  if (auto bad = find_bad_byte(text)) return std::unexpected(std::move(*bad));
  Builder builder;
  try {
    std::istringstream in(with_visible_end(text));
    YAML::Parser parser(in);
    // Not "while": yaml-cpp gives an empty document without end for a token that it cannot place.
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
  } catch (const YAML::Exception& error) {
    return std::unexpected(YamlProblem{position_of(error.mark), explain(error.msg)});
  } catch (const std::exception& error) {
    return std::unexpected(YamlProblem{{}, fmt::format("not valid YAML: {}", error.what())});
  }
  return std::move(builder).result();
}

}  // namespace selvage::wire
