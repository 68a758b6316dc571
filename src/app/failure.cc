// SPDX-License-Identifier: Apache-2.0
#include "app/failure.h"

#include "base/log.h"

namespace selvage::app {

ExitCode exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kRetry:
      return ExitCode::kUnreachable;
    case ErrorCode::kGiveUp:
      return ExitCode::kFailed;
    case ErrorCode::kSettings:
      return ExitCode::kUsage;
    case ErrorCode::kInUse:
      return ExitCode::kInUse;
    case ErrorCode::kVersion:
      return ExitCode::kVersion;
    case ErrorCode::kDiskFull:
      return ExitCode::kDiskFull;
    case ErrorCode::kCorruption:
      return ExitCode::kCorruption;
  }
  return ExitCode::kFailed;
}

ExitCode report(const Error& error) {
  log_error("{}", error.message);
  return exit_code_of(error.code);
}

}  // namespace selvage::app
