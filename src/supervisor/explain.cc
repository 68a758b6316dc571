// SPDX-License-Identifier: Apache-2.0
#include "supervisor/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "wire/json.h"
#include "workflow/print.h"

namespace selvage::supervisor {
namespace {

using workflow::print_duration;

std::string workers(int count) {
  return fmt::format("{} worker{}", count, count == 1 ? "" : "s");
}

std::string conclusion(const Decision& d, const workflow::Stage& stage) {
  const int needed = d.scaling.want - stage.workers.spare;
  return fmt::format("{}, {} from now on: {} wanted = {} needed (min {}, max {}) + {} spare",
                     workers(d.workers), d.target, d.scaling.want, needed, stage.workers.min,
                     stage.workers.max, stage.workers.spare);
}

std::string arrivals(const Scaling& s) {
  return fmt::format(
      "arrivals: {:.3g} a second (over 5 s {:.3g}, over 60 s {:.3g}) x {:.3g} s an attempt{} x "
      "{:.3g} attempts a success / {:.2f} = {:.1f} workers",
      std::max(s.load.arrivals_fast, s.load.arrivals_slow), s.load.arrivals_fast,
      s.load.arrivals_slow, s.load.attempt_seconds, s.load.measured ? "" : " (expected)",
      s.load.attempts_per_success, Scaler::kUtilisation, s.for_arrivals);
}

std::string backlog(const Scaling& s, const workflow::Stage& stage) {
  return fmt::format("backlog: {} waiting, to be gone in {} = {:.1f} workers", s.load.visible,
                     print_duration(stage.target.drain), s.for_backlog);
}

std::string useful(const Scaling& s) {
  return fmt::format("at hand: {} waiting + {} in flight are work for at most {}{}", s.load.visible,
                     s.load.in_flight, workers(s.useful),
                     s.useful < s.need ? fmt::format(", so not the {} of both", s.need) : "");
}

std::string age(const Scaling& s, const workflow::Stage& stage) {
  return fmt::format("age: a message waits for longer than {}, so one worker more than run: {}",
                     print_duration(stage.target.age), s.for_age + stage.workers.spare);
}

std::string held(const Decision& d) {
  const Scaling& s = d.scaling;
  if (s.held > s.want) return fmt::format("held: {} were wanted within the last minute", s.held);
  if (s.target > s.held)
    return fmt::format("held: {} too many are less than a tenth", s.target - s.held);
  return fmt::format("step: at most twice as many at a time, {} of {}", s.target, s.held);
}

std::string breaker(const Breaker::View& b) {
  const double wait = std::chrono::duration<double>(b.wait).count();
  switch (b.state) {
    case Breaker::State::kClosed:
      return fmt::format("breaker: closed, {} of the last {} attempts failed", b.failed,
                         b.attempts);
    case Breaker::State::kOpen:
      return fmt::format(
          "breaker: open, {} of the last {} attempts failed and {} probes since; nothing is taken, "
          "a probe follows in {:.0f} s",
          b.failed, b.attempts, b.probes, wait);
    case Breaker::State::kProbing:
      return fmt::format("breaker: open, one message at a time is tried; {} probes failed before",
                         b.probes);
  }
  return "";
}

std::string back_pressure(const BackPressure::View& view, const workflow::Stage& stage) {
  if (view.shut)
    return fmt::format(
        "back-pressure: {} wait in {}, whose max_backlog is {}; nothing is taken until {} do",
        view.waiting, stage.to, view.most, view.reopens);
  return fmt::format("back-pressure: none, {} wait in {}, whose max_backlog is {}", view.waiting,
                     stage.to, view.most);
}

std::string budget(const Grant& grant) {
  const char* const what = grant.short_of_memory ? "memory" : "cpu";
  return fmt::format("budget: the workers' share of the host has {} for {}", what,
                     workers(grant.workers));
}

std::string drain(const Decision& d) {
  if (!d.grant.drain_seconds) return "drain: with so many workers the backlog grows";
  return fmt::format("drain: {:.0f} s with {}", *d.grant.drain_seconds, workers(d.grant.workers));
}

std::string_view name_of(Breaker::State state) {
  switch (state) {
    case Breaker::State::kClosed:
      return "closed";
    case Breaker::State::kOpen:
      return "open";
    case Breaker::State::kProbing:
      return "probing";
  }
  return "";
}

void write_stage(const Decision& d, const workflow::Stage& stage, wire::JsonWriter& out) {
  const Scaling& s = d.scaling;
  out.begin_object()
      .field("name", d.stage)
      .field("workers", int64_t{d.workers})
      .field("target", int64_t{d.target})
      .field("want", int64_t{s.want})
      .field("visible", s.load.visible)
      .field("in_flight", s.load.in_flight)
      .field("breaker", name_of(d.breaker.state));
  out.key("held_back").boolean(d.back_pressure.shut);
  out.key("arrivals_per_second").number(std::max(s.load.arrivals_fast, s.load.arrivals_slow));
  out.key("attempt_seconds").number(s.load.attempt_seconds);
  out.key("attempts_per_success").number(s.load.attempts_per_success);
  out.key("why").begin_array();
  for (const std::string& line : explain(d, stage)) out.string(line);
  out.end_array().end_object();
}

}  // namespace

std::vector<std::string> explain(const Decision& d, const workflow::Stage& stage) {
  const Scaling& s = d.scaling;
  std::vector<std::string> lines = {conclusion(d, stage), arrivals(s), backlog(s, stage),
                                    useful(s)};
  if (s.for_age > 0) lines.push_back(age(s, stage));
  if (d.paused)
    lines.push_back(fmt::format("it is paused: selvage resume {} lets it go on", stage.name));
  if (d.gate)
    lines.emplace_back("the number of workers stays as it is while the stage is held back");
  else if (s.target != s.want)
    lines.push_back(held(d));
  if (d.grant.short_of_cpus || d.grant.short_of_memory) lines.push_back(budget(d.grant));
  lines.push_back(drain(d));
  lines.push_back(breaker(d.breaker));
  if (d.crash_loops) lines.emplace_back("no program of the stage could be started");
  if (d.back_pressure.most > 0) lines.push_back(back_pressure(d.back_pressure, stage));
  return lines;
}

std::string to_json(Instant at, const std::vector<Decision>& decisions,
                    const workflow::Plan& plan) {
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object().field("at_us", to_micros(at)).key("stages").begin_array();
  for (const Decision& decision : decisions) {
    const workflow::Stage* const stage = plan.find(decision.stage);
    SELVAGE_CHECK(stage != nullptr);
    write_stage(decision, *stage, out);
  }
  out.end_array().end_object();
  return json;
}

}  // namespace selvage::supervisor
