// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"
#include "sqs/actions.h"
#include "sqs/receipt.h"
#include "sqs/session_id.h"
#include "sqs/text.h"

namespace selvage::sqs {
namespace {

std::string evidence_of_death(const std::string& worker) {
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object();
  if (!worker.empty()) out.field("worker", worker);
  out.field("cause", "the worker's connection closed").end_object();
  return json;
}

}  // namespace

// The session lives on this connection from now on: when the connection closes, for whatever
// reason, the leases taken in the session are revoked, unless it was resumed elsewhere meanwhile.
void open_session(const CallPtr& call) {
  std::string resume;
  std::string worker;
  std::vector<std::string> holding;
  const auto parsed = call->read([&](std::string_view key, Value& v) {
    if (key == "SessionId") return take(v, resume);
    if (key == "Worker") return take(v, worker);
    return key != "Holding" || take(v, holding);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  queue::OpenSession command;
  if (!resume.empty()) {
    const auto id = parse_session_id(resume);
    SELVAGE_ANSWER_ERROR(call, id);
    command.resume = *id;
  }
  for (const std::string& handle : holding)
    if (const auto receipt = decode_receipt(handle)) command.holding.push_back(*receipt);
  call->submit<queue::Opened>(command, [worker](Call& c, const queue::Opened& opened) {
    c.connection().watch(opened.session.value, [&backend = c.backend(), opened, worker] {
      backend.submit(
          queue::CloseSession{opened.session, opened.generation, evidence_of_death(worker), false},
          [](const queue::Reply&) {});
    });
    std::string json;
    wire::JsonWriter(json)
        .begin_object()
        .field("SessionId", print_session_id(opened.session))
        .end_object();
    c.answer_json(std::move(json));
  });
}

std::string print_session_id(SessionId id) {
  std::string raw;
  Encoder(raw).u64(id.value);
  return to_hex(raw);
}

OrError<SessionId> parse_session_id(std::string_view text) {
  const uint64_t value = hex_number(text).value_or(0);
  if (value == 0)
    return refuse(kInvalidParameterValue, "SessionId is not one that OpenSession gave.");
  return SessionId{value};
}

}  // namespace selvage::sqs
