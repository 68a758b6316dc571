// SPDX-License-Identifier: Apache-2.0
#pragma once
// application/x-www-form-urlencoded, the format of forms and of URL queries, and the tree that
// dots make of its names:
//
//   Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&QueueName=q
//
//   (root) ┬ Attribute ─ 1 ┬ Name  = DelaySeconds
//          │               └ Value = 5
//          └ QueueName = q
//
// There is no tree in memory: the fields are sorted so that a node is a run of them.

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/function_ref.h"

namespace selvage::wire {

inline constexpr size_t kMaxFormFields = 2000;
inline constexpr size_t kMaxFormDepth = 10;  // parts of a name

struct FormField {
  std::string_view name;
  std::string_view value;
};

// A place in the tree of names. Valid as long as its Form.
class FormNode {
 public:
  FormNode() = default;  // a place where nothing is
  FormNode(std::span<const FormField> fields, size_t path) : fields_(fields), path_(path) {}

  // The value of exactly this name; the last one when it was given more than once.
  std::optional<std::string_view> text() const;
  bool has_children() const;
  // Whether the children have numbers for names: 1, 2, …
  bool is_numbered() const;
  // Calls back for each child: those with numbers first, by value, then the others by name. Stops
  // and returns false when the callback does.
  bool children(FunctionRef<bool(std::string_view name, FormNode child)> each) const;

 private:
  std::string_view part(const FormField& field) const;
  std::span<const FormField> own() const;    // those that end here
  std::span<const FormField> below() const;  // those that go on

  std::span<const FormField> fields_;  // all begin with the same path
  size_t path_ = 0;                    // its bytes, with the dot at its end
};

// Owns the decoded text of what was read into it.
class Form {
 public:
  // Adds the fields of `encoded`. Failure (kGiveUp): one sentence; a bad escape, bytes that are not
  // UTF-8, too many fields or too deep a name. A field without a name is skipped.
  Result<void> read(std::string_view encoded);
  // To be called after the last read(); a further read() makes nodes invalid.
  FormNode root();

 private:
  Result<void> read_field(std::string_view encoded);
  Result<std::string_view> decode(std::string_view encoded);

  std::vector<std::unique_ptr<char[]>> texts_;
  char* free_ = nullptr;  // the rest of the last text: decoding never makes longer
  std::vector<FormField> fields_;
};

}  // namespace selvage::wire
