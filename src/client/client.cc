// SPDX-License-Identifier: Apache-2.0
#include "client/client.h"

#include <fmt/format.h>

#include <algorithm>

#include "auth/sigv4.h"
#include "base/clock.h"
#include "client/answer.h"
#include "wire/json.h"

namespace selvage::client {
namespace {

using wire::JsonValue;
using wire::JsonWriter;

constexpr int kRequestTimeout = 408;
constexpr int kTooMany = 429;
constexpr int kFirstServerError = 500;

// The broker takes a signature for any region.
constexpr std::string_view kRegion = "us-east-1";

void sign(const Credentials& credentials, http::Request& request) {
  const auth::Signer signer{
      .key_id = credentials.id, .secret = credentials.secret, .region = kRegion, .service = "sqs"};
  const auto added = auth::sign(
      signer, {request.method, request.target, request.headers, request.body}, SystemClock().now());
  request.headers.insert(request.headers.end(), added.begin(), added.end());
}

Result<std::string> to_result(Result<http::Response> response) {
  if (!response) return std::unexpected(std::move(response).error());
  if (response->status == 200) return std::move(response->body);
  std::string type = read_member(response->body, "__type");
  type = type.substr(type.find('#') + 1);
  const std::string message = read_member(response->body, "message");
  const bool may_help = response->status >= kFirstServerError ||
                        response->status == kRequestTimeout || response->status == kTooMany;
  return failure(may_help ? ErrorCode::kRetry : ErrorCode::kGiveUp,
                 type.empty() ? fmt::format("the broker answered {}: {}", response->status,
                                            response->body.substr(0, 200))
                              : fmt::format("{}: {}", type, message));
}

bool take_message(std::string_view key, JsonValue& v, Message& message) {
  if (key == "MessageId") message.id = v.string().value_or("");
  if (key == "ReceiptHandle") message.receipt = v.string().value_or("");
  if (key == "QueueUrl") message.queue = v.string().value_or("");
  if (key == "Body") message.body = v.string().value_or("");
  if (key == "Failed") message.failed = v.integer().value_or(0);
  if (key == "SentAtUs") message.sent = from_micros(v.integer().value_or(0));
  if (key == "FreedAtUs") message.freed = from_micros(v.integer().value_or(0));
  if (key == "Artifact")
    message.artifact = Uuid::parse(v.string().value_or("")).value_or(ArtifactId{});
  if (key == "MessageAttributes") return read_attributes(v, message.attributes);
  if (key == "MessageGroupId") message.group = v.string().value_or("");
  return true;
}

Result<std::vector<Message>> parse_messages(const std::string& json) {
  return read_list<Message>(json, "Messages", take_message);
}

constexpr std::pair<std::string_view, int64_t QueueStatistics::*> kCounters[] = {
    {"Visible", &QueueStatistics::visible},
    {"InFlight", &QueueStatistics::in_flight},
    {"Delayed", &QueueStatistics::delayed},
    {"Sent", &QueueStatistics::sent},
    {"Received", &QueueStatistics::received},
    {"Deleted", &QueueStatistics::deleted},
    {"HandedOver", &QueueStatistics::handed_over},
    {"Returned", &QueueStatistics::returned},
    {"Failed", &QueueStatistics::failed},
    {"Revoked", &QueueStatistics::revoked},
    {"DeadLettered", &QueueStatistics::dead_lettered},
    {"Expired", &QueueStatistics::expired},
    {"MostInFlight", &QueueStatistics::most_in_flight},
};

bool take_counter(std::string_view key, JsonValue& v, QueueStatistics& queue) {
  if (key == "Name") queue.name = v.string().value_or("");
  if (key == "OldestAtUs") queue.oldest = from_micros(v.integer().value_or(0));
  if (key == "GateUntilUs") queue.gate_until = from_micros(v.integer().value_or(0));
  for (const auto& [name, counter] : kCounters)
    if (name == key) queue.*counter = v.integer().value_or(0);
  return true;
}

Result<std::vector<QueueStatistics>> parse_statistics(const std::string& json) {
  return read_list<QueueStatistics>(json, "Queues", take_counter);
}

bool is_name_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
}

}  // namespace

// The sentences of other failures begin with several words, or with an address.
std::string_view refusal_of(const Error& error) {
  const std::string_view text = error.message;
  const std::string_view name = text.substr(0, text.find(": "));
  const bool is_name = name.size() < text.size() && std::ranges::all_of(name, is_name_letter) &&
                       !name.empty() && name.front() >= 'A' && name.front() <= 'Z';
  return is_name ? name : std::string_view{};
}

Client::Client(process::Reactor& reactor, const http::Endpoint& endpoint, ClientOptions options)
    : authority_(endpoint.authority()),
      options_(std::move(options)),
      connection_(http::ClientConnection::create(reactor, endpoint, options_.deadline)) {}

void Client::call(std::string_view target, std::string body, Callback<std::string> done) {
  http::Request request{.method = "POST",
                        .target = "/",
                        .headers = {{"Host", authority_},
                                    {"Content-Type", "application/x-amz-json-1.0"},
                                    {"X-Amz-Target", std::string(target)}},
                        .body = std::move(body)};
  if (options_.credentials) sign(*options_.credentials, request);
  connection_->request(std::move(request), [done = std::move(done)](Result<http::Response> r) {
    done(to_result(std::move(r)));
  });
}

void Client::create_queue(const std::string& name, Callback<void> done) {
  std::string body;
  JsonWriter(body).begin_object().field("QueueName", name).end_object();
  call("AmazonSQS.CreateQueue", std::move(body), ignoring(std::move(done)));
}

void Client::configure_queue(const QueueSettings& settings, Callback<void> done) {
  std::string create, redrive, attributes, retry;
  JsonWriter(create).begin_object().field("QueueName", settings.name).end_object();
  // Deliveries are not what our stages count: the largest value keeps Amazon's counter out of it.
  if (!settings.dead_letter_queue.empty())
    JsonWriter(redrive)
        .begin_object()
        .field("deadLetterTargetArn", "arn:aws:sqs:::" + settings.dead_letter_queue)
        .field("maxReceiveCount", int64_t{1000})
        .end_object();
  JsonWriter(attributes)
      .begin_object()
      .field("QueueUrl", settings.name)
      .key("Attributes")
      .begin_object()
      .field("RedrivePolicy", redrive)
      .end_object()
      .end_object();
  JsonWriter(retry)
      .begin_object()
      .field("QueueUrl", settings.name)
      .field("Attempts", int64_t{settings.attempts})
      .field("Deaths", int64_t{settings.deaths})
      .field("BackoffMinMs", millis(settings.backoff_min))
      .field("BackoffMaxMs", millis(settings.backoff_max))
      .end_object();
  // In order on one connection: the first failure is the one that is told.
  const auto first_error = std::make_shared<Result<void>>();
  const auto keep = [first_error](Result<std::string> answer) {
    if (!answer && first_error->has_value()) *first_error = std::unexpected(answer.error());
  };
  call("AmazonSQS.CreateQueue", std::move(create), keep);
  call("AmazonSQS.SetQueueAttributes", std::move(attributes), keep);
  call("Selvage.SetRetryPolicy", std::move(retry),
       [keep, first_error, done = std::move(done)](Result<std::string> answer) {
         keep(std::move(answer));
         done(*first_error);
       });
}

void Client::set_gate(const std::string& queue, int most_in_flight, Duration lasts,
                      Callback<void> done) {
  std::string body;
  JsonWriter(body)
      .begin_object()
      .field("QueueUrl", queue)
      .field("MostInFlight", int64_t{most_in_flight})
      .field("ForMs", millis(lasts))
      .end_object();
  call("Selvage.SetGate", std::move(body), ignoring(std::move(done)));
}

void Client::send(const std::string& queue, const std::string& text, Callback<std::string> done) {
  std::string body;
  JsonWriter(body).begin_object().field("QueueUrl", queue).field("MessageBody", text).end_object();
  call("AmazonSQS.SendMessage", std::move(body), member_of("MessageId", std::move(done)));
}

void Client::statistics(Callback<std::vector<QueueStatistics>> done) {
  call("Selvage.Statistics", "{}",
       parsed_by<std::vector<QueueStatistics>>(parse_statistics, std::move(done)));
}

namespace {

Result<Client::Session> parse_session(const std::string& json) {
  Client::Session session;
  SELVAGE_TRY(read_members(json, [&](std::string_view key, wire::JsonValue& value) {
    std::string* const target = key == "SessionId"         ? &session.id
                                : key == "AccessKeyId"     ? &session.key.id
                                : key == "SecretAccessKey" ? &session.key.secret
                                : key == "Region"          ? &session.region
                                : key == "Account"         ? &session.account
                                                           : nullptr;
    if (target == nullptr) return true;
    const auto text = value.string();
    *target = text.value_or("");
    return text.has_value();
  }));
  return session;
}

}  // namespace

void Client::open_session(const OpenSession& request, Callback<Session> done) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("Worker", request.worker);
  if (!request.resume.empty()) {
    out.field("SessionId", request.resume);
    write_texts(out.key("Holding"), request.holding);
  }
  if (!request.key_for.empty()) out.field("KeyForQueueUrl", request.key_for);
  if (request.visibility != Duration::zero())
    out.field("VisibilityTimeoutMs", millis(request.visibility));
  out.end_object();
  call("Selvage.OpenSession", std::move(body), parsed_by<Session>(parse_session, std::move(done)));
}

void Client::close_session(const std::string& session, Callback<void> done,
                           const std::string& evidence) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("SessionId", session);
  if (!evidence.empty()) out.key("Evidence").raw(evidence);
  out.end_object();
  call("Selvage.CloseSession", std::move(body), ignoring(std::move(done)));
}

void Client::receive(const Receive& request, Callback<std::vector<Message>> done) {
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  if (request.queues.empty())
    out.field("QueueUrl", request.queue);
  else
    write_texts(out.key("QueueUrls"), request.queues);
  if (!request.session.empty()) out.field("SessionId", request.session);
  out.field("MaxNumberOfMessages", int64_t{request.max})
      .field("WaitTimeSeconds", seconds(request.wait));
  if (request.visibility != Duration::zero())
    out.field("VisibilityTimeoutMs", millis(request.visibility));
  out.end_object();
  call("Selvage.Receive", std::move(body),
       parsed_by<std::vector<Message>>(parse_messages, std::move(done)));
}

void Client::extend(const std::string& queue, const std::string& receipt, Duration visibility,
                    Callback<void> done) {
  std::string body;
  JsonWriter(body)
      .begin_object()
      .field("QueueUrl", queue)
      .field("ReceiptHandle", receipt)
      .field("VisibilityTimeout", seconds(visibility + std::chrono::milliseconds(999)))
      .end_object();
  call("AmazonSQS.ChangeMessageVisibility", std::move(body), ignoring(std::move(done)));
}

void Client::hand_over(const std::vector<HandOver>& items, Callback<Outcomes> done) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("Entries").begin_array();
  for (const HandOver& item : items) {
    out.begin_object().field("ReceiptHandle", item.receipt).key("Outputs").begin_array();
    for (const Output& output : item.outputs) {
      out.begin_object().field("QueueUrl", output.queue).field("MessageBody", output.body);
      if (output.artifact) out.field("Artifact", output.artifact.to_string());
      out.end_object();
    }
    out.end_array().end_object();
  }
  out.end_array().end_object();
  call("Selvage.HandOver", std::move(body), parsed_by<Outcomes>(parse_outcomes, std::move(done)));
}

void Client::give_back(const std::vector<Return>& items, Callback<Outcomes> done) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("Entries").begin_array();
  for (const Return& item : items)
    out.begin_object()
        .field("ReceiptHandle", item.receipt)
        .field("DelayMs", millis(item.delay))
        .end_object();
  out.end_array().end_object();
  call("Selvage.Return", std::move(body), parsed_by<Outcomes>(parse_outcomes, std::move(done)));
}

void Client::fail(const std::vector<Fail>& items, Callback<Outcomes> done) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("Entries").begin_array();
  for (const Fail& item : items)
    out.begin_object()
        .field("ReceiptHandle", item.receipt)
        .field("EndedAtUs", to_micros(item.ended))
        .key("Evidence")
        .raw(item.evidence)
        .key("Poison")
        .boolean(item.poison)
        .key("Died")
        .boolean(item.died)
        .end_object();
  out.end_array().end_object();
  call("Selvage.Fail", std::move(body), parsed_by<Outcomes>(parse_outcomes, std::move(done)));
}

}  // namespace selvage::client
