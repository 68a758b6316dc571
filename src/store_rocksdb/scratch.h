// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests only: a directory to spoil, and a look at what is in it.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

namespace selvage::store_rocksdb {

namespace fs = std::filesystem;

// A fresh directory that goes away with everything in it.
class Scratch {
 public:
  Scratch() {
    std::string name = fs::temp_directory_path() / "selvage-store-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary directory";
    path_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

inline void write_file(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Every file and folder below a directory, with the content of the files.
inline std::map<std::string, std::string> everything_in(const fs::path& directory) {
  std::map<std::string, std::string> all;
  for (const auto& found : fs::recursive_directory_iterator(directory))
    all[found.path()] = found.is_regular_file() ? read_file(found.path()) : "";
  return all;
}

}  // namespace selvage::store_rocksdb
