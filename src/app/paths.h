// SPDX-License-Identifier: Apache-2.0
#pragma once
// Paths that other processes are given: they may start elsewhere.

#include <string>

#include "base/error.h"

namespace selvage::app {

std::string absolute(const std::string& path);

// Whether a workflow has run on this machine with this data directory.
bool has_run_directory(const std::string& data);
Error no_run_directory(const std::string& data);

}  // namespace selvage::app
