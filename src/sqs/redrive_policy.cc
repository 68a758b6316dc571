// SPDX-License-Identifier: Apache-2.0
#include "sqs/redrive_policy.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "auth/text.h"
#include "sqs/text.h"
#include "wire/json.h"

namespace selvage::sqs {
namespace {

constexpr int64_t kMaxReceiveCount = 1000;
constexpr size_t kMaxSources = 10;

constexpr std::pair<std::string_view, queue::RedriveAllow::Permission> kPermissions[] = {
    {"allowAll", queue::RedriveAllow::Permission::kAll},
    {"denyAll", queue::RedriveAllow::Permission::kNone},
    {"byQueue", queue::RedriveAllow::Permission::kByQueue},
};

// The name in the ARN of a queue of ours, or why it is none. An ARN without region and account
// ("arn:aws:sqs:::name") means the queue here.
std::expected<std::string, std::string_view> queue_in_arn(std::string_view arn,
                                                          const Identity& identity) {
  constexpr std::string_view kNone = "Dead letter target does not exist.";
  constexpr size_t kParts = 6;
  const auto parts = auth::split(arn, ':', kParts);
  if (!arn.starts_with("arn:aws:sqs:") || parts.size() < kParts) return std::unexpected(kNone);
  const std::string_view region = parts[3], account = parts[4], name = parts[5];
  if (!account.empty() && account != identity.account)
    return std::unexpected("Dead letter target owner should be same as the source.");
  if (name.empty() || (!region.empty() && region != identity.region)) return std::unexpected(kNone);
  return std::string(name);
}

struct GivenRedrive {
  std::string target;
  bool has_count = false;
  std::optional<int64_t> count;  // nullopt too when it is no number
};

std::optional<GivenRedrive> read_redrive(const std::string& json) {
  GivenRedrive given;
  const auto parsed = wire::read_json(json, [&](wire::JsonValue& root) {
    return root.object([&](std::string_view key, wire::JsonValue& value) {
      const bool is_text = value.kind() == wire::JsonValue::Kind::kString;
      if (key == "deadLetterTargetArn") given.target = value.string().value_or("");
      if (key != "maxReceiveCount") return true;
      given.has_count = true;
      // Clients send the count as a number or as text; the service takes both.
      given.count = is_text ? whole_number(value.string().value_or("")) : value.integer();
      return true;
    });
  });
  if (!parsed) return std::nullopt;
  return given;
}

// What is wrong with it, in the service's words; empty: nothing.
std::string fault_of(const GivenRedrive& given, const Identity& identity) {
  constexpr std::string_view kMissing = "Redrive policy does not contain mandatory attribute: ";
  if (!given.has_count) return fmt::format("{}maxReceiveCount.", kMissing);
  if (given.target.empty()) return fmt::format("{}deadLetterTargetArn.", kMissing);
  if (!given.count || *given.count < 1 || *given.count > kMaxReceiveCount)
    return fmt::format(
        "Invalid value for maxReceiveCount: {}, valid values are from 1 to {} both inclusive.",
        given.count.value_or(0), kMaxReceiveCount);
  const auto target = queue_in_arn(given.target, identity);
  if (target) return "";
  return std::string(target.error());
}

struct GivenAllow {
  std::string permission;
  std::vector<std::string> arns;
};

std::optional<GivenAllow> read_allow(const std::string& json) {
  GivenAllow given;
  const auto parsed = wire::read_json(json, [&](wire::JsonValue& root) {
    return root.object([&](std::string_view key, wire::JsonValue& value) {
      if (key == "redrivePermission") given.permission = value.string().value_or("");
      if (key != "sourceQueueArns") return key == "redrivePermission";
      return value.array([&](wire::JsonValue& item) {
        const auto arn = item.string();
        if (arn) given.arns.emplace_back(*arn);
        return arn.has_value();
      });
    });
  });
  if (!parsed) return std::nullopt;
  return given;
}

}  // namespace

OrError<std::optional<queue::Redrive>> parse_redrive(const std::string& text,
                                                     const Identity& identity) {
  if (text.empty()) return std::optional<queue::Redrive>();
  const auto given = read_redrive(text);
  if (!given)
    return invalid_value(text, "RedrivePolicy", "Redrive policy is not a valid JSON map.");
  if (const std::string fault = fault_of(*given, identity); !fault.empty())
    return invalid_value(text, "RedrivePolicy", fault);
  return queue::Redrive{*queue_in_arn(given->target, identity),
                        static_cast<uint32_t>(*given->count)};
}

std::string show_redrive(const queue::Redrive& redrive, const Identity& identity) {
  std::string json;
  wire::JsonWriter(json)
      .begin_object()
      .field("deadLetterTargetArn", identity.arn(redrive.dead_letter_queue))
      .field("maxReceiveCount", int64_t{redrive.max_receives})
      .end_object();
  return json;
}

OrError<queue::RedriveAllow> parse_redrive_allow(const std::string& text,
                                                 const Identity& identity) {
  using enum queue::RedriveAllow::Permission;
  queue::RedriveAllow allow;
  if (text.empty()) return allow;
  const auto bad =
      refuse(kInvalidAttributeValue, "Invalid value for the parameter RedriveAllowPolicy.");
  const auto given = read_allow(text);
  if (!given) return bad;
  bool is_known = false;
  for (const auto& [name, permission] : kPermissions) {
    if (name != given->permission) continue;
    allow.permission = permission;
    is_known = true;
  }
  const bool names_sources = !given->arns.empty();
  if (!is_known || names_sources != (allow.permission == kByQueue) ||
      given->arns.size() > kMaxSources)
    return bad;
  for (const std::string& arn : given->arns) {
    auto source = queue_in_arn(arn, identity);
    if (!source) return bad;
    allow.sources.push_back(*std::move(source));
  }
  return allow;
}

std::string show_redrive_allow(const queue::RedriveAllow& allow, const Identity& identity) {
  if (allow == queue::RedriveAllow{}) return "";
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object();
  for (const auto& [name, permission] : kPermissions)
    if (permission == allow.permission) out.field("redrivePermission", name);
  if (!allow.sources.empty()) {
    out.key("sourceQueueArns").begin_array();
    for (const std::string& source : allow.sources) out.string(identity.arn(source));
    out.end_array();
  }
  out.end_object();
  return json;
}

}  // namespace selvage::sqs
