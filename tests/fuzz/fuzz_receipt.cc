// SPDX-License-Identifier: Apache-2.0
// Any text as what we hand out and take back: receipt handles, sessions, move tasks, tokens of
// pages. What is none of ours is refused; nothing but its own handle reaches a message.
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/text.h"
#include "base/bytes.h"
#include "base/check.h"
#include "sqs/receipt.h"
#include "sqs/session_id.h"
#include "tests/fuzz/endpoint.h"
#include "tests/fuzz/text.h"

namespace {

using selvage::fuzz::Endpoint;

void check_codecs(const std::string& text) {
  using namespace selvage::sqs;
  if (const auto receipt = decode_receipt(text)) {
    SELVAGE_CHECK(encode_receipt(*receipt) == selvage::auth::to_lower(text));
    SELVAGE_CHECK(decode_receipt(encode_receipt(*receipt)) == receipt);
  }
  SELVAGE_CHECK(parse_receipt(text).has_value() == !text.empty());
  if (const auto id = parse_session_id(text))
    SELVAGE_CHECK(parse_session_id(print_session_id(*id)).value() == *id);
  if (const auto raw = selvage::from_base64(text))
    SELVAGE_CHECK(selvage::from_base64(selvage::to_base64(*raw)) == raw);
  SELVAGE_CHECK(selvage::from_base64(selvage::to_base64(text)) == text);
  SELVAGE_CHECK(selvage::from_hex(selvage::to_hex(text)) == text);
}

// Asks for `action` with one parameter more than `rest` has.
const selvage::http::Response& ask(Endpoint& endpoint, const std::string& action,
                                   std::string_view name, std::string_view text,
                                   std::string_view queue = "q") {
  std::string json;
  selvage::wire::JsonWriter out(json);
  out.begin_object();
  if (!queue.empty()) out.field("QueueUrl", queue);
  if (!name.empty()) out.field(name, text);
  out.end_object();
  const auto* const answer = endpoint.ask(
      {.method = "POST", .target = "/", .headers = {{"X-Amz-Target", action}}, .body = json});
  SELVAGE_CHECK(answer != nullptr);
  return *answer;
}

void check_in_use(const std::string& text) {
  Endpoint endpoint;
  ask(endpoint, "AmazonSQS.CreateQueue", "QueueName", "q");
  ask(endpoint, "AmazonSQS.SendMessage", "MessageBody", "m");
  const std::string taken = ask(endpoint, "AmazonSQS.ReceiveMessage", "", "").body;
  constexpr std::string_view kKey = R"("ReceiptHandle":")";
  constexpr size_t kHandleSize = 50;
  SELVAGE_CHECK(taken.contains(kKey));
  const std::string handle = taken.substr(taken.find(kKey) + kKey.size(), kHandleSize);
  SELVAGE_CHECK(selvage::sqs::decode_receipt(handle));

  ask(endpoint, "AmazonSQS.ListQueues", "NextToken", text, "");
  ask(endpoint, "AmazonSQS.CancelMessageMoveTask", "TaskHandle", text, "");
  ask(endpoint, "Selvage.CloseSession", "SessionId", text, "");
  ask(endpoint, "AmazonSQS.DeleteMessage", "ReceiptHandle", text);
  const bool is_its_own = selvage::auth::to_lower(text) == handle;
  const std::string left = ask(endpoint, "Selvage.Statistics", "", "", "").body;
  SELVAGE_CHECK(left.contains(R"("InFlight":1)") == !is_its_own);
  endpoint.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(selvage::fuzz::as_text(data, size));
  check_codecs(text);
  check_in_use(text);
  return 0;
}
