// SPDX-License-Identifier: Apache-2.0
#include "app/credentials.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <span>

#include "auth/arn.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "wire/yaml.h"
#include "workflow/suggest.h"

namespace selvage::app {
namespace {

using wire::Position;
using wire::YamlNode;
using Kind = YamlNode::Kind;

constexpr const char* kOwnKeyFile = "/runtime-key";
constexpr const char* kSessionSecretFile = "/session-secret";
constexpr size_t kSecretBytes = 32;
constexpr const char* kOwnName = "selvage-runtime";
constexpr mode_t kOwnerOnly = 0600;

std::unexpected<Error> unreadable(const std::string& path) {
  return failure(ErrorCode::kSettings,
                 fmt::format("cannot read {}: {}", path, std::strerror(errno)));
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Reads one file; every problem names its place in it.
class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  Result<std::vector<auth::Key>> read(const YamlNode& root) {
    if (root.kind == Kind::kNull) return problem({1, 1}, "the file is empty");
    if (root.kind != Kind::kMap) return problem(root.at, "expected 'selvage-credentials: 1'");
    std::vector<auth::Key> keys;
    bool has_version = false;
    for (const auto& [name, at, value] : root.entries) {
      if (name == "selvage-credentials") {
        if (value.scalar != "1") return problem(value.at, "this version reads format 1 only");
        has_version = true;
      } else if (name == "keys") {
        if (value.kind != Kind::kSequence) return problem(value.at, "'keys' is a list");
        for (const YamlNode& item : value.items) {
          auto key = read_key(item);
          if (!key) return std::unexpected(std::move(key).error());
          if (!ids_.insert(key->id).second)
            return problem(item.at, fmt::format("the key '{}' is given twice", key->id));
          keys.push_back(*std::move(key));
        }
      } else {
        return unknown(name, at, {{"selvage-credentials", "keys"}});
      }
    }
    if (!has_version) return problem(root.at, "the line 'selvage-credentials: 1' is missing");
    if (keys.empty()) return problem(root.at, "there are no keys: nobody could do anything");
    return keys;
  }

 private:
  std::unexpected<Error> problem(Position at, std::string_view what) const {
    return failure(ErrorCode::kSettings,
                   fmt::format("{}:{}:{}: {}", path_, at.line, at.column, what));
  }
  std::unexpected<Error> unknown(const std::string& name, Position at,
                                 std::span<const std::string_view> known) const {
    const std::string_view meant = workflow::closest(name, known);
    return problem(
        at, meant.empty()
                ? fmt::format("unknown key '{}'; known are: {}", name, fmt::join(known, ", "))
                : fmt::format("unknown key '{}' (did you mean '{}'?)", name, meant));
  }

  Result<auth::Key> read_key(const YamlNode& node) {
    static constexpr std::array<std::string_view, 5> kKnown = {"id", "secret", "name", "account",
                                                               "allow"};
    if (node.kind != Kind::kMap) return problem(node.at, "a key has 'id', 'secret' and 'allow'");
    auth::Key key;
    bool has_grants = false;
    for (const auto& [name, at, value] : node.entries) {
      if (name == "allow") {
        SELVAGE_TRY(read_grants(value, key));
        has_grants = true;
        continue;
      }
      std::string* const target = name == "id"        ? &key.id
                                  : name == "secret"  ? &key.secret
                                  : name == "name"    ? &key.name
                                  : name == "account" ? &key.account
                                                      : nullptr;
      if (target == nullptr) return unknown(name, at, kKnown);
      if (value.kind != Kind::kScalar)
        return problem(value.at, fmt::format("'{}' is a text", name));
      if (name == "account" && !auth::is_account(value.scalar))
        return problem(value.at, "an account has 12 digits");
      *target = value.scalar;
    }
    if (key.id.empty() || key.secret.empty())
      return problem(node.at, "a key needs an 'id' and a 'secret'");
    if (!has_grants)
      return problem(node.at,
                     "a key needs 'allow': 'everything', or a list of "
                     "{queues: …, actions: …}");
    if (const auto valid = auth::Keyring::make({key}); !valid)
      return problem(node.at, valid.error().message);
    return key;
  }

  Result<void> read_grants(const YamlNode& node, auth::Key& key) {
    if (node.kind == Kind::kScalar && node.scalar == "everything") {
      key.grants.push_back({{"*"}, {"*"}});
      return {};
    }
    if (node.kind != Kind::kSequence)
      return problem(node.at, "'allow' is 'everything', or a list of {queues: …, actions: …}");
    for (const YamlNode& item : node.items) {
      if (item.kind != Kind::kMap) return problem(item.at, "expected {queues: …, actions: …}");
      auth::Grant grant;
      for (const auto& [name, at, value] : item.entries) {
        if (name == "queues")
          SELVAGE_TRY(read_texts(value, grant.queues));
        else if (name == "actions")
          SELVAGE_TRY(read_texts(value, grant.actions));
        else
          return unknown(name, at, {{"queues", "actions"}});
      }
      if (grant.queues.empty() || grant.actions.empty())
        return problem(item.at, "a grant needs 'queues' and 'actions'");
      key.grants.push_back(std::move(grant));
    }
    return {};
  }

  Result<void> read_texts(const YamlNode& node, std::vector<std::string>& out) {
    if (node.kind == Kind::kScalar) {
      out.push_back(node.scalar);
      return {};
    }
    if (node.kind != Kind::kSequence) return problem(node.at, "expected a text or a list of texts");
    for (const YamlNode& item : node.items) {
      if (item.kind != Kind::kScalar) return problem(item.at, "expected a text");
      out.push_back(item.scalar);
    }
    return {};
  }

  std::string path_;
  std::set<std::string> ids_;  // of the keys so far
};

std::string random_hex(size_t bytes) {
  SystemRandom random;
  std::string raw;
  while (raw.size() < bytes) Encoder(raw).u64(random.next());
  return to_hex(raw);
}

auth::Key to_own_key(std::string id, std::string secret) {
  return {.id = std::move(id),
          .secret = std::move(secret),
          .name = kOwnName,
          .account = {},
          .grants = {{{"*"}, {"*"}}}};
}

// "ID SECRET"; nullopt when it is not there or damaged.
std::optional<auth::Key> read_own_key(const std::string& data) {
  std::ifstream file(data + kOwnKeyFile);
  std::string id, secret;
  if (!(file >> id >> secret)) return std::nullopt;
  return to_own_key(std::move(id), std::move(secret));
}

// Whole or not at all: another process may read at any time.
Result<void> write_secret(const std::string& path, const std::string& line) {
  const std::string draft = fmt::format("{}.{}", path, getpid());
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerOnly);
  const bool written =
      file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  const int problem = errno;
  if (file >= 0) ::close(file);
  if (written && ::rename(draft.c_str(), path.c_str()) == 0) return {};
  ::unlink(draft.c_str());
  return failure(problem == ENOSPC ? ErrorCode::kDiskFull : ErrorCode::kSettings,
                 fmt::format("cannot write {}: {}", path, std::strerror(problem)));
}

void warn_if_others_can_read(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0)
    log_warn("{} holds secrets and others can read it: chmod 600 {}", path, path);
}

}  // namespace

Result<std::vector<auth::Key>> read_credentials(const std::string& path) {
  auto text = read_file(path);
  if (!text) return std::unexpected(std::move(text).error());
  warn_if_others_can_read(path);
  const auto root = wire::read_yaml(*text);
  if (!root)
    return failure(ErrorCode::kSettings, fmt::format("{}:{}:{}: {}", path, root.error().at.line,
                                                     root.error().at.column, root.error().message));
  return Reader(path).read(*root);
}

Result<auth::Key> own_key(const std::string& data) {
  if (auto known = read_own_key(data)) return *std::move(known);
  std::error_code error;
  std::filesystem::create_directories(data, error);
  constexpr size_t kIdBytes = 8;
  auth::Key key = to_own_key("SELVAGE" + random_hex(kIdBytes), random_hex(kSecretBytes));
  SELVAGE_TRY(write_secret(data + kOwnKeyFile, key.id + " " + key.secret + "\n"));
  return key;
}

Result<std::string> session_secret(const std::string& data) {
  std::ifstream file(data + kSessionSecretFile);
  std::string secret;
  if (file >> secret) return secret;
  secret = passing_session_secret();
  SELVAGE_TRY(write_secret(data + kSessionSecretFile, secret + "\n"));
  return secret;
}

std::string passing_session_secret() {
  return random_hex(kSecretBytes);
}

std::optional<client::Credentials> find_own_credentials(const std::string& data) {
  auto key = read_own_key(data);
  if (!key) return std::nullopt;
  return client::Credentials{std::move(key->id), std::move(key->secret)};
}

std::optional<client::Credentials> find_credentials(const std::string& data) {
  const char* const id = std::getenv("AWS_ACCESS_KEY_ID");
  const char* const secret = std::getenv("AWS_SECRET_ACCESS_KEY");
  if (id != nullptr && secret != nullptr && *id != '\0') return client::Credentials{id, secret};
  return find_own_credentials(data);
}

}  // namespace selvage::app
