// SPDX-License-Identifier: Apache-2.0
#pragma once
// Failures of the world. A refusal of the domain is an enum value in an outcome, a bug is a
// SELVAGE_CHECK; neither is an Error. The code says what the caller should do next.

#include <expected>
#include <string>
#include <utility>

namespace selvage {

enum class ErrorCode {
  kRetry,       // the other side is away or busy: try again after a while
  kGiveUp,      // this request can never succeed
  kSettings,    // a person must change a setting, a file or a permission
  kInUse,       // another process holds it
  kVersion,     // the data belongs to another version of Selvage
  kDiskFull,    // free some space, then try again
  kCorruption,  // the data is not what was written: stop and look
};

struct Error {
  ErrorCode code;
  std::string message;  // one sentence: what happened, to what, and what to do
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> failure(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

}  // namespace selvage

// Propagates the Error of a Result<void>-like expression to the caller.
#define SELVAGE_TRY(expression)                         \
  do {                                                  \
    if (auto tried = (expression); !tried) [[unlikely]] \
      return std::unexpected(std::move(tried).error()); \
  } while (false)
