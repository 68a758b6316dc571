// SPDX-License-Identifier: Apache-2.0
#pragma once
// JSON whose members stand in the order of their names, as the service's oldest JSON has them.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace selvage::sqs {

// Names must outlive it. Balance is the caller's.
class SortedJson {
 public:
  void begin_object();
  void begin_array();
  void end();  // of either
  void key(std::string_view name) { levels_.back().key = name; }
  void value(std::string json);  // already JSON
  void text(std::string_view text);
  // What was written, once all is closed.
  std::string take() { return std::move(written_); }

 private:
  struct Level {
    bool is_object = false;
    std::string_view key;
    std::vector<std::pair<std::string_view, std::string>> members;  // an array's have no names
  };
  std::vector<Level> levels_;
  std::string written_;
};

}  // namespace selvage::sqs
