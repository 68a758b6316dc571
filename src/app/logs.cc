// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <queue>
#include <set>
#include <thread>
#include <vector>

#include "app/link.h"
#include "app/paths.h"
#include "app/show.h"
#include "app/watch.h"
#include "base/clock.h"
#include "base/ids.h"
#include "incident/lines.h"
#include "incident/worker_log.h"
#include "wire/json.h"
#include "workflow/suggest.h"

namespace selvage::app {
namespace {

namespace fs = std::filesystem;
using incident::Said;

constexpr Duration kLook = std::chrono::milliseconds(200);
constexpr std::string_view kLog = ".log";

// "shrink" of "shrink-12".
std::string stage_of(const std::string& worker) {
  const size_t dash = worker.rfind('-');
  const bool is_numbered = dash != std::string::npos && dash + 1 < worker.size() &&
                           worker.find_first_not_of("0123456789", dash + 1) == std::string::npos;
  return is_numbered ? worker.substr(0, dash) : worker;
}

// Those that have said something.
std::vector<std::string> workers_in(const std::string& data) {
  std::set<std::string> workers;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(incident::logs_directory(data), error)) {
    std::string name = entry.path().filename().string();
    if (name.ends_with(".1")) name.resize(name.size() - 2);
    if (name.ends_with(kLog)) workers.insert(name.substr(0, name.size() - kLog.size()));
  }
  return {workers.begin(), workers.end()};
}

// Whose logs, and which of their lines.
struct Wanted {
  std::string of;
  bool is_message = false;
  Instant since{};
  bool is_by(const std::string& worker) const {
    return of.empty() || is_message || worker == of || stage_of(worker) == of;
  }
  bool has(const Said& said) const {
    return said.at >= since && (!is_message || said.message == of);
  }
};

// One worker's lines, with the next one at hand.
struct Source {
  explicit Source(const std::string& data, std::string name)
      : worker(std::move(name)), lines(incident::log_path(data, worker)) {}
  bool advance(const Wanted& wanted) {
    while (const auto line = lines.next())
      if (auto said = incident::parse_said(*line); said && wanted.has(*said)) {
        next = *std::move(said);
        return true;
      }
    return false;
  }
  std::string worker;
  incident::LineReader lines;
  Said next;
};

void print(const Source& source, bool json) {
  const Said& said = source.next;
  if (!json)
    return fmt::print("{} {:<12} {} {}\n", show_moment(said.at), source.worker,
                      said.message.empty() ? "-" : said.message, printable(said.line));
  std::string line;
  wire::JsonWriter out(line);
  out.begin_object().field("at_us", to_micros(said.at)).field("worker", source.worker);
  if (!said.message.empty()) out.field("message", said.message);
  out.field("line", said.line).end_object();
  fmt::print("{}\n", line);
}

// What all of them have said by now, by time: each file has its lines in order.
class Merger {
 public:
  Merger(const ShowLogs& settings, Wanted wanted)
      : settings_(settings), wanted_(std::move(wanted)) {}

  size_t print_new() {
    for (const std::string& worker : workers_in(settings_.data))
      if (wanted_.is_by(worker) && !sources_.contains(worker))
        sources_.emplace(worker, std::make_unique<Source>(settings_.data, worker));
    const auto is_later = [](const Source* a, const Source* b) {
      return std::pair(a->next.at, a->worker) > std::pair(b->next.at, b->worker);
    };
    std::priority_queue<Source*, std::vector<Source*>, decltype(is_later)> ready(is_later);
    for (const auto& [worker, source] : sources_)
      if (source->advance(wanted_)) ready.push(source.get());
    size_t printed = 0;
    for (; !ready.empty(); ++printed) {
      Source* const first = ready.top();
      ready.pop();
      print(*first, settings_.json);
      if (first->advance(wanted_)) ready.push(first);
    }
    std::fflush(stdout);
    return printed;
  }
  bool has_sources() const { return !sources_.empty(); }

 private:
  const ShowLogs& settings_;
  const Wanted wanted_;
  std::map<std::string, std::unique_ptr<Source>> sources_;
};

Error nobody_said(const ShowLogs& settings) {
  std::vector<std::string> known = workers_in(settings.data);
  for (const std::string& worker : std::vector(known)) known.push_back(stage_of(worker));
  const std::vector<std::string_view> names(known.begin(), known.end());
  const std::string_view meant = workflow::closest(settings.of, names);
  return {ErrorCode::kGiveUp,
          fmt::format("no stage or worker '{}' in {} has written to standard error{}; to see all: "
                      "selvage logs",
                      settings.of, settings.data,
                      meant.empty() ? "" : fmt::format(" (did you mean '{}'?)", meant))};
}

}  // namespace

ExitCode show_logs(const ShowLogs& settings) {
  if (!has_run_directory(settings.data)) return complain(no_run_directory(settings.data));
  const Instant since =
      settings.since ? SystemClock().now() - *settings.since : Instant(Duration::min());
  const bool is_message = Uuid::parse(settings.of).has_value();
  Merger merger(settings, {.of = settings.of, .is_message = is_message, .since = since});
  const size_t printed = merger.print_new();
  if (!merger.has_sources() && !settings.of.empty() && !is_message && !settings.follow)
    return complain(nobody_said(settings));
  if (printed == 0 && !settings.json)
    fmt::print(stderr, "no lines{}{}\n", is_message ? " about that message" : "",
               settings.follow ? " yet" : "");
  while (settings.follow) {
    std::this_thread::sleep_for(kLook);
    merger.print_new();
  }
  return ExitCode::kOk;
}

}  // namespace selvage::app
