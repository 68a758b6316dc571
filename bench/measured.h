// SPDX-License-Identifier: Apache-2.0
#pragma once
// A load on one server, measured: rates, what it costs the server, and what became of each message.

#include <chrono>
#include <string_view>

#include "bench/driver.h"
#include "bench/figures.h"
#include "wire/json.h"

namespace selvage::bench {

class MeasuredLoad {
 public:
  // Per second and per request; one value for each call of measure().
  struct Figures {
    Sample sends, lifecycles, requests;               // per second
    Sample cpu_us_per_request, cpu_us_per_lifecycle;  // of the server, user and system
    Sample lifecycles_per_cpu_second;
    Sample cores;         // of the server: CPU seconds per second
    Sample driver_cores;  // the same of this process
  };

  // `pid`: of the server; -1 where it is not known, and so is not its cost.
  MeasuredLoad(DriverSettings settings, pid_t pid) : driver_(std::move(settings)), pid_(pid) {}

  Driver& driver() { return driver_; }
  const Driver& driver() const { return driver_; }
  // Runs the load for a while and adds a value to each figure. What is under way at the end stays.
  void measure(std::chrono::nanoseconds time);
  const Figures& figures() const { return figures_; }
  // Everything that was acknowledged came, once, and was deleted. Call settle() before.
  bool is_balanced() const;

  void write_figures(wire::JsonWriter& out) const;
  void write_latencies(wire::JsonWriter& out) const;
  void write_ledger(wire::JsonWriter& out) const;

 private:
  Driver driver_;
  pid_t pid_;
  Figures figures_;
};

// {"median":…,"min":…,"max":…} under `name`; absent where there is no value.
void write_spread(wire::JsonWriter& out, std::string_view name, const Sample& sample);

}  // namespace selvage::bench
