// SPDX-License-Identifier: Apache-2.0
#pragma once
// Asking a person before something is lost.

#include <string>

#include "base/error.h"

namespace selvage::app {

// Asks "WHAT? [y/N]" when a person sits at standard input. Failure: nobody does (kSettings), or the
// answer is not yes (kGiveUp).
Result<void> ask_consent(const std::string& what);

}  // namespace selvage::app
