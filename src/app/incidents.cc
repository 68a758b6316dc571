// SPDX-License-Identifier: Apache-2.0
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <thread>
#include <vector>

#include "app/link.h"
#include "app/paths.h"
#include "app/show.h"
#include "app/watch.h"
#include "base/clock.h"
#include "incident/lines.h"
#include "incident/timeline.h"
#include "wire/json.h"
#include "workflow/suggest.h"

namespace selvage::app {
namespace {

using incident::Event;
using incident::Incident;

constexpr Duration kLook = std::chrono::milliseconds(200);

std::string millis_of(Duration d) {
  return fmt::format("{:.1f} ms", static_cast<double>(d.count()) / 1000.0);
}

// "2026-11-22 10:03:07.123  shrink-1  program-died  its program failed: exit code 3 (message …); …"
std::string to_text(const Incident& incident) {
  const Event& event = incident.event;
  std::string text = fmt::format("{}  {:<16} {:<17} {}", show_moment(event.at),
                                 event.worker.empty() ? event.stage : event.worker,
                                 incident::name_of(event.kind), incident::sentence_of(event.kind));
  if (!event.cause.empty()) text += ": " + excerpt(event.cause, 200);
  if (!event.message.empty()) text += fmt::format(" (message {})", event.message);
  if (event.recovery > Duration{0}) text += ", " + millis_of(event.recovery) + " after it was lost";
  if (!incident.mended_after) return text;
  if (incident.mended_by.empty())
    return text + "; it ran again after " + millis_of(*incident.mended_after);
  return text +
         fmt::format("; {} had it after {}", incident.mended_by, millis_of(*incident.mended_after));
}

std::string to_json(const Incident& incident) {
  std::string json = incident::to_json(incident.event);
  if (!incident.mended_after) return json;
  json.pop_back();
  json += fmt::format(",\"mended_after_us\":{}", incident.mended_after->count());
  std::string by;
  if (!incident.mended_by.empty()) {
    wire::JsonWriter(by).string(incident.mended_by);
    json += ",\"mended_by\":" + by;
  }
  return json + "}";
}

bool is_meant(const Event& event, const ShowIncidents& settings, Instant since) {
  if (event.at < since) return false;
  if (!settings.stage.empty() && event.stage != settings.stage) return false;
  return settings.kind.empty() || incident::name_of(event.kind) == settings.kind;
}

Error unknown_kind(const std::string& text) {
  std::vector<std::string_view> names;
  for (const incident::Kind kind : incident::all_kinds()) names.push_back(incident::name_of(kind));
  const std::string_view meant = workflow::closest(text, names);
  return {ErrorCode::kSettings,
          fmt::format("'{}' is no kind of incident{}; the kinds are: {}", text,
                      meant.empty() ? "" : fmt::format(" (did you mean '{}'?)", meant),
                      fmt::join(names, ", "))};
}

void print(const Incident& incident, const ShowIncidents& settings) {
  fmt::print("{}\n", settings.json ? to_json(incident) : to_text(incident));
}

std::vector<Event> read_new(incident::LineReader& lines) {
  std::vector<Event> events;
  while (const auto line = lines.next())
    if (auto event = incident::parse_event(*line)) events.push_back(*std::move(event));
  return events;
}

}  // namespace

ExitCode show_incidents(const ShowIncidents& settings) {
  if (!settings.kind.empty() && !incident::kind_of(settings.kind))
    return complain(unknown_kind(settings.kind));
  if (!has_run_directory(settings.data)) return complain(no_run_directory(settings.data));
  const Instant since =
      settings.since ? SystemClock().now() - *settings.since : Instant(Duration::min());
  incident::LineReader lines(settings.data + "/run/events.jsonl");
  size_t shown = 0;
  for (const Incident& one : incident::pair_up(read_new(lines)))
    if (is_meant(one.event, settings, since)) {
      print(one, settings);
      ++shown;
    }
  std::fflush(stdout);
  if (shown == 0 && !settings.json)
    fmt::print(stderr, "no such incidents{}\n", settings.follow ? " yet" : "");
  while (settings.follow) {
    std::this_thread::sleep_for(kLook);
    for (Event& event : read_new(lines))
      if (is_meant(event, settings, since)) print({.event = std::move(event)}, settings);
    std::fflush(stdout);
  }
  return ExitCode::kOk;
}

}  // namespace selvage::app
