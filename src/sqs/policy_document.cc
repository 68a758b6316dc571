// SPDX-License-Identifier: Apache-2.0
#include "sqs/policy_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "auth/arn.h"
#include "wire/json.h"

namespace selvage::sqs {
namespace {

using wire::JsonValue;
using Kind = JsonValue::Kind;

constexpr size_t kMaxPolicyBytes = 8192;
constexpr size_t kMaxStatements = 20;
constexpr size_t kMaxPrincipals = 50;
constexpr size_t kMaxConditions = 10;
constexpr size_t kMaxActions = 7;

using Texts = std::vector<std::string>;

// A text, a number or a truth value as its text.
std::optional<std::string> scalar(JsonValue& value) {
  const auto kind = value.kind();
  if (kind == Kind::kString) {
    const auto text = value.string();
    return text ? std::optional<std::string>(*text) : std::nullopt;
  }
  if (kind == Kind::kNumber || kind == Kind::kBool) return std::string(value.raw());
  return std::nullopt;
}

// One text or a list of them.
bool take_texts(JsonValue& value, Texts& out) {
  const auto add = [&](JsonValue& item) {
    const auto text = scalar(item);
    if (text) out.push_back(*text);
    return text.has_value();
  };
  return value.kind() == Kind::kArray ? value.array(add) : add(value);
}

// "*", or {"AWS": …}. Services and federated users are nobody here, and are kept as what they are.
bool take_principals(JsonValue& value, auth::Element& out) {
  if (value.kind() != Kind::kObject) {
    if (!take_texts(value, out.values)) return false;
    return out.values == Texts{"*"};
  }
  return value.object([&](std::string_view kind, JsonValue& names) {
    Texts texts;
    if (!take_texts(names, texts)) return false;
    for (std::string& text : texts)
      out.values.push_back(kind == "AWS" ? std::move(text) : fmt::format("{}:{}", kind, text));
    return true;
  });
}

bool take_conditions(JsonValue& value, std::vector<auth::Condition>& out) {
  return value.object([&](std::string_view op, JsonValue& keys) {
    if (!auth::is_known_operator(op)) return false;
    const std::string name(op);
    return keys.object([&](std::string_view key, JsonValue& values) {
      auth::Condition& condition = out.emplace_back();
      condition.op = name;
      condition.key = key;
      return take_texts(values, condition.values) &&
             std::ranges::none_of(condition.values, auth::has_policy_variable);
    });
  });
}

bool take_effect(JsonValue& value, auth::Effect& out) {
  const auto text = value.string();
  if (text == "Allow") out = auth::Effect::kAllow;
  return text == "Allow" || text == "Deny";
}

// An element that is given twice, or beside its Not form, could be read in two ways: refused.
bool take_statement(JsonValue& value, auth::Statement& s) {
  bool has_effect = false;
  std::set<std::string, std::less<>> seen;
  const auto element = [](bool negated, auth::Element& out) -> auth::Element& {
    out.negated = negated;
    return out;
  };
  const bool sound = value.object([&](std::string_view name, JsonValue& v) {
    const bool negated = name.starts_with("Not");
    const std::string_view kind = negated ? name.substr(3) : name;
    if (!seen.emplace(kind).second) return false;
    if (kind == "Principal") return take_principals(v, element(negated, s.principals));
    if (kind == "Action") return take_texts(v, element(negated, s.actions).values);
    if (kind == "Resource") return take_texts(v, element(negated, s.resources).values);
    if (name == "Condition") return take_conditions(v, s.conditions);
    if (name == "Sid") {
      s.sid = v.string().value_or("");
      return true;
    }
    has_effect = name == "Effect";
    return has_effect && take_effect(v, s.effect);
  });
  return sound && has_effect &&
         std::ranges::none_of(s.resources.values, auth::has_policy_variable) &&
         !s.principals.values.empty() && !s.actions.values.empty() && !s.resources.values.empty() &&
         s.principals.values.size() <= kMaxPrincipals && s.actions.values.size() <= kMaxActions &&
         s.conditions.size() <= kMaxConditions;
}

// A document in its parts, each as it was written.
struct Parts {
  std::vector<std::pair<std::string, std::string>> members;     // but for the statements
  std::vector<std::pair<std::string, std::string>> statements;  // Sid and text
};

std::string sid_of(std::string_view statement) {
  std::string sid;
  const auto read = wire::read_json(statement, [&](JsonValue& root) {
    return root.object([&](std::string_view name, JsonValue& value) {
      if (name == "Sid") sid = value.string().value_or("");
      return true;
    });
  });
  return read ? sid : "";
}

Parts parts_of(const std::string& policy) {
  Parts parts;
  const auto add = [&](JsonValue& statement) {
    const std::string text(statement.raw());
    parts.statements.emplace_back(sid_of(text), text);
    return true;
  };
  const auto read = wire::read_json(policy, [&](JsonValue& root) {
    return root.object([&](std::string_view name, JsonValue& value) {
      if (name == "Statement") return value.kind() == Kind::kArray ? value.array(add) : add(value);
      const std::string key(name);
      parts.members.emplace_back(key, value.raw());
      return true;
    });
  });
  return read ? parts : Parts{};  // it was checked when it was set
}

std::string to_text(const Parts& parts) {
  std::string text;
  wire::JsonWriter out(text);
  out.begin_object();
  for (const auto& [name, value] : parts.members) out.key(name).raw(value);
  out.key("Statement").begin_array();
  for (const auto& [sid, statement] : parts.statements) out.raw(statement);
  out.end_array().end_object();
  return text;
}

// One as itself, several as a list: as the service writes them.
void write_texts(wire::JsonWriter& out, const Texts& texts) {
  if (texts.size() == 1) {
    out.string(texts.front());
    return;
  }
  out.begin_array();
  for (const std::string& text : texts) out.string(text);
  out.end_array();
}

std::string statement_of(const Permission& permission, const std::string& queue_arn) {
  Texts principals, actions;
  for (const std::string& account : permission.accounts)
    principals.push_back(account == "*" ? account : auth::root_arn(account));
  for (const std::string& action : permission.actions) actions.push_back("SQS:" + action);
  std::string text;
  wire::JsonWriter out(text);
  out.begin_object().field("Sid", permission.label).field("Effect", "Allow");
  out.key("Principal").begin_object().key("AWS");
  write_texts(out, principals);
  out.end_object().key("Action");
  write_texts(out, actions);
  out.field("Resource", queue_arn).end_object();
  return text;
}

Parts new_document(const std::string& queue_arn) {
  std::string id;
  wire::JsonWriter(id).string(queue_arn + "/SQSDefaultPolicy");
  return {.members = {{"Version", R"("2008-10-17")"}, {"Id", id}}, .statements = {}};
}

}  // namespace

OrError<auth::Policy> parse_policy(std::string_view text) {
  auth::Policy policy;
  const auto add = [&](JsonValue& value) {
    return policy.statements.size() < kMaxStatements &&
           take_statement(value, policy.statements.emplace_back());
  };
  const auto read = wire::read_json(text, [&](JsonValue& root) {
    return root.object([&](std::string_view name, JsonValue& value) {
      if (name == "Statement") return value.kind() == Kind::kArray ? value.array(add) : add(value);
      const auto plain = scalar(value);
      if (name == "Id" && plain) policy.id = *plain;
      if (name == "Version") return plain == "2012-10-17" || plain == "2008-10-17";
      return name == "Id" && plain.has_value();
    });
  });
  if (!read || text.size() > kMaxPolicyBytes || policy.statements.empty())
    return refuse(kInvalidAttributeValue, "Invalid value for the parameter Policy.");
  return policy;
}

OrError<std::string> with_permission(const std::string& policy, const Permission& permission,
                                     const std::string& queue_arn) {
  Parts parts = policy.empty() ? new_document(queue_arn) : parts_of(policy);
  if (std::ranges::any_of(parts.statements,
                          [&](const auto& s) { return s.first == permission.label; }))
    return invalid_value(permission.label, "Label", "Already exists.");
  if (permission.actions.size() > kMaxActions)
    return refuse(kOverLimit, fmt::format("{} Actions were found, maximum allowed is {}.",
                                          permission.actions.size(), kMaxActions));
  if (parts.statements.size() >= kMaxStatements)
    return refuse(kOverLimit, fmt::format("{} statements were found, maximum allowed is {}.",
                                          parts.statements.size() + 1, kMaxStatements));
  parts.statements.emplace_back(permission.label, statement_of(permission, queue_arn));
  std::string text = to_text(parts);
  if (text.size() > kMaxPolicyBytes)
    return refuse(kOverLimit, fmt::format("The policy would have {} bytes, maximum allowed is {}.",
                                          text.size(), kMaxPolicyBytes));
  return text;
}

OrError<std::string> without_permission(const std::string& policy, const std::string& label) {
  Parts parts = policy.empty() ? Parts{} : parts_of(policy);
  if (std::erase_if(parts.statements, [&](const auto& s) { return s.first == label; }) == 0)
    return invalid_value(label, "Label", "can't find label.");
  return parts.statements.empty() ? std::string() : to_text(parts);
}

}  // namespace selvage::sqs
