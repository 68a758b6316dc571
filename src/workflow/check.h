// SPDX-License-Identifier: Apache-2.0
#pragma once
// From the text of a workflow file to a Plan, or to every problem that it has.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "workflow/plan.h"

namespace selvage::workflow {

struct Problem {
  int line = 0;
  int column = 0;
  std::string message;     // what is wrong
  std::string suggestion;  // what to do; may be empty
};

// Looks at the file system: whether a program exists and may be run. Replaced in tests.
class Programs {
 public:
  virtual ~Programs() = default;
  // The absolute path of `name` (through PATH when it has no slash, else relative to `directory`),
  // or one sentence that says why it cannot be run.
  virtual std::expected<std::string, std::string> find(const std::string& name,
                                                       const std::string& directory) = 0;
};

class SystemPrograms final : public Programs {
 public:
  std::expected<std::string, std::string> find(const std::string& name,
                                               const std::string& directory) override;
};

// `path` is where the text came from: it names the plan's file and directory (made absolute).
// Failure: every problem, in the order of the file; never empty.
std::expected<Plan, std::vector<Problem>> check(std::string_view text, const std::string& path,
                                                Programs& programs);

// Reads the file, then check(). A file that cannot be read is a problem at line 0.
std::expected<Plan, std::vector<Problem>> check_file(const std::string& path);

// "FILE:LINE:COLUMN: message (suggestion)", one line per problem.
std::string describe(const std::string& path, const std::vector<Problem>& problems);

}  // namespace selvage::workflow
