// SPDX-License-Identifier: Apache-2.0
#include "app/evidence.h"

#include "incident/signature.h"
#include "wire/json.h"

namespace selvage::app {
namespace {

struct Numbers {
  int64_t exit_code = 0;
  int64_t signal = 0;
};

bool take_member(std::string_view key, wire::JsonValue& v, Attempt& attempt, Numbers& numbers) {
  const auto text = [&] { return std::string(v.string().value_or("")); };
  const auto number = [&] { return v.integer().value_or(0); };
  if (key == "stage") attempt.stage = text();
  if (key == "worker") attempt.worker = text();
  if (key == "host") attempt.host = text();
  if (key == "cause") attempt.cause = text();
  if (key == "signature") attempt.signature = text();
  if (key == "stderr") attempt.errors = text();
  if (key == "attempt") attempt.number = number();
  if (key == "started_us") attempt.started = from_micros(number());
  if (key == "ended_us") attempt.ended = from_micros(number());
  if (key == "exit_code") numbers.exit_code = number();
  if (key == "signal") numbers.signal = number();
  return true;
}

Attempt read_attempt(std::string_view json) {
  Attempt attempt;
  Numbers numbers;
  const auto parsed = wire::read_json(json, [&](wire::JsonValue& root) {
    return root.object([&](std::string_view key, wire::JsonValue& v) {
      return take_member(key, v, attempt, numbers);
    });
  });
  if (!parsed || !attempt.signature.empty()) return attempt;
  const bool says_end = numbers.exit_code != 0 || numbers.signal != 0;
  attempt.signature = incident::signature_of(
      {.stage = attempt.stage,
       .exit_code = static_cast<int>(numbers.exit_code),
       .signal = static_cast<int>(numbers.signal),
       .reason = says_end ? std::string_view() : std::string_view(attempt.cause),
       .errors = attempt.errors});
  return attempt;
}

}  // namespace

std::vector<Attempt> read_evidence(std::string_view json) {
  std::vector<Attempt> attempts;
  if (json.empty()) return attempts;
  // Each on its own: one that is not as it should be must not hide the others.
  const auto parsed = wire::read_json(json, [&](wire::JsonValue& root) {
    return root.array([&](wire::JsonValue& one) {
      attempts.push_back(read_attempt(one.raw()));
      return true;
    });
  });
  if (!parsed) attempts.clear();
  return attempts;
}

}  // namespace selvage::app
