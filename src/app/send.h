// SPDX-License-Identifier: Apache-2.0
#pragma once
// `selvage send`.

#include <string>

#include "app/link.h"
#include "base/exit_code.h"
#include "client/messages.h"

namespace selvage::app {

struct SendSettings {
  BrokerPlace at = {};
  std::string queue = {};
  client::NewMessage message = {};  // the body "-" is standard input
  bool lines = false;  // one message of each line of standard input; its own body is not used
  bool json = false;
};
// Prints the id of each message as the broker takes it. What was refused is told, by line, and
// makes the exit code kFailed; the rest is sent nevertheless.
ExitCode send(const SendSettings& settings);

}  // namespace selvage::app
