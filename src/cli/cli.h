// SPDX-License-Identifier: Apache-2.0
#pragma once
// The command line: subcommands and their options, nothing else. What they do is in app/.

namespace selvage::cli {

// Parses the arguments, runs the subcommand, returns the process's exit code.
int run(int argc, char** argv);

}  // namespace selvage::cli
