// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "cli/cli.h"

int main(int argc, char** argv) {
  // A program or a peer that has gone is an error of write(2), never the end of this process.
  // Programs that we spawn get the default back (process/spawn.h).
  std::signal(SIGPIPE, SIG_IGN);

  return selvage::cli::run(argc, argv);
}
