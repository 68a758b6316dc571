// SPDX-License-Identifier: Apache-2.0
// Selvage.CloseSession: an orderly goodbye. What the session still holds is returned, none burnt.
#include "sqs/actions.h"
#include "sqs/session_id.h"

namespace selvage::sqs {

void close_session(const CallPtr& call) {
  std::string text;
  const auto parsed = call->read(
      [&](std::string_view key, Value& v) { return key != "SessionId" || take(v, text); });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto session = parse_session_id(text);
  SELVAGE_ANSWER_ERROR(call, session);
  call->submit<queue::Done>(
      queue::CloseSession{
          .session = *session, .generation = UINT64_MAX, .evidence = "", .orderly = true},
      [session = *session](Call& c, queue::Done) {
        c.connection().watch(session.value, nullptr);
        c.answer_json("{}");
      });
}

}  // namespace selvage::sqs
