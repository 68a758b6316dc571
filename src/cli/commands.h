// SPDX-License-Identifier: Apache-2.0
#pragma once
// The commands by theme. Each function adds some to the parser; the one that is given chooses what
// will be done.

#include "cli/options.h"

namespace selvage::cli {

void add_workflow_commands(CLI::App& app, Chosen& chosen);  // up, serve, check, status, …
void add_queue_commands(CLI::App& app, Chosen& chosen);     // queue list, queue create, …
void add_message_commands(CLI::App& app, Chosen& chosen);   // send, receive, peek, redrive, …
void add_dead_commands(CLI::App& app, Chosen& chosen);      // dead ls, show, edit, redrive, discard
void add_watch_commands(CLI::App& app, Chosen& chosen);     // incidents, logs
void add_data_commands(CLI::App& app, Chosen& chosen);      // backup, doctor

}  // namespace selvage::cli
