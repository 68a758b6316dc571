// SPDX-License-Identifier: Apache-2.0
#pragma once
// `selvage dead`: dead letters looked at, mended, tried again or thrown away.

#include <cstdint>
#include <optional>
#include <string>

#include "app/dead_letters.h"
#include "base/exit_code.h"

namespace selvage::app {

struct ListDead {
  BrokerPlace at = {};
  std::string name = {};  // a queue or a stage; empty: everywhere
  bool json = false;
};
// A line per signature.
ExitCode list_dead(const ListDead& settings);

struct ShowDead {
  BrokerPlace at = {};
  std::string name = {};   // as above
  DeadFilter filter = {};  // by ids or group
  int max = 10;
  bool json = false;
};
// Everything about them. kFailed when one that was named is not there.
ExitCode show_dead(const ShowDead& settings);

struct EditDead {
  BrokerPlace at = {};
  bool knows_directory = true;  // see Audit
  std::string name = {};
  std::string id = {};
  std::string body = {};  // a file; "-": standard input
  bool json = false;
};
ExitCode edit_dead(const EditDead& settings);

struct ChangeDead {
  BrokerPlace at = {};
  bool knows_directory = true;
  std::string name = {};
  DeadFilter filter = {};
  std::string to = {};               // redrive: empty: each to where it died
  std::optional<int64_t> rate = {};  // messages a second; absent: as fast as it goes
  bool dry_run = false;              // only say how many
  bool yes = false;                  // discard: do not ask
  bool json = false;
};
// What was found is changed, not what dies meanwhile. kFailed when one of them was not.
ExitCode redrive_dead(const ChangeDead& settings);
ExitCode discard_dead(const ChangeDead& settings);

}  // namespace selvage::app
