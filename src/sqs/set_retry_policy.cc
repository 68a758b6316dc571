// SPDX-License-Identifier: Apache-2.0
// Selvage.SetRetryPolicy: how often a failed message is tried again, and how soon.
#include "sqs/actions.h"
#include "sqs/limits.h"

namespace selvage::sqs {

void set_retry_policy(const CallPtr& call) {
  constexpr Range kAttempts{"Attempts", 1, 1000};
  constexpr Range kBackoffMaxMs{"BackoffMaxMs", 0, 43'200'000};
  std::string url;
  constexpr Range kDeaths{"Deaths", 1, 1000};
  std::optional<int64_t> attempts, deaths, min_ms, max_ms;
  const auto parsed = call->read([&](std::string_view key, Value& v) {
    if (key == "QueueUrl") return take(v, url);
    if (key == "Attempts") return take(v, attempts);
    if (key == "Deaths") return take(v, deaths);
    if (key == "BackoffMinMs") return take(v, min_ms);
    if (key == "BackoffMaxMs") return take(v, max_ms);
    return true;
  });
  SELVAGE_ANSWER_ERROR(call, parsed);
  const auto queue = call->queue_of(url);
  SELVAGE_ANSWER_ERROR(call, queue);
  const queue::Retry defaults;
  const auto valid_attempts = in_range(kAttempts, attempts.value_or(defaults.attempts));
  SELVAGE_ANSWER_ERROR(call, valid_attempts);
  const auto valid_deaths = in_range(kDeaths, deaths.value_or(defaults.deaths));
  SELVAGE_ANSWER_ERROR(call, valid_deaths);
  const auto as_ms = [](Duration d) { return d / std::chrono::milliseconds(1); };
  const auto max = in_range(kBackoffMaxMs, max_ms.value_or(as_ms(defaults.backoff_max)));
  SELVAGE_ANSWER_ERROR(call, max);
  const auto min =
      in_range({"BackoffMinMs", 0, *max}, min_ms.value_or(as_ms(defaults.backoff_min)));
  SELVAGE_ANSWER_ERROR(call, min);
  queue::ConfigPatch patch;
  patch.retry = queue::Retry{.attempts = static_cast<uint32_t>(*valid_attempts),
                             .deaths = static_cast<uint32_t>(*valid_deaths),
                             .backoff_min = std::chrono::milliseconds(*min),
                             .backoff_max = std::chrono::milliseconds(*max)};
  call->submit<queue::Done>(queue::SetQueue{*queue, patch},
                            [](Call& c, queue::Done) { c.answer_json("{}"); });
}

}  // namespace selvage::sqs
