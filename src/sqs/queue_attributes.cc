// SPDX-License-Identifier: Apache-2.0
#include "sqs/queue_attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <functional>
#include <optional>

#include "wire/json.h"

namespace selvage::sqs {
namespace {

using queue::ConfigPatch;
using queue::QueueConfig;
using queue::QueueInfo;
using std::chrono::seconds;

constexpr int64_t kMinMessageSize = 1024;
constexpr int64_t kMaxMessageSize = 1 << 20;
constexpr int64_t kMaxReceiveCount = 1000;
constexpr int64_t kDefaultReceiveCount = 10;
constexpr size_t kMaxQueueName = 80;

// An attribute that is a number of seconds (SQS-CONTRACT, 1.2).
struct SecondsAttribute {
  std::string_view name;
  int64_t min, max;
  std::optional<Duration> ConfigPatch::* patch;
  Duration QueueConfig::* setting;
};
constexpr SecondsAttribute kSeconds[] = {
    {"VisibilityTimeout", 0, 43'200, &ConfigPatch::visibility, &QueueConfig::visibility},
    {"DelaySeconds", 0, 900, &ConfigPatch::delay, &QueueConfig::delay},
    {"MessageRetentionPeriod", 60, 1'209'600, &ConfigPatch::retention, &QueueConfig::retention},
    {"ReceiveMessageWaitTimeSeconds", 0, 20, &ConfigPatch::receive_wait,
     &QueueConfig::receive_wait},
};

// Known to Amazon, not yet to us: refused by name, so that nobody relies on what has no effect.
constexpr std::string_view kLater[] = {"Policy",
                                       "RedriveAllowPolicy",
                                       "KmsMasterKeyId",
                                       "KmsDataKeyReusePeriodSeconds",
                                       "SqsManagedSseEnabled",
                                       "FifoQueue",
                                       "ContentBasedDeduplication",
                                       "DeduplicationScope",
                                       "FifoThroughputLimit"};

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::unexpected<ApiError> bad_value(std::string_view name) {
  return refuse(kInvalidAttributeValue, fmt::format("Invalid value for the parameter {}.", name));
}

OrError<std::optional<queue::Redrive>> parse_redrive(const std::string& text) {
  if (text.empty()) return std::optional<queue::Redrive>();
  std::string target;
  std::optional<int64_t> count = kDefaultReceiveCount;
  const auto parsed = wire::read_json(text, [&](wire::JsonValue& root) {
    return root.object([&](std::string_view key, wire::JsonValue& value) {
      const bool is_text = value.kind() == wire::JsonValue::Kind::kString;
      if (key == "deadLetterTargetArn") target = value.string().value_or("");
      // Clients send the count as a number or as text; the service takes both.
      if (key == "maxReceiveCount")
        count = is_text ? whole_number(value.string().value_or("")) : value.integer();
      return true;
    });
  });
  const size_t name_at = target.rfind(':');
  if (!parsed || !target.starts_with("arn:aws:sqs:") || name_at + 1 >= target.size() || !count ||
      *count < 1 || *count > kMaxReceiveCount)
    return bad_value("RedrivePolicy");
  return queue::Redrive{target.substr(name_at + 1), static_cast<uint32_t>(*count)};
}

OrError<void> parse_attribute(const std::string& name, const std::string& text,
                              ConfigPatch& patch) {
  const auto number = whole_number(text);
  for (const SecondsAttribute& a : kSeconds) {
    if (a.name != name) continue;
    if (!number || *number < a.min || *number > a.max) return bad_value(name);
    patch.*a.patch = seconds(*number);
    return {};
  }
  if (name == "MaximumMessageSize") {
    if (!number || *number < kMinMessageSize || *number > kMaxMessageSize) return bad_value(name);
    patch.max_message_bytes = static_cast<uint32_t>(*number);
    return {};
  }
  if (name == "RedrivePolicy") {
    auto redrive = parse_redrive(text);
    if (!redrive) return std::unexpected(std::move(redrive).error());
    patch.redrive = *std::move(redrive);
    return {};
  }
  if (std::ranges::find(kLater, name) != std::end(kLater))
    return refuse(
        kInvalidAttributeName,
        fmt::format("The attribute {} is not supported by this version of Selvage.", name));
  return refuse(kInvalidAttributeName, fmt::format("Unknown Attribute {}.", name));
}

std::string show_seconds(Duration d) {
  return std::to_string(std::chrono::duration_cast<seconds>(d).count());
}
std::string show_seconds(Instant t) {
  return show_seconds(t.time_since_epoch());
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

}  // namespace

OrError<ConfigPatch> parse_queue_attributes(const QueueAttributes& attributes) {
  ConfigPatch patch;
  for (const auto& [name, text] : attributes)
    if (auto parsed = parse_attribute(name, text, patch); !parsed)
      return std::unexpected(std::move(parsed).error());
  return patch;
}

OrError<QueueAttributes> show_queue_attributes(const QueueInfo& info,
                                               const std::vector<std::string>& names,
                                               const Identity& identity) {
  QueueAttributes all = {
      {"ApproximateNumberOfMessages", std::to_string(info.visible)},
      {"ApproximateNumberOfMessagesNotVisible", std::to_string(info.in_flight)},
      {"ApproximateNumberOfMessagesDelayed", std::to_string(info.delayed)},
      {"CreatedTimestamp", show_seconds(info.created)},
      {"LastModifiedTimestamp", show_seconds(info.modified)},
      {"QueueArn", identity.arn(info.name)},
      {"MaximumMessageSize", std::to_string(info.config.max_message_bytes)},
  };
  for (const SecondsAttribute& a : kSeconds)
    all.emplace(a.name, show_seconds(info.config.*a.setting));
  if (info.config.redrive)
    all.emplace("RedrivePolicy", show_redrive(*info.config.redrive, identity));

  QueueAttributes shown;
  for (const std::string& name : names) {
    if (name == "All") return all;
    const auto at = all.find(name);
    const bool known = at != all.end() || name == "RedrivePolicy" ||
                       std::ranges::find(kLater, name) != std::end(kLater);
    if (!known) return refuse(kInvalidAttributeName, fmt::format("Unknown Attribute {}.", name));
    if (at != all.end()) shown.insert(*at);
  }
  return shown;
}

OrError<void> check_queue_name(const std::string& name) {
  if (name.empty())
    return refuse(kMissingParameter, "The request must contain the parameter QueueName.");
  if (name.ends_with(".fifo"))
    return refuse(kInvalidParameterValue,
                  "FIFO queues are not supported by this version of Selvage: choose a name that "
                  "does not end in .fifo.");
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  };
  if (name.size() > kMaxQueueName || !std::ranges::all_of(name, allowed))
    return refuse(kInvalidParameterValue,
                  "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in "
                  "length.");
  return {};
}

}  // namespace selvage::sqs
