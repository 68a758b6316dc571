// SPDX-License-Identifier: Apache-2.0
// Selvage.Edit: another body for a message that waits. Its attributes, its id, its place and the
// evidence of its failures stay: sending another and taking this one back would lose those, and a
// crash between the two would leave both or neither.
#include "auth/digest.h"
#include "sqs/actions.h"
#include "sqs/envelope.h"
#include "sqs/outgoing.h"
#include "sqs/settle.h"

namespace selvage::sqs {
namespace {

struct Wish {
  std::string url, id;
  std::string body;
};

// Whoever changes what a receiver gets has taken one message away and sent another.
OrError<void> may_replace(const Call& call, const std::string& queue) {
  return call.admit(queue, "DeleteMessage");
}

void answer(Call& call, const queue::OrRefusal<queue::Done>& result) {
  call.answer_json(results_json({result}));
}

void replace(Call& call, const queue::Edit& wanted, const Received& seen, std::string body) {
  Envelope envelope = seen.envelope;
  envelope.body = std::move(body);
  envelope.body_md5 = auth::md5(envelope.body);
  queue::Edit command = wanted;
  command.payload = encode_envelope(envelope);
  command.size = envelope.size();
  call.submit_for_any(std::move(command), [](Call& c, const queue::Reply& reply) {
    const auto* const refusal = std::get_if<queue::Refusal>(&reply);
    if (refusal == nullptr) return answer(c, queue::Done{});
    const bool is_about_all = *refusal == queue::Refusal::kNoSuchQueue ||
                              *refusal == queue::Refusal::kNoSpace ||
                              *refusal == queue::Refusal::kUnavailable;
    is_about_all ? c.refuse_reply(reply) : answer(c, std::unexpected(*refusal));
  });
}

}  // namespace

// The envelope is read first and written back with the new body. Between the two nothing can come
// that matters: of a message only the body ever changes, and of two edits the later one counts.
void edit(const CallPtr& call) {
  Wish wish;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    if (name == "QueueUrl") return take(v, wish.url);
    if (name == "MessageId") return take(v, wish.id);
    return name != "MessageBody" || take(v, wish.body);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(wish.url);
  SELVAGE_ANSWER_ERROR(call, queue);
  const auto admitted = may_replace(*call, *queue);
  SELVAGE_ANSWER_ERROR(call, admitted);
  const auto id = Uuid::parse(wish.id);
  if (!id)
    return call->refuse(
        invalid_value(wish.id, "MessageId", "It is not the id of a message.").error());
  if (wish.body.empty()) return call->refuse(missing_parameter("MessageBody").error());
  const auto sound = check_body(wish.body);
  SELVAGE_ANSWER_ERROR(call, sound);
  const queue::Edit command{.queue = *queue, .id = *id, .payload = {}};
  call->submit<queue::Peeked>(
      queue::Peek{.queue = *queue, .state = {}, .id = id, .after = {}, .max = 1},
      [command, body = std::move(wish.body)](Call& c, const queue::Peeked& page) mutable {
        const auto messages = open_envelopes(page.messages);
        SELVAGE_ANSWER_ERROR(&c, messages);
        if (messages->empty()) return answer(c, std::unexpected(queue::Refusal::kNoMessage));
        replace(c, command, messages->front(), std::move(body));
      });
}

}  // namespace selvage::sqs
