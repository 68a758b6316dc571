// SPDX-License-Identifier: Apache-2.0
#pragma once
// From an Error to what a person sees: its sentence, and the exit code of its kind.

#include "base/error.h"
#include "base/exit_code.h"

namespace selvage::app {

ExitCode exit_code_of(ErrorCode code);
// Logs the sentence; returns the exit code.
ExitCode report(const Error& error);

}  // namespace selvage::app
