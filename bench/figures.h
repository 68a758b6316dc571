// SPDX-License-Identifier: Apache-2.0
#pragma once
// Measured values, how they are summed up and printed, and the clock that they are taken with.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "wire/json.h"

namespace selvage::bench {

// CLOCK_MONOTONIC in nanoseconds: one clock for every process of the machine.
int64_t now_ns();
double millis_between(int64_t from_ns, int64_t to_ns);

// Values of one kind. Every question needs at least one value.
class Sample {
 public:
  void add(double value) { values_.push_back(value); }
  size_t count() const { return values_.size(); }
  const std::vector<double>& values() const { return values_; }
  double last() const { return values_.back(); }
  // The smallest value that `share` (0..1) of all values do not exceed (nearest rank).
  double quantile(double share) const;
  double median() const { return quantile(0.5); }
  double min() const { return quantile(0); }
  double max() const { return quantile(1); }

 private:
  std::vector<double> values_;
};

// Three decimals: finer than anything that is measured here.
double rounded(double value);

// {"count":…,"min_UNIT":…,"median_UNIT":…,"p99_UNIT":…,"max_UNIT":…}, without the braces. Without
// values only the count.
void write_figures(wire::JsonWriter& out, const Sample& sample, std::string_view unit);

// The number behind `--name` on the command line, else `standard`. A value that is no positive
// number ends the program with a sentence.
int64_t option(int argc, char** argv, std::string_view name, int64_t standard);

// The text behind `--name`, else `standard`.
std::string text_option(int argc, char** argv, std::string_view name, std::string_view standard);

// A benchmark has nobody to tell but the person who started it: says why and ends the program.
[[noreturn]] void give_up(const std::string& why);

// The value, or the end of the program with the error's sentence.
template <typename T>
T require(Result<T> result) {
  if (!result) give_up(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace selvage::bench
