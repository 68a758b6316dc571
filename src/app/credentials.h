// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where keys come from: the credentials file of the broker, the key of Selvage's own processes, and
// the environment of whoever uses the command line. docs/reference/credentials.md has the format.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/keys.h"
#include "base/error.h"
#include "client/client.h"

namespace selvage::app {

// Failure (kSettings): the file cannot be read, or its first problem with line and column. Warns in
// the log when others than its owner can read it. Never says a secret.
Result<std::vector<auth::Key>> read_credentials(const std::string& path);

// The key with which supervisor, runners and command line on this machine call the broker that
// works in `data`: made when first asked for, readable by the owner only. Failure: kSettings,
// kDiskFull.
Result<auth::Key> own_key(const std::string& data);

// What the keys of sessions are made of (docs/decisions/0015), for the broker that works in `data`:
// made when first asked for, readable by the owner only. Failure: kSettings, kDiskFull.
Result<std::string> session_secret(const std::string& data);
// For one that keeps nothing on disk.
std::string passing_session_secret();

// What a command signs with: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY if both are set, else the
// own key of the broker in `data` if it has one; else nothing.
std::optional<client::Credentials> find_credentials(const std::string& data);
// The same for Selvage's own processes, which never use the user's keys.
std::optional<client::Credentials> find_own_credentials(const std::string& data);

}  // namespace selvage::app
