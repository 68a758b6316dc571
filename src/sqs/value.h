// SPDX-License-Identifier: Apache-2.0
#pragma once
// A request's parameters, whichever protocol they came in. Actions read them by their JSON names;
// what a form calls otherwise is translated here (SQS-CONTRACT, 1.5):
//
//   JSON                              form
//   "AttributeNames": ["A", "B"]      AttributeName.1=A & AttributeName.2=B
//   "Attributes": {"A": "x"}          Attribute.1.Name=A & Attribute.1.Value=x
//   "Tags": {"k": "v"}                Tag.1.Key=k & Tag.1.Value=v
//   "Entries": [{"Id": "a"}]          SendMessageBatchRequestEntry.1.Id=a
//
// A form may leave the number out where there is one element: AttributeName=A.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "wire/form.h"
#include "wire/json.h"

namespace selvage::sqs {

// A JSON null counts as absent: no callback sees one. Of members or keys that are given twice, both
// are seen, the one that counts last. Each may be read once; text stays valid while the request is
// read.
class Value {
 public:
  explicit Value(wire::JsonValue& json) : json_(&json) {}
  explicit Value(wire::FormNode form) : form_(form) {}

  // nullopt when the value is of another kind.
  std::optional<std::string_view> text();
  std::optional<int64_t> integer();
  std::optional<bool> boolean();
  std::optional<std::string> bytes();  // from base64

  // Each stops and returns false when the callback does, or when the value is of another kind.
  bool list(FunctionRef<bool(Value& item)> each);
  bool map(FunctionRef<bool(std::string_view key, Value& value)> each);      // keys are data
  bool object(FunctionRef<bool(std::string_view name, Value& value)> each);  // names are the API's

  // The text of a JSON object as it stands; nullopt for anything else.
  std::optional<std::string_view> json_object();

 private:
  bool json_members(FunctionRef<bool(std::string_view name, Value& value)> each);

  wire::JsonValue* json_ = nullptr;  // none: a form's
  wire::FormNode form_;
};

// Fills `out` from a value; false when the value is of another kind.
bool take(Value& value, std::string& out);
bool take(Value& value, std::optional<std::string>& out);
bool take(Value& value, std::optional<int64_t>& out);
bool take(Value& value, bool& out);
bool take(Value& value, std::vector<std::string>& out);
bool take(Value& value, std::map<std::string, std::string>& out);

}  // namespace selvage::sqs
