// SPDX-License-Identifier: Apache-2.0
#pragma once
// A command line as a text, split into words the way a shell would, without being a shell.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "workflow/complaint.h"

namespace selvage::workflow {

// Words are separated by white space; '…' keeps everything, "…" keeps all but a backslash before
// " \ $ or `, and elsewhere a backslash keeps the next character. Whatever only a shell could do
// (pipes, redirections, variables, several commands) is refused with the way to ask a shell for it.
std::expected<std::vector<std::string>, Complaint> split_command(std::string_view text);

}  // namespace selvage::workflow
