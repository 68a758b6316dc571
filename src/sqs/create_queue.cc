// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "sqs/actions.h"
#include "sqs/queue_attributes.h"
#include "sqs/tags.h"

namespace selvage::sqs {
namespace {

// The first of the given attributes that the queue has another value for.
std::string_view differing(const QueueAttributes& given, const queue::QueueConfig& existing,
                           const AttributeContext& context) {
  for (const auto& [name, value] : given) {
    const auto patch = parse_queue_attributes({{name, value}}, context);
    if (!patch || patch->applied_to(existing) != existing) return name;
  }
  return "";
}

void answer(Call& call, const QueueAttributes& given, const queue::Reply& reply) {
  if (const auto* const info = std::get_if<queue::QueueInfo>(&reply))
    return call.answer([&](Result& out) { out.text("QueueUrl", call.queue_url(info->name)); });
  const auto* const conflict = std::get_if<queue::QueueConflict>(&reply);
  if (conflict == nullptr)
    return call.refuse(describe_setting(std::get<queue::Refusal>(reply), given));
  const queue::QueueInfo& existing = conflict->existing;
  call.refuse({kQueueNameExists,
               fmt::format("A queue already exists with the same name and a different value for "
                           "attribute {}",
                           differing(given, existing.config,
                                     {call.identity(), existing.config.fifo.has_value()}))});
}

}  // namespace

void create_queue(const CallPtr& call) {
  std::string name;
  QueueAttributes attributes;
  queue::Tags tags;
  const auto parsed = call->read([&](std::string_view key, Value& v) {
    if (key == "QueueName") return take(v, name);
    if (key == "tags" || key == "Tags") return take(v, tags);
    return key != "Attributes" || take(v, attributes);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  if (name.empty()) return call->refuse(missing_parameter("QueueName").error());
  const auto admitted = call->admit(name);
  SELVAGE_ANSWER_ERROR(call, admitted);
  const auto valid = check_queue_name(name, attributes);
  SELVAGE_ANSWER_ERROR(call, valid);
  const auto tagged = check_tags(tags);
  SELVAGE_ANSWER_ERROR(call, tagged);
  const auto patch = parse_queue_attributes(attributes, {call->identity(), is_fifo_name(name)});
  SELVAGE_ANSWER_ERROR(call, patch);
  call->submit_for_any(queue::CreateQueue{name, *patch, std::move(tags)},
                       [given = std::move(attributes)](Call& c, const queue::Reply& reply) {
                         answer(c, given, reply);
                       });
}

}  // namespace selvage::sqs
