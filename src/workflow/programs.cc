// SPDX-License-Identifier: Apache-2.0
// Looking for programs the way execvp would, but saying why one cannot be run.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "workflow/check.h"

namespace selvage::workflow {
namespace {

namespace fs = std::filesystem;

// What hinders `path` from being run; empty when nothing. `name` is what the person wrote.
std::string hindrance(const std::string& path, const std::string& name) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return fmt::format("there is no program {}", path);
    return fmt::format("cannot look at {}: {}", path, std::strerror(errno));
  }
  if (S_ISDIR(info.st_mode)) return fmt::format("{} is a directory, not a program", path);
  if (!S_ISREG(info.st_mode)) return fmt::format("{} is not a file", path);
  if (::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) != 0) {
    return fmt::format("{} may not be executed: chmod +x {}", path, name);
  }
  return {};
}

std::string absolute(const std::string& path) {
  std::error_code ignored;  // only when there is no current directory: then the path stays as it is
  const fs::path result = fs::absolute(path, ignored);
  return ignored ? path : result.lexically_normal().string();
}

// The first program `name` in the directories of PATH that can be run.
std::optional<std::string> find_in_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  for (bool more = true; more;) {
    const size_t colon = rest.find(':');
    more = colon != std::string_view::npos;
    const std::string directory(rest.substr(0, colon));
    if (more) rest.remove_prefix(colon + 1);
    std::string candidate = absolute((fs::path(directory) / name).string());
    if (hindrance(candidate, name).empty()) return candidate;
  }
  return std::nullopt;
}

std::string explain_missing(const std::string& name, const std::string& directory) {
  std::error_code ignored;  // what cannot be looked at is not suggested
  if (fs::is_regular_file(fs::path(directory) / name, ignored)) {
    return fmt::format("there is no program '{}' in PATH: for the one beside this file write ./{}",
                       name, name);
  }
  return fmt::format("there is no program '{}' in PATH", name);
}

}  // namespace

std::expected<std::string, std::string> SystemPrograms::find(const std::string& name,
                                                             const std::string& directory) {
  if (name.find('/') == std::string::npos) {
    if (auto found = find_in_path(name)) return std::move(*found);
    return std::unexpected(explain_missing(name, directory));
  }
  if (name.starts_with("~/")) {
    return std::unexpected(
        fmt::format("'~' is not replaced here: write the whole path of {}", name));
  }
  std::string path = absolute((fs::path(directory) / name).string());
  std::string reason = hindrance(path, name);
  if (!reason.empty()) return std::unexpected(std::move(reason));
  return path;
}

}  // namespace selvage::workflow
