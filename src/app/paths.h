// SPDX-License-Identifier: Apache-2.0
#pragma once
// Paths that other processes are given: they may start elsewhere.

#include <string>

namespace selvage::app {

std::string absolute(const std::string& path);

}  // namespace selvage::app
