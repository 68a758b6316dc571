// SPDX-License-Identifier: Apache-2.0
#pragma once
// Typed access to one map of the workflow file. What is wrong is written down and reading goes on,
// so that a person sees every problem at once.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "wire/yaml.h"
#include "workflow/check.h"
#include "workflow/keys.h"
#include "workflow/units.h"

namespace selvage::workflow {

class Problems {
 public:
  void add(wire::Position at, std::string message, std::string suggestion = {});
  // The complaint's message after the words that it continues.
  void add(wire::Position at, std::string_view subject, const Complaint& complaint);
  bool empty() const { return found_.empty(); }
  std::vector<Problem> in_file_order() &&;

 private:
  std::vector<Problem> found_;
};

template <typename T>
struct Limits {
  T least;
  T most;
};

// The keys of one map, known or not, each with the first of its values.
class Fields {
 public:
  // Complains about unknown and repeated keys, and about a node that is no map (then it is as if
  // the map were empty). `node` and `problems` must outlive this.
  Fields(const wire::YamlNode& node, Level level, Problems& problems);

  // Null when the key is missing. A key without a value is complained about and counts as missing.
  const wire::YamlNode* find(std::string_view key) const;
  // The key stands there, with a value or without.
  bool has(std::string_view key) const;
  bool readable() const { return readable_; }

  // Each reads the value of `key` into `out`. A missing key or a wrong value leaves `out` as it is;
  // count() is false after a wrong one.
  bool count(std::string_view key, Limits<int> limits, int& out) const;
  void duration(std::string_view key, Limits<Duration> limits, Duration& out) const;
  void duration_range(std::string_view key, Limits<Duration> limits, DurationRange& out) const;
  void percent(std::string_view key, int& out) const;
  std::optional<std::string> text(std::string_view key) const;

 private:
  void check_keys() const;
  // The scalar without quotes that `key` has; null, and complained about, when it is no such thing.
  const wire::YamlNode* unquoted(std::string_view key) const;
  std::string label(std::string_view key) const;

  const wire::YamlNode& node_;
  Level level_;
  Problems& problems_;
  bool readable_ = false;
};

// "a text", "a list", … for messages.
std::string_view kind_name(const wire::YamlNode& node);

// Complains about every key of `map` that stood there before; `what` is what it names.
void refuse_repeated_keys(const wire::YamlNode& map, std::string_view what, Problems& problems);

}  // namespace selvage::workflow
