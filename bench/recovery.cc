// SPDX-License-Identifier: Apache-2.0
// How long a message is without a worker when its worker is killed: from SIGKILL of the program, or
// of its runner, until another run of the program has the same message. README.md says how to read
// what this prints.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string_view>
#include <thread>

#include "bench/figures.h"
#include "bench/messages.h"
#include "bench/process_table.h"
#include "bench/reports.h"
#include "bench/workflow_run.h"
#include "client/client.h"
#include "wire/json.h"

namespace selvage::bench {
namespace {

using Role = Process::Role;

constexpr double kGoalMedian = 10;  // ms
constexpr double kGoalP99 = 100;
constexpr int kWorkers = 2;  // one, and its spare
constexpr int kReferences = 100;
constexpr auto kPatience = std::chrono::seconds(30);
constexpr auto kLook = std::chrono::milliseconds(1);
// A runner that ends within a second of its start is started again later and later
// (base/backoff.h).
constexpr double kRunnerAge = 1.1;  // seconds

struct Figures {
  Sample all;        // ms
  Sample elsewhere;  // those where another worker took the message
  bool goal_is_met() const { return all.median() <= kGoalMedian && all.quantile(0.99) <= kGoalP99; }
};

std::string workflow(const Reports& reports) {
  return fmt::format(
      "selvage: 1\n"
      "name: recovery\n"
      "stages:\n"
      "  work:\n"
      "    from: in\n"
      "    to: out\n"
      "    workers: {{ min: 1, max: 1, spare: 1 }}\n"
      "    run: ['{}', --worker, '{}']\n",
      own_path(), reports.name());
}

class Recovery {
 public:
  Recovery()
      : selvage_(Selvage::up(directory_, workflow(reports_))),
        client_(reactor_, selvage_.endpoint()) {}

  // Kills the program of one message after the other, or its runner, and takes the time.
  Figures measure(Role victim, int64_t rounds) {
    Figures figures;
    for (int64_t i = 0; i < rounds; ++i) measure_once(victim, figures);
    return figures;
  }

 private:
  void measure_once(Role victim, Figures& figures);
  void wait_until_all_are_idle();
  bool all_are_idle();
  Report next_report(const std::string& message) const;

  Directory directory_;
  Reports reports_;
  Selvage selvage_;
  process::Reactor reactor_;
  client::Client client_;
  int64_t done_ = 0;
};

void Recovery::measure_once(Role victim, Figures& figures) {
  wait_until_all_are_idle();
  const auto message = require(client::wait_for<std::string>(
      reactor_, [&](auto done) { client_.send("in", "a message", std::move(done)); }));
  const Report first = next_report(message);
  const pid_t runner = parent_of(first.pid);
  if (victim == Role::kRunner)
    while (age_seconds(runner) < kRunnerAge) std::this_thread::sleep_for(kLook);

  const int64_t killed_ns = now_ns();
  kill(victim == Role::kRunner ? runner : first.pid, SIGKILL);
  const Report second = next_report(message);
  if (second.pid == first.pid) give_up("a program reported twice");
  reports_.finish(second);
  ++done_;

  const double ms = millis_between(killed_ns, second.at_ns);
  figures.all.add(ms);
  if (second.worker != first.worker) figures.elsewhere.add(ms);
}

Report Recovery::next_report(const std::string& message) const {
  const auto report = reports_.next(kPatience);
  if (!report) give_up("no program got message " + message);
  if (report->message != message) give_up("a program got a message of a former round");
  return *report;
}

void Recovery::wait_until_all_are_idle() {
  const int64_t limit_ns = now_ns() + std::chrono::nanoseconds(kPatience).count();
  while (!all_are_idle()) {
    if (now_ns() > limit_ns) give_up("the workers did not come back");
    std::this_thread::sleep_for(kLook);
  }
}

// The broker has every result of the former rounds, and each worker waits for a message.
bool Recovery::all_are_idle() {
  const auto processes = processes_below(selvage_.pid());
  const auto runners = pids_of(processes, Role::kRunner);
  const auto is_idle = [&](pid_t runner) { return is_idle_runner(processes, runner); };
  return runners.size() == kWorkers && std::ranges::all_of(runners, is_idle) &&
         statistics_of(selvage_.endpoint(), "in").handed_over == done_;
}

// ---- what the machine itself takes

// posix_spawn of the same program until its report.
Sample measure_spawn() {
  const Reports reports;
  const std::string path = own_path();
  std::string flag = "--worker", name = reports.name();
  std::string program = path;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  char* const arguments[] = {program.data(), flag.data(), name.data(), nullptr};
  Sample sample;
  for (int i = 0; i < kReferences; ++i) {
    const int64_t begun_ns = now_ns();
    pid_t pid = -1;
    if (posix_spawn(&pid, path.c_str(), &actions, nullptr, arguments, environ) != 0)
      give_up("cannot start " + path);
    const auto report = reports.next(kPatience);
    if (!report) give_up("the program did not report");
    sample.add(millis_between(begun_ns, report->at_ns));
    reports.finish(*report);
    waitpid(pid, nullptr, 0);
  }
  posix_spawn_file_actions_destroy(&actions);
  return sample;
}

// 1 KiB at the end of a file, and fdatasync(2).
Sample measure_sync() {
  const Directory directory;
  const process::Fd file(open(directory.path("file").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644));
  if (!file) give_up("cannot make a file on the disk");
  const std::string block(1024, 'x');
  Sample sample;
  for (int i = 0; i < kReferences; ++i) {
    const int64_t begun_ns = now_ns();
    if (write(file.get(), block.data(), block.size()) < 0 || fdatasync(file.get()) != 0)
      give_up("cannot write to the disk");
    sample.add(millis_between(begun_ns, now_ns()));
  }
  return sample;
}

void write_kills(wire::JsonWriter& out, const Figures& figures) {
  out.begin_object();
  write_figures(out, figures.all, "ms");
  out.field("in_another_worker", static_cast<int64_t>(figures.elsewhere.count()));
  if (figures.elsewhere.count() > 0)
    out.key("another_worker_median_ms").number(rounded(figures.elsewhere.median()));
  out.end_object();
}

int run(int64_t rounds) {
  const Sample spawn = measure_spawn();
  const Sample sync = measure_sync();
  Recovery recovery;
  const Figures programs = recovery.measure(Role::kProgram, rounds);
  const Figures runners = recovery.measure(Role::kRunner, rounds);

  const bool met = programs.goal_is_met() && runners.goal_is_met();
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object().key("program_kill");
  write_kills(out, programs);
  out.key("runner_kill");
  write_kills(out, runners);
  out.key("reference").begin_object();
  out.key("spawn_ms").number(rounded(spawn.median()));
  out.key("fdatasync_ms").number(rounded(sync.median()));
  out.end_object();
  out.key("goal").begin_object().key("median_ms").number(kGoalMedian);
  out.key("p99_ms").number(kGoalP99).key("met").boolean(met).end_object().end_object();
  fmt::print("{}\n", json);
  return met ? 0 : 1;
}

}  // namespace
}  // namespace selvage::bench

int main(int argc, char** argv) {
  using namespace selvage::bench;
  if (argc == 3 && std::string_view(argv[1]) == "--worker") return report_and_wait(argv[2]);
  return run(option(argc, argv, "--rounds", 200));
}
