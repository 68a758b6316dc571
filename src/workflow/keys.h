// SPDX-License-Identifier: Apache-2.0
#pragma once
// The vocabulary of the workflow file: which key may stand where, and what to say to another one.

#include <span>
#include <string_view>

#include "workflow/complaint.h"

namespace selvage::workflow {

// The maps of the file whose keys are fixed.
enum class Level { kFile, kDefaults, kStage, kWorkers, kTarget, kRetry, kHttp, kBudget };

// How messages call it.
std::string_view name_of(Level level);

std::span<const std::string_view> keys_of(Level level);

// What to say to a key that keys_of(level) does not have: a key of a later version, a key that
// belongs elsewhere, another tool's word for one of ours, or a misspelling.
Complaint explain_unknown_key(Level level, std::string_view key);

}  // namespace selvage::workflow
