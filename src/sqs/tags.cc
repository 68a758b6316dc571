// SPDX-License-Identifier: Apache-2.0
// TagQueue, UntagQueue and ListQueueTags; and what a tag must look like (SQS-CONTRACT, 1.3).
#include "sqs/tags.h"

#include <fmt/format.h>

#include "sqs/actions.h"

namespace selvage::sqs {
namespace {

constexpr size_t kMaxKey = 128;
constexpr size_t kMaxValue = 256;

// Characters, not bytes: what begins no character of UTF-8 does not count.
size_t length_of(std::string_view text) {
  size_t characters = 0;
  for (const char c : text) characters += (static_cast<uint8_t>(c) & 0xC0) != 0x80 ? 1 : 0;
  return characters;
}

}  // namespace

OrError<void> check_tags(const queue::Tags& tags) {
  for (const auto& [key, value] : tags) {
    if (key.empty() || length_of(key) > kMaxKey)
      return refuse(kInvalidParameterValue,
                    "Tag keys must be between 1 and 128 characters in length.");
    if (length_of(value) > kMaxValue)
      return refuse(kInvalidParameterValue,
                    "Tag values must be between 0 and 256 characters in length.");
    if (key.starts_with("aws:"))
      return refuse(
          kInvalidParameterValue,
          fmt::format("Tag key '{}' is invalid. Keys that begin with aws: are reserved.", key));
  }
  return {};
}

void tag_queue(const CallPtr& call) {
  std::string url;
  queue::Tags tags;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    if (name == "QueueUrl") return take(v, url);
    return name != "Tags" || take(v, tags);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  if (tags.empty()) return call->refuse(missing_parameter("Tags").error());
  const auto valid = check_tags(tags);
  SELVAGE_ANSWER_ERROR(call, valid);
  call->submit<queue::Done>(queue::EditTags{*queue, std::move(tags), {}},
                            [](Call& c, queue::Done) { c.answer(); });
}

void untag_queue(const CallPtr& call) {
  std::string url;
  std::vector<std::string> keys;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    if (name == "QueueUrl") return take(v, url);
    return name != "TagKeys" || take(v, keys);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  if (keys.empty()) return call->refuse(missing_parameter("TagKeys").error());
  call->submit<queue::Done>(queue::EditTags{*queue, {}, std::move(keys)},
                            [](Call& c, queue::Done) { c.answer(); });
}

void list_queue_tags(const CallPtr& call) {
  std::string url;
  const auto parsed = call->read(
      [&](std::string_view name, Value& v) { return name != "QueueUrl" || take(v, url); });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  call->submit<queue::QueueInfo>(
      queue::GetQueue{*queue}, [](Call& c, const queue::QueueInfo& info) {
        c.answer([&](Result& out) { out.texts(MapName{"Tags", "Tag", "Key"}, info.tags); });
      });
}

}  // namespace selvage::sqs
