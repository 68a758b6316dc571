// SPDX-License-Identifier: Apache-2.0
// What a backlog costs: the same work on a server with many messages and on one with none, in turn.
// README.md says how to read what this prints.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/backlog_server.h"
#include "bench/figures.h"
#include "bench/server_state.h"
#include "wire/json.h"

namespace selvage::bench {
namespace {

constexpr int64_t kBodyBytes = 1024;
constexpr int64_t kHourMs = 3'600'000;
constexpr double kMiB = 1 << 20;
constexpr int kRevivals = 3;
constexpr double kGivenBackShare = 0.9;   // of what the backlog had taken, or
constexpr int64_t kKeptBytes = 64 << 20;  // all but so much: the log is reused, not returned
constexpr auto kRest = std::chrono::seconds(30);  // in which logs are written out into tables
constexpr auto kGiveBackWithin = std::chrono::seconds(60);
constexpr auto kGiveBackLook = std::chrono::seconds(10);  // below full size, where it is no goal

// Goals, relative to the server without a backlog where they are ratios.
constexpr double kLeastThroughput = 0.9;
constexpr double kMostP99 = 2;
constexpr double kMostResidentMiB = 150;
constexpr double kMostReviveMs = 1000;
constexpr double kMostDisk = 1.3;  // bytes per byte of payload

struct Options {
  double scale = 0.1;
  std::string only;
  int64_t rounds = 15;
  int64_t lifecycles = 30'000;  // of each stretch: a second or two
  int64_t connections = 16;
  int64_t batch = 10;
};

struct Row {
  std::string_view name;
  int64_t messages;
  int64_t queues = 1;
  int64_t groups = 0;
  int64_t spread_ms = 0;
  bool purge = false;  // at the end, instead of a drain
};
constexpr auto kRows = std::to_array<Row>({
    {.name = "none", .messages = 0},
    {.name = "million", .messages = 1'000'000},
    {.name = "ten-million", .messages = 10'000'000, .purge = true},
    {.name = "queues", .messages = 1'000'000, .queues = 10'000},
    {.name = "fifo", .messages = 1'000'000, .groups = 100'000},
    {.name = "delayed", .messages = 1'000'000, .spread_ms = kHourMs, .purge = true},
});

// The figures of one row. Ratios: with the backlog by without it.
struct Figures {
  int64_t messages = 0;
  double load_per_second = 0, load_cpu_us = 0;
  Sample throughput_ratio, cpu_ratio;  // one value a round
  Sample per_second, cpu_us, empty_per_second, empty_cpu_us;
  Sample latency_ms, empty_latency_ms;
  double resident_mib = 0, anonymous_mib = 0;  // above the empty server's
  double revived_resident_mib = 0;             // the same after the last restart
  Sample revive_ms, empty_revive_ms;
  double disk_ratio = 0;
  double given_back_s = -1;     // -1: not within a minute
  int64_t disk_left_bytes = 0;  // more than the empty server's, when we stopped looking
  int64_t count_checks = 0, wrong_counts = 0;
  int64_t lost = 0, duplicated = 0;

  double p50_ratio() const { return latency_ms.median() / empty_latency_ms.median(); }
  double p99_ratio() const { return latency_ms.quantile(0.99) / empty_latency_ms.quantile(0.99); }
};

class Measurement {
 public:
  Measurement(const Row& row, const Options& options)
      : row_(row), options_(options), server_(settings()), empty_(settings()) {
    figures_.messages = scaled(row.messages);
  }

  Figures run() {
    say("loading");
    load();
    say("working");
    for (int64_t i = 0; i <= options_.rounds; ++i) work(i);
    check_counts();
    weigh();
    say("restarting");
    revive();
    say("giving back");
    give_back();
    return figures_;
  }

 private:
  int64_t scaled(int64_t count) const {
    return static_cast<int64_t>(static_cast<double>(count) * options_.scale);
  }
  BacklogServer::Settings settings() const {
    return {.queues = std::max<int64_t>(1, row_.queues > 1 ? scaled(row_.queues) : 1),
            .groups = row_.groups > 0 ? std::max<int64_t>(1, scaled(row_.groups)) : 0,
            .connections = static_cast<size_t>(options_.connections),
            .body_bytes = kBodyBytes};
  }
  void say(std::string_view what) const { fmt::print(stderr, "{}: {}\n", row_.name, what); }

  void load() {
    if (figures_.messages > 0) {
      const int64_t begun_ns = now_ns(), cpu_before = cpu_ns(server_.pid());
      server_.fill(figures_.messages, row_.spread_ms);
      const auto count = static_cast<double>(figures_.messages);
      figures_.load_per_second = count / (millis_between(begun_ns, now_ns()) / 1000);
      figures_.load_cpu_us = static_cast<double>(cpu_ns(server_.pid()) - cpu_before) / 1000 / count;
    }
    check_counts();
    server_.await_calm();
    empty_.await_calm();
  }

  struct Stretch {
    double per_second, cpu_us;
  };
  Stretch stretch(BacklogServer& server, Sample& latencies) const {
    Lifecycles work(server.desk(), options_.lifecycles, static_cast<int>(options_.batch),
                    latencies);
    const int64_t done_before = server.stock().deleted;
    const int64_t cpu_before = cpu_ns(server.pid()), begun_ns = now_ns();
    server.run(work);
    const double took_s = millis_between(begun_ns, now_ns()) / 1000;
    const double cpu_us = static_cast<double>(cpu_ns(server.pid()) - cpu_before) / 1000;
    const auto done = static_cast<double>(server.stock().deleted - done_before);
    return {.per_second = done / took_s, .cpu_us = cpu_us / done};
  }

  // A stretch on each; who begins changes. The first round warms up and does not count.
  void work(int64_t round) {
    Sample ignored;
    const auto on = [&](BacklogServer& server, Sample& latencies) {
      return stretch(server, round == 0 ? ignored : latencies);
    };
    Stretch empty{}, full{};
    if (round % 2 == 0) empty = on(empty_, figures_.empty_latency_ms);
    full = on(server_, figures_.latency_ms);
    if (round % 2 != 0) empty = on(empty_, figures_.empty_latency_ms);
    check_counts();
    if (round == 0) return;
    figures_.per_second.add(full.per_second);
    figures_.cpu_us.add(full.cpu_us);
    figures_.empty_per_second.add(empty.per_second);
    figures_.empty_cpu_us.add(empty.cpu_us);
    figures_.throughput_ratio.add(full.per_second / empty.per_second);
    figures_.cpu_ratio.add(full.cpu_us / empty.cpu_us);
  }

  void check_counts() {
    figures_.count_checks += static_cast<int64_t>(server_.stock().queues.size());
    figures_.wrong_counts += server_.wrong_counts();
  }

  double more_resident_mib() const {
    return static_cast<double>(memory_of(server_.pid()).resident_bytes -
                               memory_of(empty_.pid()).resident_bytes) /
           kMiB;
  }
  void weigh() {
    server_.await_calm();
    if (options_.scale >= 1) std::this_thread::sleep_for(kRest);
    figures_.resident_mib = more_resident_mib();
    figures_.anonymous_mib = static_cast<double>(memory_of(server_.pid()).anonymous_bytes -
                                                 memory_of(empty_.pid()).anonymous_bytes) /
                             kMiB;
    const auto payload = static_cast<double>(server_.stock().total() * kBodyBytes);
    if (payload > 0)
      figures_.disk_ratio = static_cast<double>(disk_bytes(server_.data())) / payload;
  }

  void revive() {
    server_.fill(1);  // each has something to receive
    empty_.fill(1);
    for (int i = 0; i < kRevivals; ++i) {
      figures_.revive_ms.add(server_.revive_ms());
      figures_.empty_revive_ms.add(empty_.revive_ms());
      check_counts();
    }
    figures_.revived_resident_mib = more_resident_mib();
  }

  void give_back() {
    const int64_t base = disk_bytes(empty_.data());
    const int64_t taken = std::max<int64_t>(0, disk_bytes(server_.data()) - base);
    auto begun = std::chrono::steady_clock::now();
    if (row_.purge) {
      server_.purge();
    } else {
      if (!server_.drain()) say("it has less than it should");
      begun = std::chrono::steady_clock::now();
    }
    const auto enough = std::max(
        kKeptBytes, static_cast<int64_t>(static_cast<double>(taken) * (1 - kGivenBackShare)));
    for (;;) {
      figures_.disk_left_bytes = std::max<int64_t>(0, disk_bytes(server_.data()) - base);
      const auto passed = std::chrono::steady_clock::now() - begun;
      if (figures_.disk_left_bytes <= enough) {
        figures_.given_back_s = std::chrono::duration<double>(passed).count();
        break;
      }
      if (passed > (options_.scale < 1 ? kGiveBackLook : kGiveBackWithin)) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    check_counts();
    figures_.duplicated = server_.stock().duplicated;
    for (const auto state : server_.stock().messages)
      figures_.lost += static_cast<int64_t>(state != Stock::State::kDeleted);
  }

  const Row row_;
  const Options options_;
  BacklogServer server_, empty_;
  Figures figures_;
};

// Whether a row keeps the promises that hold at any scale.
bool is_right(const Figures& row) {
  return row.wrong_counts == 0 && row.lost == 0 && row.duplicated == 0;
}

// What a row misses of the goals; those of size say something at full size only.
std::vector<std::string> missed(const Figures& row, bool is_full) {
  std::vector<std::string> names;
  const auto want = [&](bool met, std::string_view name) {
    if (!met) names.emplace_back(name);
  };
  want(is_right(row), "never_wrong");
  if (!is_full) return names;
  want(row.throughput_ratio.median() >= kLeastThroughput, "throughput");
  want(row.p99_ratio() <= kMostP99, "p99");
  want(std::max(row.resident_mib, row.revived_resident_mib) <= kMostResidentMiB, "resident");
  want(row.revive_ms.median() <= kMostReviveMs, "first_receive");
  want(row.disk_ratio <= kMostDisk, "disk");
  want(row.messages == 0 || row.given_back_s >= 0, "given_back");
  return names;
}

void write_row(wire::JsonWriter& out, const Figures& row, bool is_full) {
  const auto number = [&](std::string_view name, double value) {
    out.key(name).number(rounded(value));
  };
  out.begin_object().field("messages", row.messages);
  number("load_per_second", row.load_per_second);
  number("load_cpu_us_per_message", row.load_cpu_us);
  number("throughput_ratio", row.throughput_ratio.median());
  number("cpu_ratio", row.cpu_ratio.median());
  number("p50_ratio", row.p50_ratio());
  number("p99_ratio", row.p99_ratio());
  for (const auto& [name, work] :
       {std::pair{"with_backlog", std::array{&row.per_second, &row.cpu_us, &row.latency_ms}},
        std::pair{"empty",
                  std::array{&row.empty_per_second, &row.empty_cpu_us, &row.empty_latency_ms}}}) {
    out.key(name).begin_object().key("lifecycles").begin_object();
    write_figures(out, *work[0], "per_second");
    out.end_object().key("server_cpu_per_lifecycle").begin_object();
    write_figures(out, *work[1], "us");
    out.end_object().key("requests").begin_object();
    write_figures(out, *work[2], "ms");
    out.end_object().end_object();
  }
  number("resident_mib_above_empty", row.resident_mib);
  number("anonymous_mib_above_empty", row.anonymous_mib);
  number("resident_mib_above_empty_after_restart", row.revived_resident_mib);
  number("first_receive_ms", row.revive_ms.median());
  number("first_receive_ms_longest", row.revive_ms.max());
  number("first_receive_ms_empty", row.empty_revive_ms.median());
  number("disk_per_payload", row.disk_ratio);
  number("given_back_s", row.given_back_s);
  out.field("disk_left_bytes", row.disk_left_bytes);
  out.field("count_checks", row.count_checks).field("wrong_counts", row.wrong_counts);
  out.field("lost", row.lost).field("duplicated", row.duplicated).key("missed").begin_array();
  for (const std::string& name : missed(row, is_full)) out.string(name);
  out.end_array().end_object();
}

void print_table(const std::vector<std::pair<std::string_view, Figures>>& rows) {
  fmt::print(stderr,
             "\n{:12}{:>11}{:>10}{:>8}{:>7}{:>7}{:>7}{:>9}{:>9}{:>10}{:>7}{:>8}{:>7}{:>6}\n",
             "backlog", "messages", "load/s", "rate", "CPU", "p50", "p99", "RSS MiB", "anon",
             "start ms", "disk", "back s", "wrong", "lost");
  for (const auto& [name, row] : rows)
    fmt::print(stderr,
               "{:12}{:>11}{:>10.0f}{:>8.2f}{:>7.2f}{:>7.2f}{:>7.2f}{:>9.0f}{:>9.0f}{:>10.0f}"
               "{:>7.2f}{:>8.1f}{:>7}{:>6}\n",
               name, row.messages, row.load_per_second, row.throughput_ratio.median(),
               row.cpu_ratio.median(), row.p50_ratio(), row.p99_ratio(), row.resident_mib,
               row.anonymous_mib, row.revive_ms.median(), row.disk_ratio, row.given_back_s,
               row.wrong_counts, row.lost + row.duplicated);
}

int measure(const Options& options) {
  const bool is_full = options.scale >= 1;
  std::vector<std::pair<std::string_view, Figures>> rows;
  for (const Row& row : kRows)
    if (options.only.empty() || options.only == row.name)
      rows.emplace_back(row.name, Measurement(row, options).run());
  if (rows.empty()) give_up(fmt::format("there is no row '{}'", options.only));

  bool met = true;
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object().key("scale").number(options.scale);
  out.field("body_bytes", kBodyBytes).field("batch", options.batch);
  out.field("connections", options.connections).key("rows").begin_object();
  for (const auto& [name, row] : rows) {
    out.key(name);
    write_row(out, row, is_full);
    met = met && missed(row, is_full).empty();
  }
  out.end_object().key("met").boolean(met).end_object();
  fmt::print("{}\n", json);
  print_table(rows);
  return met ? 0 : 1;
}

std::string_view word_behind(int argc, char** argv, std::string_view name) {
  for (int i = 1; i < argc; ++i)
    if (argv[i] == name) return i + 1 < argc ? argv[i + 1] : "";
  return {};
}

Options read_options(int argc, char** argv) {
  Options options;
  options.only = word_behind(argc, argv, "--only");
  const std::string scale(word_behind(argc, argv, "--scale"));
  if (std::any_of(argv, argv + argc, [](std::string_view word) { return word == "--full"; }))
    options.scale = 1;
  if (!scale.empty()) options.scale = std::atof(scale.c_str());
  if (options.scale <= 0) give_up("--scale needs a positive number, as 0.01");
  options.rounds = option(argc, argv, "--rounds", options.rounds);
  options.lifecycles = option(argc, argv, "--lifecycles", options.lifecycles);
  options.connections = option(argc, argv, "--connections", options.connections);
  options.batch =
      std::min<int64_t>(option(argc, argv, "--batch", options.batch), Desk::kMostMessages);
  return options;
}

}  // namespace
}  // namespace selvage::bench

int main(int argc, char** argv) {
  using namespace selvage::bench;
  return measure(read_options(argc, argv));
}
