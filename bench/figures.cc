// SPDX-License-Identifier: Apache-2.0
#include "bench/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/check.h"

namespace selvage::bench {

int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

double millis_between(int64_t from_ns, int64_t to_ns) {
  return static_cast<double>(to_ns - from_ns) / 1e6;
}

double Sample::quantile(double share) const {
  SELVAGE_CHECK(!values_.empty());
  std::vector<double> sorted = values_;
  std::ranges::sort(sorted);
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::max<size_t>(rank, 1) - 1];
}

double rounded(double value) {
  return std::round(value * 1000) / 1000;
}

void write_figures(wire::JsonWriter& out, const Sample& sample, std::string_view unit) {
  out.field("count", static_cast<int64_t>(sample.count()));
  if (sample.count() == 0) return;
  const auto field = [&](std::string_view name, double value) {
    out.key(fmt::format("{}_{}", name, unit)).number(rounded(value));
  };
  field("min", sample.min());
  field("median", sample.median());
  field("p99", sample.quantile(0.99));
  field("max", sample.max());
}

int64_t option(int argc, char** argv, std::string_view name, int64_t standard) {
  for (int i = 1; i < argc; ++i) {
    if (argv[i] != name) continue;
    const std::string_view text = i + 1 < argc ? argv[i + 1] : "";
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value <= 0)
      give_up(fmt::format("{} needs a positive number, not '{}'", name, text));
    return value;
  }
  return standard;
}

std::string text_option(int argc, char** argv, std::string_view name, std::string_view standard) {
  for (int i = 1; i + 1 < argc; ++i)
    if (argv[i] == name) return argv[i + 1];
  return std::string(standard);
}

void give_up(const std::string& why) {
  fmt::print(stderr, "{}: {}\n", program_invocation_short_name, why);
  std::exit(1);
}

}  // namespace selvage::bench
