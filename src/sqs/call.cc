// SPDX-License-Identifier: Apache-2.0
#include "sqs/call.h"

#include <fmt/format.h>

namespace selvage::sqs {

std::string Call::queue_url(const std::string& queue) const {
  const std::string_view host = in_.request.header("host");
  return fmt::format("http://{}/{}/{}", host.empty() ? "localhost" : host, identity_.account,
                     queue);
}

void Call::answer(std::string json) {
  in_.responder.send({.status = 200,
                      .content_type = "application/x-amz-json-1.0",
                      .headers = {{"x-amzn-RequestId", in_.request_id}},
                      .body = std::move(json)});
}

void Call::answer_queue_url(const std::string& queue) {
  std::string json;
  wire::JsonWriter(json).begin_object().field("QueueUrl", queue_url(queue)).end_object();
  answer(std::move(json));
}

void Call::refuse(const ApiError& error) {
  std::string body;
  wire::JsonWriter(body)
      .begin_object()
      .field("__type", fmt::format("com.amazonaws.sqs#{}", error.kind.type))
      .field("message", error.message)
      .end_object();
  const std::string_view fault = error.kind.status >= 500 ? "Receiver" : "Sender";
  in_.responder.send(
      {.status = error.kind.status,
       .content_type = "application/x-amz-json-1.0",
       .headers = {{"x-amzn-RequestId", in_.request_id},
                   {"x-amzn-query-error", fmt::format("{};{}", error.kind.query, fault)}},
       .body = std::move(body)});
}

void Call::refuse_reply(const queue::Reply& reply) {
  const auto* const refusal = std::get_if<queue::Refusal>(&reply);
  SELVAGE_CHECK(refusal != nullptr);
  refuse(describe(*refusal));
}

OrError<void> read_members(std::string_view json, Members each) {
  std::string wrong;
  const auto parsed = wire::read_json(json, [&](wire::JsonValue& root) {
    return root.object([&](std::string_view key, wire::JsonValue& value) {
      if (each(key, value)) return true;
      wrong = key;
      return false;
    });
  });
  if (!wrong.empty())
    return refuse(kSerialization, fmt::format("The value of '{}' has the wrong type.", wrong));
  if (!parsed) return refuse(kSerialization, parsed.error().message);
  return {};
}

namespace {

bool is_null(wire::JsonValue& value) {
  return value.kind() == wire::JsonValue::Kind::kNull;
}

}  // namespace

bool take(wire::JsonValue& value, std::string& out) {
  if (is_null(value)) return true;
  const auto text = value.string();
  if (text) out = *text;
  return text.has_value();
}

bool take(wire::JsonValue& value, std::optional<std::string>& out) {
  if (is_null(value)) return true;
  return take(value, out.emplace());
}

bool take(wire::JsonValue& value, std::optional<int64_t>& out) {
  if (is_null(value)) return true;
  out = value.integer();
  return out.has_value();
}

bool take(wire::JsonValue& value, bool& out) {
  const auto flag = value.boolean();
  out = flag.value_or(false);
  return flag.has_value();
}

bool take(wire::JsonValue& value, std::vector<std::string>& out) {
  if (is_null(value)) return true;
  return value.array([&](wire::JsonValue& item) { return take(item, out.emplace_back()); });
}

OrError<std::string> queue_of(const std::string& url) {
  if (url.empty())
    return refuse(kMissingParameter, "The request must contain the parameter QueueUrl.");
  return url.substr(url.rfind('/') + 1);
}

OrError<int64_t> in_range(std::string_view parameter, int64_t value, int64_t min, int64_t max) {
  if (value >= min && value <= max) return value;
  return refuse(kInvalidParameterValue,
                fmt::format("Value {} for parameter {} is invalid. Reason: Must be between {} and "
                            "{}, if provided.",
                            value, parameter, min, max));
}

}  // namespace selvage::sqs
