// SPDX-License-Identifier: Apache-2.0
#include "sqs/value.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "sqs/text.h"

namespace selvage::sqs {
namespace {

using wire::FormNode;
using wire::JsonValue;
using Kind = wire::JsonValue::Kind;

// What a form calls by another name than JSON, at any depth.
struct Translation {
  std::string_view form, json;
};
constexpr Translation kTranslations[] = {
    {"AttributeName", "AttributeNames"},
    {"MessageAttributeName", "MessageAttributeNames"},
    {"MessageSystemAttributeName", "MessageSystemAttributeNames"},
    {"Attribute", "Attributes"},
    {"MessageAttribute", "MessageAttributes"},
    {"MessageSystemAttribute", "MessageSystemAttributes"},
    {"SendMessageBatchRequestEntry", "Entries"},
    {"DeleteMessageBatchRequestEntry", "Entries"},
    {"ChangeMessageVisibilityBatchRequestEntry", "Entries"},
    {"Tag", "Tags"},
    {"TagKey", "TagKeys"},
    {"AWSAccountId", "AWSAccountIds"},
    {"ActionName", "Actions"},
};

std::string_view json_name(std::string_view form_name) {
  const auto found = std::ranges::find(kTranslations, form_name, &Translation::form);
  return found == std::end(kTranslations) ? form_name : found->json;
}

// The elements of a list or a map: the children with numbers, or else the node itself. Clients say
// that there are none by an empty one.
bool elements(FormNode node, FunctionRef<bool(FormNode element)> each) {
  if (node.text() == "") return true;
  if (!node.is_numbered()) return each(node);
  return node.children([&](std::string_view, FormNode child) { return each(child); });
}

// One element of a map: its key and its value.
bool read_entry(FormNode element, FunctionRef<bool(std::string_view key, Value& value)> each) {
  std::optional<std::string_view> key;
  FormNode value;
  element.children([&](std::string_view name, FormNode child) {
    if (name == "Name" || name == "Key") key = child.text();
    if (name == "Value") value = child;
    return true;
  });
  Value wrapped(value);
  return key && each(*key, wrapped);
}

}  // namespace

std::optional<std::string_view> Value::text() {
  return json_ != nullptr ? json_->string() : form_.text();
}

std::optional<int64_t> Value::integer() {
  if (json_ != nullptr) return json_->integer();
  return whole_number(form_.text().value_or(""));
}

std::optional<bool> Value::boolean() {
  if (json_ != nullptr) return json_->boolean();
  const auto word = form_.text();
  if (word == "true") return true;
  if (word == "false") return false;
  return std::nullopt;
}

std::optional<std::string> Value::bytes() {
  const auto encoded = text();
  return encoded ? from_base64(*encoded) : std::nullopt;
}

bool Value::list(FunctionRef<bool(Value& item)> each) {
  if (json_ == nullptr)
    return elements(form_, [&](FormNode element) {
      Value item(element);
      return each(item);
    });
  return json_->array([&](JsonValue& element) {
    Value item(element);
    return element.kind() == Kind::kNull || each(item);
  });
}

bool Value::map(FunctionRef<bool(std::string_view key, Value& value)> each) {
  if (json_ != nullptr) return json_members(each);
  return elements(form_, [&](FormNode element) { return read_entry(element, each); });
}

bool Value::object(FunctionRef<bool(std::string_view name, Value& value)> each) {
  if (json_ != nullptr) return json_members(each);
  return form_.children([&](std::string_view name, FormNode child) {
    Value value(child);
    return each(json_name(name), value);
  });
}

bool Value::json_members(FunctionRef<bool(std::string_view name, Value& value)> each) {
  return json_->object([&](std::string_view name, JsonValue& member) {
    Value value(member);
    return member.kind() == Kind::kNull || each(name, value);
  });
}

std::optional<std::string_view> Value::json_object() {
  if (json_ == nullptr || json_->kind() != Kind::kObject) return std::nullopt;
  return json_->raw();
}

bool take(Value& value, std::string& out) {
  const auto text = value.text();
  if (text) out = *text;
  return text.has_value();
}

bool take(Value& value, std::optional<std::string>& out) {
  return take(value, out.emplace());
}

bool take(Value& value, std::optional<int64_t>& out) {
  out = value.integer();
  return out.has_value();
}

bool take(Value& value, bool& out) {
  const auto flag = value.boolean();
  out = flag.value_or(false);
  return flag.has_value();
}

bool take(Value& value, std::vector<std::string>& out) {
  out.clear();
  return value.list([&](Value& item) { return take(item, out.emplace_back()); });
}

bool take(Value& value, std::map<std::string, std::string>& out) {
  out.clear();
  return value.map(
      [&](std::string_view key, Value& text) { return take(text, out[std::string(key)]); });
}

}  // namespace selvage::sqs
