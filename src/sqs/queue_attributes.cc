// SPDX-License-Identifier: Apache-2.0
#include "sqs/queue_attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>

#include "sqs/policy_document.h"
#include "sqs/redrive_policy.h"
#include "sqs/text.h"

namespace selvage::sqs {
namespace {

using queue::ConfigPatch;
using queue::QueueConfig;
using queue::QueueInfo;
using std::chrono::seconds;

constexpr int64_t kMinMessageSize = 1024;
constexpr int64_t kMaxMessageSize = 1 << 20;
constexpr size_t kMaxQueueName = 80;
constexpr std::string_view kFifoSuffix = ".fifo";

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

// An attribute that is one of two texts.
struct ChoiceAttribute {
  std::string_view name, no, yes;
  std::optional<bool> ConfigPatch::* patch;
};
constexpr ChoiceAttribute kFifoChoices[] = {
    {"ContentBasedDeduplication", "false", "true", &ConfigPatch::content_based_deduplication},
    {"DeduplicationScope", "queue", "messageGroup", &ConfigPatch::deduplicates_per_group},
    {"FifoThroughputLimit", "perQueue", "perMessageGroupId", &ConfigPatch::throughput_per_group},
};
constexpr ChoiceAttribute kManagedSse{"SqsManagedSseEnabled", "false", "true",
                                      &ConfigPatch::sse_managed};
constexpr int64_t kMinKmsReuse = 60;
constexpr int64_t kMaxKmsReuse = 86'400;
constexpr auto kDefaultKmsReuse = seconds(300);

std::unexpected<ApiError> bad_value(std::string_view name) {
  return refuse(kInvalidAttributeValue, fmt::format("Invalid value for the parameter {}.", name));
}

std::unexpected<ApiError> unknown(std::string_view name) {
  return refuse(kInvalidAttributeName, fmt::format("Unknown Attribute {}.", name));
}

OrError<void> parse_choice(const ChoiceAttribute& attribute, const std::string& text,
                           ConfigPatch& patch) {
  if (text != attribute.no && text != attribute.yes) return bad_value(attribute.name);
  patch.*attribute.patch = text == attribute.yes;
  return {};
}

OrError<void> parse_number(const std::string& name, const std::string& text, ConfigPatch& patch) {
  const auto number = whole_number(text);
  const auto is_within = [&](int64_t min, int64_t max) {
    return number && *number >= min && *number <= max;
  };
  for (const SecondsAttribute& a : kSeconds) {
    if (a.name != name) continue;
    if (!is_within(a.min, a.max)) return bad_value(name);
    patch.*a.patch = seconds(*number);
    return {};
  }
  if (name == "MaximumMessageSize") {
    if (!is_within(kMinMessageSize, kMaxMessageSize)) return bad_value(name);
    patch.max_message_bytes = static_cast<uint32_t>(*number);
    return {};
  }
  if (name != "KmsDataKeyReusePeriodSeconds") return unknown(name);
  if (!is_within(kMinKmsReuse, kMaxKmsReuse)) return bad_value(name);
  patch.kms_reuse = seconds(*number);
  return {};
}

OrError<void> parse_policies(const std::string& name, const std::string& text,
                             const AttributeContext& context, ConfigPatch& patch) {
  if (name == "RedrivePolicy") {
    auto redrive = parse_redrive(text, context.identity);
    if (!redrive) return std::unexpected(std::move(redrive).error());
    patch.redrive = *std::move(redrive);
    return {};
  }
  if (name == "RedriveAllowPolicy") {
    auto allow = parse_redrive_allow(text, context.identity);
    if (!allow) return std::unexpected(std::move(allow).error());
    patch.redrive_allow = *std::move(allow);
    return {};
  }
  if (const auto policy = parse_policy(text); !text.empty() && !policy)
    return std::unexpected(policy.error());
  patch.policy = text;
  return {};
}

OrError<void> parse_attribute(const std::string& name, const std::string& text,
                              const AttributeContext& context, ConfigPatch& patch) {
  if (name == "Policy" || name == "RedrivePolicy" || name == "RedriveAllowPolicy")
    return parse_policies(name, text, context, patch);
  if (name == "KmsMasterKeyId") {
    patch.kms_key = text;
    return {};
  }
  if (name == kManagedSse.name) return parse_choice(kManagedSse, text, patch);
  if (!context.is_fifo) return parse_number(name, text, patch);
  if (name == "FifoQueue") {
    patch.fifo = true;
    return text == "true" ? OrError<void>() : bad_value(name);
  }
  for (const ChoiceAttribute& choice : kFifoChoices)
    if (choice.name == name) return parse_choice(choice, text, patch);
  return parse_number(name, text, patch);
}

std::string show_seconds(Duration d) {
  return std::to_string(std::chrono::duration_cast<seconds>(d).count());
}
std::string show_seconds(Instant t) {
  return show_seconds(t.time_since_epoch());
}

std::string show_choice(const ChoiceAttribute& choice, bool value) {
  return std::string(value ? choice.yes : choice.no);
}

std::string show_kms_reuse(const queue::Encryption& encryption) {
  return encryption.kms_reuse == kDefaultKmsReuse ? "" : show_seconds(encryption.kms_reuse);
}

// In the order in which the service lists them; those without a value are empty.
ShownAttributes every_attribute(const QueueInfo& info, const Identity& identity) {
  const QueueConfig& config = info.config;
  ShownAttributes all = {
      {"QueueArn", identity.arn(info.name)},
      {"ApproximateNumberOfMessages", std::to_string(info.visible)},
      {"ApproximateNumberOfMessagesNotVisible", std::to_string(info.in_flight)},
      {"ApproximateNumberOfMessagesDelayed", std::to_string(info.delayed)},
      {"CreatedTimestamp", show_seconds(info.created)},
      {"LastModifiedTimestamp", show_seconds(info.modified)},
      {"VisibilityTimeout", show_seconds(config.visibility)},
      {"MaximumMessageSize", std::to_string(config.max_message_bytes)},
      {"MessageRetentionPeriod", show_seconds(config.retention)},
      {"DelaySeconds", show_seconds(config.delay)},
      {"Policy", config.policy},
      {"RedrivePolicy", config.redrive ? show_redrive(*config.redrive, identity) : ""},
      {"RedriveAllowPolicy", show_redrive_allow(config.redrive_allow, identity)},
      {"ReceiveMessageWaitTimeSeconds", show_seconds(config.receive_wait)},
  };
  if (const auto& fifo = config.fifo) {
    all.emplace_back("FifoQueue", "true");
    const bool values[] = {fifo->content_based_deduplication, fifo->deduplicates_per_group,
                           fifo->throughput_per_group};
    for (size_t i = 0; i < std::size(kFifoChoices); ++i)
      all.emplace_back(kFifoChoices[i].name, show_choice(kFifoChoices[i], values[i]));
  }
  // The service knows these two only where there is a key.
  if (!config.encryption.kms_key.empty()) {
    all.emplace_back("KmsMasterKeyId", config.encryption.kms_key);
    all.emplace_back("KmsDataKeyReusePeriodSeconds", show_kms_reuse(config.encryption));
  }
  all.emplace_back(kManagedSse.name, show_choice(kManagedSse, config.encryption.managed));
  return all;
}

}  // namespace

OrError<ConfigPatch> parse_queue_attributes(const QueueAttributes& attributes,
                                            const AttributeContext& context) {
  ConfigPatch patch;
  for (const auto& [name, text] : attributes)
    if (auto parsed = parse_attribute(name, text, context, patch); !parsed)
      return std::unexpected(std::move(parsed).error());
  if (patch.sse_managed == true && !patch.kms_key.value_or("").empty())
    return refuse(
        kInvalidAttributeValue,
        "You can use one type of server-side encryption (SSE) at one time. You can either "
        "enable KMS SSE or SQS SSE.");
  return patch;
}

OrError<ShownAttributes> show_queue_attributes(const QueueInfo& info,
                                               const std::vector<std::string>& names,
                                               const Identity& identity) {
  const ShownAttributes all = every_attribute(info, identity);
  const auto is_known = [&](std::string_view name) {
    return name == "All" ||
           std::ranges::find(all, name, &ShownAttributes::value_type::first) != all.end();
  };
  for (const std::string& name : names)
    if (!is_known(name)) return unknown(name);
  const bool wants_all = std::ranges::find(names, "All") != names.end();
  ShownAttributes shown;
  for (const auto& [name, value] : all)
    if (!value.empty() && (wants_all || std::ranges::find(names, name) != names.end()))
      shown.emplace_back(name, value);
  return shown;
}

ApiError describe_setting(queue::Refusal refusal, const QueueAttributes& given) {
  using queue::Refusal;
  const bool is_of_redrive = refusal == Refusal::kNoDeadLetterQueue ||
                             refusal == Refusal::kDeadLetterKind ||
                             refusal == Refusal::kDeadLetterDenied;
  const auto policy = given.find("RedrivePolicy");
  if (!is_of_redrive || policy == given.end()) return describe(refusal);
  return invalid_value(policy->second, "RedrivePolicy", describe(refusal).message).error();
}

OrError<void> check_queue_name(const std::string& name, const QueueAttributes& attributes) {
  const auto is_fifo = attributes.find("FifoQueue");
  const bool wants_fifo = is_fifo != attributes.end() && is_fifo->second == "true";
  std::string_view rest = name;
  const bool ends_like_one = rest.ends_with(kFifoSuffix);
  if (wants_fifo && ends_like_one) rest.remove_suffix(kFifoSuffix.size());
  const bool is_sound =
      !rest.empty() && name.size() <= kMaxQueueName && std::ranges::all_of(rest, is_name_character);
  if (is_sound && wants_fifo == ends_like_one) return {};
  return refuse(kInvalidParameterValue,
                wants_fifo
                    ? "The name of a FIFO queue can only include alphanumeric characters, hyphens, "
                      "or underscores, must end with .fifo suffix and be 1 to 80 in length."
                    : "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 "
                      "in length");
}

bool is_fifo_name(std::string_view name) {
  return name.ends_with(kFifoSuffix);
}

}  // namespace selvage::sqs
