// SPDX-License-Identifier: Apache-2.0
// StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask.
#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "sqs/actions.h"
#include "sqs/limits.h"
#include "sqs/text.h"

namespace selvage::sqs {
namespace {

using queue::MoveTask;
using Status = MoveTask::Status;

constexpr Range kRate{"MaxNumberOfMessagesPerSecond", 1, 500};
constexpr Range kListed{"MaxResults", 1, 10};
constexpr int64_t kListedByDefault = 1;

std::string_view name_of(Status status) {
  switch (status) {
    case Status::kRunning:
      return "RUNNING";
    case Status::kCompleted:
      return "COMPLETED";
    case Status::kCancelled:
      return "CANCELLED";
    case Status::kFailed:
      return "FAILED";
  }
  return "FAILED";
}

// Opaque to clients: which task, and of which queue, so that it can be told who may cancel it.
std::string handle_of(const MoveTask& task, const Identity& identity) {
  std::string json;
  wire::JsonWriter(json)
      .begin_object()
      .field("taskId", fmt::format("{:016x}", task.id.value))
      .field("sourceArn", identity.arn(task.source))
      .end_object();
  return to_base64(json);
}

struct Handle {
  MoveTaskId task;
  std::string source_arn;
};

std::optional<Handle> parse_handle(const std::string& text) {
  const auto json = from_base64(text);
  if (!json) return std::nullopt;
  Handle handle;
  std::string id;
  const auto read = wire::read_json(*json, [&](wire::JsonValue& root) {
    return root.object([&](std::string_view name, wire::JsonValue& v) {
      if (name == "taskId") id = v.string().value_or("");
      if (name == "sourceArn") handle.source_arn = v.string().value_or("");
      return true;
    });
  });
  const auto number = hex_number(id);
  if (!read || !number) return std::nullopt;
  handle.task.value = *number;
  return handle;
}

std::unexpected<ApiError> not_found(std::string_view parameter) {
  return refuse(kResourceNotFoundException,
                fmt::format("The resource that you specified for the {} parameter doesn't exist.",
                            parameter));
}

// The name in an ARN of ours.
OrError<std::string> name_in(const Identity& identity, std::string_view parameter,
                             const std::string& arn) {
  constexpr int kColons = 5;
  if (!arn.starts_with("arn:") || std::ranges::count(arn, ':') != kColons)
    return refuse(kInvalidParameterValue,
                  fmt::format("You must use this format to specify the {}: "
                              "arn:<partition>:<service>:<region>:<account-id>:<resource-id>",
                              parameter));
  std::string name = arn.substr(arn.rfind(':') + 1);
  if (arn != identity.arn(name)) return not_found(parameter);
  return name;
}

// As Call::submit, where a queue that does not exist is a resource that was not found.
template <typename R>
void submit(const CallPtr& call, queue::Command command,
            std::function<void(Call& call, const R& reply)> render) {
  call->submit_for_any(
      std::move(command), [render = std::move(render)](Call& c, const queue::Reply& reply) {
        if (const auto* const wanted = std::get_if<R>(&reply)) return render(c, *wanted);
        const auto refusal = std::get<queue::Refusal>(reply);
        c.refuse(refusal == queue::Refusal::kNoSuchQueue ? not_found("SourceArn").error()
                                                         : describe(refusal));
      });
}

void write(const MoveTask& task, const Identity& identity, Result& out) {
  const bool is_running = task.status == Status::kRunning;
  out.text_if_any("TaskHandle", is_running ? handle_of(task, identity) : "")
      .text("Status", name_of(task.status))
      .text("SourceArn", identity.arn(task.source))
      .text_if_any("DestinationArn",
                   task.destination.empty() ? "" : identity.arn(task.destination));
  if (task.max_per_second > 0) out.number("MaxNumberOfMessagesPerSecond", task.max_per_second);
  out.number("ApproximateNumberOfMessagesMoved", static_cast<int64_t>(task.moved))
      .number("ApproximateNumberOfMessagesToMove", static_cast<int64_t>(task.to_move))
      .text_if_any("FailureReason", task.failure)
      .number("StartedTimestamp", to_millis(task.started));
}

}  // namespace

void start_message_move_task(const CallPtr& call) {
  std::string source_arn, destination_arn;
  std::optional<int64_t> rate;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    if (name == "SourceArn") return take(v, source_arn);
    if (name == "DestinationArn") return take(v, destination_arn);
    return name != "MaxNumberOfMessagesPerSecond" || take(v, rate);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  if (source_arn.empty()) return call->refuse(missing_parameter("SourceArn").error());
  const auto source = name_in(call->identity(), "SourceArn", source_arn);
  SELVAGE_ANSWER_ERROR(call, source);
  // Its mover receives, deletes and sends: who may not do that may not have it done.
  for (const std::string_view action : {"", "ReceiveMessage", "DeleteMessage"}) {
    const auto admitted = call->admit(*source, action);
    SELVAGE_ANSWER_ERROR(call, admitted);
  }
  const auto valid = in_range(kRate, rate);
  SELVAGE_ANSWER_ERROR(call, valid);
  queue::StartMove command{.source = *source,
                           .destination = {},
                           .max_per_second = static_cast<uint32_t>(rate.value_or(0))};
  if (!destination_arn.empty()) {
    const auto destination = name_in(call->identity(), "DestinationArn", destination_arn);
    SELVAGE_ANSWER_ERROR(call, destination);
    const auto may_send = call->admit(*destination, "SendMessage");
    SELVAGE_ANSWER_ERROR(call, may_send);
    command.destination = *destination;
  }
  submit<MoveTask>(call, std::move(command), [](Call& c, const MoveTask& task) {
    c.answer([&](Result& out) { out.text("TaskHandle", handle_of(task, c.identity())); });
  });
}

void list_message_move_tasks(const CallPtr& call) {
  std::string source_arn;
  std::optional<int64_t> max;
  const auto parsed = call->read([&](std::string_view name, Value& v) {
    if (name == "SourceArn") return take(v, source_arn);
    return name != "MaxResults" || take(v, max);
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  if (source_arn.empty()) return call->refuse(missing_parameter("SourceArn").error());
  const auto source = name_in(call->identity(), "SourceArn", source_arn);
  SELVAGE_ANSWER_ERROR(call, source);
  const auto admitted = call->admit(*source);
  SELVAGE_ANSWER_ERROR(call, admitted);
  const auto listed = in_range(kListed, max.value_or(kListedByDefault));
  SELVAGE_ANSWER_ERROR(call, listed);
  submit<std::vector<MoveTask>>(
      call, queue::ListMoves{*source, static_cast<uint32_t>(*listed)},
      [](Call& c, const std::vector<MoveTask>& tasks) {
        constexpr ListName kResults{"Results", "ListMessageMoveTasksResultEntry", "results"};
        c.answer([&](Result& out) {
          out.objects(kResults, tasks,
                      [&](const MoveTask& task) { write(task, c.identity(), out); });
        });
      });
}

void cancel_message_move_task(const CallPtr& call) {
  std::string text;
  const auto parsed = call->read(
      [&](std::string_view name, Value& v) { return name != "TaskHandle" || take(v, text); });
  SELVAGE_ANSWER_ERROR(call, parsed);
  if (text.empty()) return call->refuse(missing_parameter("TaskHandle").error());
  const auto handle = parse_handle(text);
  const auto source = handle ? name_in(call->identity(), "TaskHandle", handle->source_arn)
                             : OrError<std::string>(std::string());
  if (!handle || !source)
    return call->refuse({kInvalidParameterValue,
                         fmt::format("Value {} for parameter TaskHandle is invalid.", text)});
  const auto admitted = call->admit(*source);
  SELVAGE_ANSWER_ERROR(call, admitted);
  submit<MoveTask>(
      call, queue::CancelMove{handle->task, *source}, [](Call& c, const MoveTask& task) {
        c.answer([&](Result& out) {
          out.number("ApproximateNumberOfMessagesMoved", static_cast<int64_t>(task.moved));
        });
      });
}

}  // namespace selvage::sqs
