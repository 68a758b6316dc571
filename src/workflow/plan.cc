// SPDX-License-Identifier: Apache-2.0
#include "workflow/plan.h"

#include <algorithm>

namespace selvage::workflow {
namespace {

void add_once(std::vector<std::string>& queues, const std::string& queue) {
  if (!queue.empty() && std::ranges::find(queues, queue) == queues.end()) queues.push_back(queue);
}

}  // namespace

const Stage* Plan::find(std::string_view stage) const {
  const auto found = std::ranges::find(stages, stage, &Stage::name);
  return found == stages.end() ? nullptr : &*found;
}

std::vector<std::string> Plan::queues() const {
  std::vector<std::string> result;
  for (const auto& stage : stages) {
    add_once(result, stage.from);
    add_once(result, stage.to);
  }
  for (const auto& stage : stages) add_once(result, stage.dead);
  return result;
}

}  // namespace selvage::workflow
