// SPDX-License-Identifier: Apache-2.0
// Selvage.CloseSession: an orderly goodbye, after which what the session still holds is returned
// and none burnt; or, with evidence, word of a worker that died.
#include "sqs/actions.h"
#include "sqs/session_id.h"
#include "sqs/settle.h"

namespace selvage::sqs {

void close_session(const CallPtr& call) {
  std::string text;
  std::string evidence;
  const auto parsed = call->read([&](std::string_view key, Value& v) {
    if (key == "SessionId") return take(v, text);
    if (key != "Evidence") return true;
    const auto object = v.json_object();
    evidence = object.value_or("");
    return object.has_value();
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto session = parse_session_id(text);
  SELVAGE_ANSWER_ERROR(call, session);
  if (evidence.size() > kMaxEvidenceBytes)
    return call->refuse({kInvalidParameterValue, "Evidence must be at most 64 KiB."});
  if (SessionKeys* const keys = call->session_keys()) keys->ended(*session, UINT64_MAX);
  const bool orderly = evidence.empty();
  call->submit<queue::Done>(queue::CloseSession{.session = *session,
                                                .generation = UINT64_MAX,
                                                .evidence = std::move(evidence),
                                                .orderly = orderly},
                            [session = *session](Call& c, queue::Done) {
                              c.connection().watch(session.value, nullptr);
                              c.answer_json("{}");
                            });
}

}  // namespace selvage::sqs
