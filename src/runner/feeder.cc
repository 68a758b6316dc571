// SPDX-License-Identifier: Apache-2.0
#include "runner/feeder.h"

#include <fmt/format.h>
#include "workflow/print.h"

namespace selvage::runner {

std::vector<std::string> stage_environment(const FeederSetting& setting) {
  std::vector<std::string> environment = process::own_environment();
  std::erase_if(environment, [](const std::string& e) { return e.starts_with("SELVAGE_"); });
  for (const auto& [name, value] : setting.stage.env) {
    std::erase_if(environment, [&](const std::string& e) { return e.starts_with(name + "="); });
    environment.push_back(fmt::format("{}={}", name, value));
  }
  environment.push_back("SELVAGE_STAGE=" + setting.stage.name);
  environment.push_back("SELVAGE_WORKER=" + setting.worker);
  environment.push_back("SELVAGE_QUEUE=" + setting.stage.from);
  return environment;
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
