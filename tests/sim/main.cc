// SPDX-License-Identifier: Apache-2.0
// Runs the simulator over many seeds, or over one that is to be looked at.
#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace {

using namespace selvage;
using namespace selvage::sim;

constexpr const char* kUsage =
    "usage: sim [--seeds N] [--from SEED] [--file FILE] [--all-marks]   runs FILE's seeds, then N\n"
    "       sim --seed SEED [--trace]                    runs one twice and compares; or prints "
    "it\n";

struct Options {
  uint64_t seeds = 0;
  uint64_t from = 1;
  std::optional<uint64_t> seed;
  std::string file;
  bool trace = false;
  bool all_marks = false;
};

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  const auto number = [&](int i, uint64_t& into) {
    if (i + 1 >= argc) return false;
    const char* const end = argv[i + 1] + std::strlen(argv[i + 1]);
    return std::from_chars(argv[i + 1], end, into).ptr == end;
  };
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    uint64_t value = 0;
    if (word == "--trace") {
      options.trace = true;
    } else if (word == "--all-marks") {
      options.all_marks = true;
    } else if (word == "--file" && i + 1 < argc) {
      options.file = argv[++i];
    } else if (number(i, value)) {
      ++i;
      if (word == "--seeds")
        options.seeds = value;
      else if (word == "--from")
        options.from = value;
      else if (word == "--seed")
        options.seed = value;
      else
        return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return options;
}

// What the product logs during a seed goes to memory: damaged bodies alone are thousands of lines.
int log_of_seed = -1;

void begin_log() {
  log_of_seed = memfd_create("log of a seed", MFD_CLOEXEC);
  if (log_of_seed >= 0) dup2(log_of_seed, STDERR_FILENO);
}

void empty_log() {
  if (log_of_seed >= 0 && ftruncate(log_of_seed, 0) == 0) lseek(log_of_seed, 0, SEEK_SET);
}

// A check of the product that fails ends the process: say first of which seed, and then what the
// log says at its end, which is what check.
char last_words[64];

void on_abort(int) {
  ssize_t written = write(STDOUT_FILENO, last_words, std::strlen(last_words));
  char text[400];
  const off_t end = log_of_seed < 0 ? 0 : lseek(log_of_seed, 0, SEEK_END);
  const off_t from = end < off_t{sizeof(text)} ? 0 : end - off_t{sizeof(text)};
  const ssize_t size = log_of_seed < 0 ? 0 : pread(log_of_seed, text, sizeof(text), from);
  if (size > 0) written = write(STDOUT_FILENO, text, static_cast<size_t>(size));
  _exit(written > 0 ? 1 : 2);
}

Outcome run(uint64_t seed, bool printed) {
  empty_log();
  fmt::format_to_n(last_words, sizeof(last_words) - 1, "seed {} FAILED: a check stopped it\n{}",
                   seed, '\0');
  World world(seed, printed);
  return world.run();
}

bool report(uint64_t seed, const Outcome& outcome) {
  if (outcome.failure.empty()) return true;
  fmt::print("seed {} FAILED: {}\n", seed, outcome.failure);
  fmt::print("  see it again with: make sim SEED={} (its last events: --trace | tail)\n", seed);
  return false;
}

int run_one(const Options& options) {
  const Outcome first = run(*options.seed, options.trace);
  fmt::print("seed {}: {:.1f} simulated minutes, {} events, hash {:016x}\n", *options.seed,
             static_cast<double>(first.simulated.count()) / 60e6, first.trace_lines,
             first.trace_hash);
  bool well = report(*options.seed, first);
  if (!options.trace && run(*options.seed, false).trace_hash != first.trace_hash) {
    fmt::print("seed {} FAILED: it does not replay exactly\n", *options.seed);
    well = false;
  }
  return well ? 0 : 1;
}

std::vector<uint64_t> seeds_of(const Options& options) {
  std::vector<uint64_t> seeds;
  std::ifstream file(options.file);
  for (std::string line; std::getline(file, line);) {
    uint64_t seed = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), seed);
    if (error == std::errc{}) seeds.push_back(seed);
  }
  for (uint64_t i = 0; i < options.seeds; ++i) seeds.push_back(options.from + i);
  return seeds;
}

int run_many(const Options& options) {
  const auto began = std::chrono::steady_clock::now();
  Marks marks;
  Duration simulated{0};
  uint64_t events = 0;
  const std::vector<uint64_t> seeds = seeds_of(options);
  for (const uint64_t seed : seeds) {
    const Outcome outcome = run(seed, false);
    if (!report(seed, outcome)) return 1;
    marks.add(outcome.marks);
    simulated += outcome.simulated;
    events += outcome.trace_lines;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const double hours = static_cast<double>(simulated.count()) / 3600e6;
  fmt::print(
      "{} seeds, {} events, {:.1f} simulated hours in {:.1f} s: {:.1f} seeds and {:.2f} hours "
      "per second\n",
      seeds.size(), events, hours, took.count(), static_cast<double>(seeds.size()) / took.count(),
      hours / took.count());
  bool all = true;
  for (size_t i = 0; i < static_cast<size_t>(Mark::kCount); ++i) {
    const auto mark = static_cast<Mark>(i);
    if (marks.hits(mark) == 0 || seeds.size() == 1 || options.all_marks)
      fmt::print("  {:8} {}\n", marks.hits(mark), text_of(mark));
    all = all && marks.hits(mark) > 0;
  }
  if (all || seeds.size() < kSeedsForAllMarks) return seeds.empty() ? 1 : 0;
  fmt::print("FAILED: a rare branch was not reached by any seed (those with 0 above)\n");
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) {
    fmt::print(stderr, "{}", kUsage);
    return 64;
  }
  setvbuf(stdout, nullptr, _IOLBF, 0);
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS}) std::signal(signal, on_abort);
  if (!options->trace) begin_log();
  return options->seed ? run_one(*options) : run_many(*options);
}
