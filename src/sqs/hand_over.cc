// SPDX-License-Identifier: Apache-2.0
// Selvage.HandOver: inputs out, outputs in, one commit each.
#include "auth/digest.h"
#include "sqs/actions.h"
#include "sqs/envelope.h"
#include "sqs/settle.h"

namespace selvage::sqs {
namespace {

struct Output {
  std::string url;
  Envelope envelope;
  std::string artifact;
};
struct Entry {
  std::string handle;
  std::vector<Output> outputs;
};

bool take_output(Value& value, Output& out) {
  return value.object([&](std::string_view key, Value& v) {
    if (key == "QueueUrl") return take(v, out.url);
    if (key == "MessageBody") return take(v, out.envelope.body);
    if (key == "Artifact") return take(v, out.artifact);
    if (key == "MessageAttributes") return take_attributes(v, out.envelope.attributes);
    return true;
  });
}

OrError<queue::HandOver::Output> to_output(const Call& call, Output& output) {
  const auto queue = call.queue_of(output.url, "SendMessage");
  if (!queue) return std::unexpected(queue.error());
  if (auto valid = check_attributes(output.envelope.attributes); !valid)
    return std::unexpected(std::move(valid).error());
  queue::NewMessage message;
  message.size = output.envelope.size();
  output.envelope.sender = call.sender();
  message.payload = encode_envelope(output.envelope);
  if (!output.artifact.empty()) {
    const auto artifact = Uuid::parse(output.artifact);
    if (!artifact) return refuse(kInvalidParameterValue, "Artifact is not an artifact's id.");
    message.artifact = *artifact;
  }
  return queue::HandOver::Output{*queue, std::move(message)};
}

OrError<queue::HandOver> to_command(const Call& call, std::vector<Entry>& entries) {
  queue::HandOver command;
  for (Entry& entry : entries) {
    const auto receipt = parse_receipt(entry.handle);
    if (!receipt) return std::unexpected(receipt.error());
    queue::HandOver::Item item{.receipt = *receipt, .outputs = {}};
    for (Output& output : entry.outputs) {
      auto target = to_output(call, output);
      if (!target) return std::unexpected(std::move(target).error());
      item.outputs.push_back(*std::move(target));
      if (forbidden_character(output.envelope.body)) item.refused = queue::Refusal::kBadContents;
    }
    command.items.push_back(std::move(item));
  }
  return command;
}

}  // namespace

void hand_over(const CallPtr& call) {
  std::vector<Entry> entries;
  const auto count = read_entries(*call, [&](size_t entry, std::string_view key, Value& v) {
    entries.resize(std::max(entries.size(), entry + 1));
    if (key == "ReceiptHandle") return take(v, entries[entry].handle);
    if (key != "Outputs") return true;
    return v.list(
        [&](Value& item) { return take_output(item, entries[entry].outputs.emplace_back()); });
  });
  SELVAGE_ANSWER_ERROR(call, count);
  entries.resize(*count);  // an entry without members is one too
  auto command = to_command(*call, entries);
  SELVAGE_ANSWER_ERROR(call, command);
  call->submit<queue::ItemResults>(
      *std::move(command),
      [](Call& c, const queue::ItemResults& results) { c.answer_json(results_json(results)); });
}

}  // namespace selvage::sqs
