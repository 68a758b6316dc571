// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"
#include "sqs/actions.h"
#include "sqs/limits.h"
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
  constexpr std::string_view kCause = "the worker's connection closed";
  out.field("cause", kCause).field("signature", kCause).end_object();
  return json;
}

// What the key of a session may do: work on that queue, and send wherever its opener may.
auth::Key key_for(const Call& call, const std::string& queue) {
  auth::Key key;
  key.grants.push_back({{"ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility",
                         "GetQueueAttributes", "GetQueueUrl"},
                        {queue}});
  const auth::Key* const opener = call.caller().key.get();
  if (opener == nullptr) return key;  // everybody may do everything
  // For policies it is its opener: it never may what that one may not.
  key.name = opener->user();
  key.account = opener->account;
  for (const auth::Grant& grant : opener->grants)
    for (const char* const action : {"SendMessage", "GetQueueAttributes", "GetQueueUrl"})
      if (auth::allows(grant, action)) key.grants.push_back({{action}, grant.queues});
  return key;
}

struct Wanted {
  std::string queue;  // whose key; empty: none
  auth::Key key;
  std::optional<Duration> visibility;
};

OrError<Wanted> wanted_key(const Call& call, const std::string& url, std::optional<int64_t> ms) {
  if (url.empty()) return Wanted{};
  for (const char* const action : {"ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"})
    if (const auto allowed = call.queue_of(url, action); !allowed)
      return std::unexpected(allowed.error());
  const auto valid = in_range(kVisibilityTimeoutMs, ms);
  if (!valid) return std::unexpected(valid.error());
  Wanted wanted{.queue = *call.queue_of(url, "ReceiveMessage"), .key = {}, .visibility = {}};
  wanted.key = key_for(call, wanted.queue);
  if (ms) wanted.visibility = std::chrono::milliseconds(*ms);
  return wanted;
}

void answer_opened(Call& call, const queue::Opened& opened, const auth::Key* key) {
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object().field("SessionId", print_session_id(opened.session));
  if (key != nullptr)
    out.field("AccessKeyId", key->id)
        .field("SecretAccessKey", key->secret)
        .field("Region", call.identity().region)
        .field("Account", call.identity().account);
  out.end_object();
  call.answer_json(std::move(json));
}

}  // namespace

// The session lives on this connection from now on: when the connection closes, for whatever
// reason, the leases taken in the session are revoked, unless it was resumed elsewhere meanwhile.
void open_session(const CallPtr& call) {
  std::string resume;
  std::string worker;
  std::vector<std::string> holding;
  std::string key_for_queue;
  std::optional<int64_t> visibility_ms;
  const auto parsed = call->read([&](std::string_view key, Value& v) {
    if (key == "SessionId") return take(v, resume);
    if (key == "Worker") return take(v, worker);
    if (key == "KeyForQueueUrl") return take(v, key_for_queue);
    if (key == "VisibilityTimeoutMs") return take(v, visibility_ms);
    return key != "Holding" || take(v, holding);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  auto wanted = wanted_key(*call, key_for_queue, visibility_ms);
  SELVAGE_ANSWER_ERROR(call, wanted);
  SessionKeys* const keys = call->session_keys();
  if (keys == nullptr && !wanted->queue.empty())
    return call->refuse({kUnsupportedOperation, "This server gives no keys to sessions."});
  queue::OpenSession command;
  command.holds_all = !wanted->queue.empty();
  if (!resume.empty()) {
    const auto id = parse_session_id(resume);
    SELVAGE_ANSWER_ERROR(call, id);
    command.resume = *id;
  }
  for (const std::string& handle : holding)
    if (const auto receipt = decode_receipt(handle)) command.holding.push_back(*receipt);
  call->submit<queue::Opened>(
      command, [worker, keys, wanted = *std::move(wanted)](Call& c, const queue::Opened& opened) {
        std::shared_ptr<const auth::Key> key;
        if (!wanted.queue.empty()) key = keys->opened(opened, wanted.key, wanted.visibility);
        c.connection().watch(opened.session.value, [&backend = c.backend(), keys, opened, worker] {
          if (keys != nullptr) keys->ended(opened.session, opened.generation);
          backend.submit(queue::CloseSession{opened.session, opened.generation,
                                             evidence_of_death(worker), false},
                         [](const queue::Reply&) {});
        });
        answer_opened(c, opened, key.get());
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
