// SPDX-License-Identifier: Apache-2.0
#include "app/pause.h"

#include <fmt/format.h>

#include "app/running.h"
#include "workflow/print.h"

namespace selvage::app {
namespace {

constexpr Duration kForEver = std::chrono::days(366);  // the longest that a gate can last

// The stage whose queue's gate was set; nothing when that failed, and was told.
std::optional<workflow::Stage> set_gate(const PauseSettings& settings, Duration lasts,
                                        ExitCode& code) {
  const auto plan = running_plan(settings.at.data);
  const auto stage = plan ? find_stage(*plan, settings.stage) : std::unexpected(plan.error());
  if (!stage) {
    code = complain(stage.error());
    return std::nullopt;
  }
  const auto link = Link::open(settings.at);
  if (!link) {
    code = complain(link.error());
    return std::nullopt;
  }
  const auto done = (*link)->ask<void>([&](client::Client& c, auto callback) {
    c.set_gate(stage->from, 0, lasts, std::move(callback));
  });
  code = done ? ExitCode::kOk : (*link)->complain(done.error(), {stage->from});
  return done ? std::optional(*stage) : std::nullopt;
}

}  // namespace

ExitCode pause_stage(const PauseSettings& settings) {
  ExitCode code = ExitCode::kOk;
  const auto stage = set_gate(settings, settings.lasts.value_or(kForEver), code);
  if (!stage) return code;
  const std::string until = settings.lasts
                                ? fmt::format("for {}", workflow::print_duration(*settings.lasts))
                                : std::string("until you resume it");
  fmt::print(
      "{} is paused {}: what its workers have they finish, what comes waits in {}; "
      "selvage resume {} lets it go on\n",
      stage->name, until, stage->from, stage->name);
  return code;
}

ExitCode resume_stage(const PauseSettings& settings) {
  ExitCode code = ExitCode::kOk;
  if (const auto stage = set_gate(settings, Duration{0}, code))
    fmt::print("{} goes on with what waits in {}\n", stage->name, stage->from);
  return code;
}

}  // namespace selvage::app
