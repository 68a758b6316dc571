// SPDX-License-Identifier: Apache-2.0
#pragma once
// The broker's process: store, shard, group commit, HTTP. `selvage serve`.

#include "app/settings.h"
#include "base/exit_code.h"

namespace selvage::app {

// Prints `listening on http://HOST:PORT` (https with TLS) on standard output when it is ready, then
// serves until SIGTERM or SIGINT. SIGHUP reads credentials, certificate and key anew. Tells systemd
// what it does, if that started it (notify.h).
ExitCode serve(const ServeSettings& settings);

}  // namespace selvage::app
