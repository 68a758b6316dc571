// SPDX-License-Identifier: Apache-2.0
#include "runner/feeder.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "workflow/print.h"

namespace selvage::runner {

std::vector<std::string> stage_environment(const FeederSetting& setting) {
  std::vector<std::string> environment = process::own_environment();
  std::erase_if(environment, [](const std::string& e) { return e.starts_with("SELVAGE_"); });
  for (const auto& [name, value] : setting.stage.env) set(environment, name, value);
  environment.push_back("SELVAGE_STAGE=" + setting.stage.name);
  environment.push_back("SELVAGE_WORKER=" + setting.worker);
  environment.push_back("SELVAGE_QUEUE=" + setting.stage.from);
  return environment;
}

void unset(std::vector<std::string>& environment, std::string_view name) {
  std::erase_if(environment, [name](std::string_view entry) {
    return entry.starts_with(name) && entry.substr(name.size()).starts_with('=');
  });
}

void set(std::vector<std::string>& environment, std::string_view name, std::string_view value) {
  unset(environment, name);
  environment.push_back(fmt::format("{}={}", name, value));
}

std::unique_ptr<Feeder> make_feeder(const FeederSetting& setting, Feeder::Events events) {
  switch (setting.stage.mode) {
    case workflow::Mode::kOneshot:
      return make_oneshot(setting, std::move(events));
    case workflow::Mode::kPersistent:
      return make_persistent(setting, std::move(events));
    case workflow::Mode::kHttp:
      return make_http(setting, std::move(events));
    case workflow::Mode::kSdk:
      return make_sdk(setting, std::move(events));
  }
  SELVAGE_CHECK(false);
}

void describe_end(const process::Ended& how, Duration deadline, Verdict& verdict) {
  verdict.exit_code = how.exit_code;
  verdict.signal = how.signal;
  verdict.cpu_us = (how.used.ru_utime.tv_sec + how.used.ru_stime.tv_sec) * 1'000'000 +
                   how.used.ru_utime.tv_usec + how.used.ru_stime.tv_usec;
  verdict.max_rss_kib = how.used.ru_maxrss;
  verdict.cause = verdict.hung ? fmt::format("the deadline of {} passed ({})",
                                             workflow::print_duration(deadline), how.describe())
                               : how.describe();
}

}  // namespace selvage::runner
