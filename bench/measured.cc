// SPDX-License-Identifier: Apache-2.0
#include "bench/measured.h"

#include <sys/types.h>
#include <unistd.h>

#include "bench/process_table.h"

namespace selvage::bench {
namespace {

void write_quantiles(wire::JsonWriter& out, std::string_view name, const Sample& sample) {
  if (sample.count() == 0) return;
  out.key(name).begin_object();
  out.key("p50").number(rounded(sample.median()));
  out.key("p99").number(rounded(sample.quantile(0.99)));
  out.key("p99_9").number(rounded(sample.quantile(0.999)));
  out.key("max").number(rounded(sample.max())).end_object();
}

}  // namespace

void write_spread(wire::JsonWriter& out, std::string_view name, const Sample& sample) {
  if (sample.count() == 0) return;
  out.key(name).begin_object();
  out.key("median").number(rounded(sample.median()));
  out.key("min").number(rounded(sample.min()));
  out.key("max").number(rounded(sample.max())).end_object();
}

void MeasuredLoad::measure(std::chrono::nanoseconds time) {
  const Ledger::Counts before = driver_.ledger().counts();
  const int64_t requests_before = driver_.answered().all();
  const double cpu_before = cpu_seconds_of(pid_);
  const double own_before = cpu_seconds_of(getpid());
  const int64_t begun_ns = now_ns();
  driver_.run_for(time);
  const double seconds = millis_between(begun_ns, now_ns()) / 1000;
  const double cpu = cpu_seconds_of(pid_) - cpu_before;
  const Ledger::Counts& after = driver_.ledger().counts();
  const auto sends = static_cast<double>(after.acknowledged - before.acknowledged);
  const auto lifecycles = static_cast<double>(after.deleted - before.deleted);
  const auto requests = static_cast<double>(driver_.answered().all() - requests_before);
  figures_.sends.add(sends / seconds);
  figures_.lifecycles.add(lifecycles / seconds);
  figures_.requests.add(requests / seconds);
  figures_.driver_cores.add((cpu_seconds_of(getpid()) - own_before) / seconds);
  if (pid_ < 0 || requests == 0 || lifecycles == 0 || cpu == 0) return;
  figures_.cpu_us_per_request.add(cpu * 1e6 / requests);
  figures_.cpu_us_per_lifecycle.add(cpu * 1e6 / lifecycles);
  figures_.lifecycles_per_cpu_second.add(lifecycles / cpu);
  figures_.cores.add(cpu / seconds);
}

bool MeasuredLoad::is_balanced() const {
  const Ledger::Counts& counts = driver_.ledger().counts();
  return driver_.ledger().missing() == 0 && counts.duplicated == 0 && counts.unknown == 0 &&
         counts.failed == 0 && counts.deleted == counts.acknowledged;
}

void MeasuredLoad::write_figures(wire::JsonWriter& out) const {
  write_spread(out, "confirmed_sends_per_second", figures_.sends);
  write_spread(out, "lifecycles_per_second", figures_.lifecycles);
  write_spread(out, "requests_per_second", figures_.requests);
  write_spread(out, "server_cpu_us_per_request", figures_.cpu_us_per_request);
  write_spread(out, "server_cpu_us_per_lifecycle", figures_.cpu_us_per_lifecycle);
  write_spread(out, "lifecycles_per_server_cpu_second", figures_.lifecycles_per_cpu_second);
  write_spread(out, "server_cores", figures_.cores);
  write_spread(out, "driver_cores", figures_.driver_cores);
}

void MeasuredLoad::write_latencies(wire::JsonWriter& out) const {
  const Driver::Latencies& latencies = driver_.latencies();
  out.key("latency_ms").begin_object();
  write_quantiles(out, "send", latencies.send);
  write_quantiles(out, "receive", latencies.receive);
  write_quantiles(out, "delete", latencies.remove);
  write_quantiles(out, "end_to_end", latencies.end_to_end);
  out.end_object();
}

void MeasuredLoad::write_ledger(wire::JsonWriter& out) const {
  const Ledger::Counts& counts = driver_.ledger().counts();
  out.key("ledger").begin_object();
  out.field("acknowledged", counts.acknowledged).field("deleted", counts.deleted);
  out.field("lost", driver_.ledger().missing()).field("duplicated", counts.duplicated);
  out.field("unknown", counts.unknown).field("refused", counts.failed);
  out.field("empty_receives", driver_.answered().empty_receives).end_object();
}

}  // namespace selvage::bench
