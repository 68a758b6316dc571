// SPDX-License-Identifier: Apache-2.0
#pragma once
// A Plan as text for people.

#include <string>

#include "workflow/plan.h"

namespace selvage::workflow {

// The file with all defaults filled in: valid YAML that checks to the same plan.
std::string print_file(const Plan& plan);

// The stages and queues as a drawing of characters.
std::string print_graph(const Plan& plan);

// "250ms", "30s", "10m", "1h30m": the largest units first; reads back as the same duration.
std::string print_duration(Duration duration);

}  // namespace selvage::workflow
