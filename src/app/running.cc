// SPDX-License-Identifier: Apache-2.0
#include "app/running.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <vector>

#include "worker/run_directory.h"
#include "workflow/check.h"

namespace selvage::app {

Result<workflow::Plan> running_plan(const std::string& data) {
  std::string file;
  std::getline(std::ifstream(worker::RunDirectory(data).workflow()), file);
  if (file.empty())
    return failure(ErrorCode::kSettings,
                   fmt::format("no workflow has run in {}: start one with selvage up FILE, or name "
                               "its directory with --data",
                               data));
  auto plan = workflow::check_file(file);
  if (!plan)
    return failure(ErrorCode::kSettings,
                   fmt::format("the workflow file has changed and is not sound any more:\n{}",
                               workflow::describe(file, plan.error())));
  return *std::move(plan);
}

Result<workflow::Stage> find_stage(const workflow::Plan& plan, const std::string& name) {
  if (const workflow::Stage* const stage = plan.find(name)) return *stage;
  std::vector<std::string_view> names;
  for (const workflow::Stage& stage : plan.stages) names.push_back(stage.name);
  return failure(ErrorCode::kSettings, fmt::format("{} has no stage '{}'; it has {}", plan.name,
                                                   name, fmt::join(names, ", ")));
}

}  // namespace selvage::app
