// SPDX-License-Identifier: Apache-2.0
// Selvage.Backup: a copy of the data directory, beside everything else that goes on. The counts in
// the answer are of the moment when it began: all of that is in the copy.
#include "sqs/actions.h"

namespace selvage::sqs {
namespace {

constexpr ErrorKind kBackupFailed{"BackupFailed", "Selvage.BackupFailed", 409};

struct Counts {
  int64_t queues = 0;
  int64_t messages = 0;
};

Counts count(const std::vector<queue::QueueInfo>& queues) {
  Counts counts;
  for (const queue::QueueInfo& q : queues) {
    ++counts.queues;
    counts.messages += static_cast<int64_t>(q.visible + q.in_flight + q.delayed);
  }
  return counts;
}

std::string answer_of(const std::string& directory, const Counts& counts, uint64_t bytes) {
  std::string json;
  wire::JsonWriter(json)
      .begin_object()
      .field("Directory", directory)
      .field("Queues", counts.queues)
      .field("Messages", counts.messages)
      .field("Bytes", static_cast<int64_t>(bytes))
      .end_object();
  return json;
}

void copy(Call& call, const std::string& directory, const Counts& counts) {
  call.backend().back_up(directory, [self = call.shared_from_this(), directory,
                                     counts](selvage::Result<uint64_t> bytes) {
    if (bytes) return self->answer_json(answer_of(directory, counts, *bytes));
    const bool is_callers = bytes.error().code == ErrorCode::kSettings;
    self->refuse({is_callers ? kInvalidParameterValue : kBackupFailed, bytes.error().message});
  });
}

}  // namespace

void backup(const CallPtr& call) {
  std::string directory;
  const auto parsed = call->read(
      [&](std::string_view key, Value& v) { return key != "Directory" || take(v, directory); });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto missing =
      directory.empty() ? OrError<void>(missing_parameter("Directory")) : OrError<void>();
  SELVAGE_ANSWER_ERROR(call, missing);
  constexpr size_t kMaxQueues = 100'000;
  call->submit<std::vector<queue::QueueInfo>>(
      queue::ListQueues{.prefix = "", .after = "", .max = kMaxQueues},
      [directory](Call& c, const std::vector<queue::QueueInfo>& queues) {
        copy(c, directory, count(queues));
      });
}

}  // namespace selvage::sqs
