// SPDX-License-Identifier: Apache-2.0
#include "app/doctor.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <set>
#include <system_error>

#include "app/link.h"
#include "app/show.h"
#include "base/clock.h"
#include "sqs/envelope.h"
#include "store_rocksdb/doctor.h"
#include "wire/json.h"

namespace selvage::app {
namespace {

namespace fs = std::filesystem;
using store::Finding;

// All that is known once everything was looked at.
struct Diagnosis {
  std::string directory;
  store_rocksdb::Examination store;
  store::Census census;
  uint64_t artifacts = 0;
  uint64_t staged = 0;
  std::vector<Finding> findings;  // every one of them makes the directory unsound
  std::vector<Finding> notes;     // these do not
};

std::set<ArtifactId> artifacts_in(const std::string& directory) {
  std::set<ArtifactId> found;
  std::error_code error;  // no directory, no artifacts
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
    if (const auto id = Uuid::parse(at->path().filename().string())) found.insert(*id);
  return found;
}

void compare_artifacts(Diagnosis& d) {
  const std::set<ArtifactId> kept = artifacts_in(d.directory + "/artifacts/kept");
  d.artifacts = kept.size();
  d.staged = artifacts_in(d.directory + "/artifacts/staged").size();
  const auto path = [](ArtifactId id) { return "artifacts/kept/" + id.to_string(); };
  for (const auto& [id, message] : d.census.artifacts)
    if (!kept.contains(id))
      d.findings.push_back({path(id), fmt::format("it is missing, and {} refers to it", message),
                            "restore a backup; without one, the message is delivered without its "
                            "files"});
  if (!d.findings.empty()) return;  // who refers to what is not known for sure
  for (const ArtifactId id : kept)
    if (!d.census.artifacts.contains(id))
      d.notes.push_back(
          {path(id), "no message refers to it", "the next start of a server removes it"});
}

Diagnosis diagnose(const std::string& directory, store_rocksdb::Examination store) {
  Diagnosis d;
  d.directory = directory;
  d.store = std::move(store);
  d.findings = d.store.findings;
  if (!d.store.records) return d;
  const auto is_payload = [](std::string_view payload) {
    return sqs::decode_envelope(payload).has_value();
  };
  d.census = store::inspect(*d.store.records, {SystemClock().now(), is_payload});
  d.findings.insert(d.findings.end(), d.census.findings.begin(), d.census.findings.end());
  compare_artifacts(d);
  return d;
}

// ---- for programs

void write(wire::JsonWriter& out, std::string_view name, const std::vector<Finding>& findings) {
  out.key(name).begin_array();
  for (const Finding& f : findings)
    out.begin_object()
        .field("where", f.where)
        .field("what", f.what)
        .field("todo", f.todo)
        .end_object();
  out.end_array();
}

void write(wire::JsonWriter& out, const store::QueueCensus& q) {
  const auto field = [&](std::string_view name, uint64_t value) {
    out.field(name, static_cast<int64_t>(value));
  };
  out.begin_object().field("name", q.name);
  field("visible", q.visible);
  field("in_flight", q.in_flight);
  field("delayed", q.delayed);
  if (q.oldest) out.field("oldest_ms", to_millis(*q.oldest));
  field("payload_bytes", q.payload_bytes);
  field("deduplications", q.deduplications);
  out.end_object();
}

std::string to_json(const Diagnosis& d) {
  std::string json;
  wire::JsonWriter out(json);
  const auto field = [&](std::string_view name, uint64_t value) {
    out.field(name, static_cast<int64_t>(value));
  };
  out.begin_object().field("directory", d.directory).key("sound").boolean(d.findings.empty());
  out.field("format", d.store.format).field("engine", d.store.engine);
  field("files", d.store.files);
  field("bytes", d.store.bytes);
  field("log_bytes", d.store.log_bytes);
  field("messages", d.census.messages);
  field("sessions", d.census.sessions.size());
  field("session_leases", d.census.session_leases);
  field("move_tasks", d.census.move_tasks);
  field("running_move_tasks", d.census.running_move_tasks);
  field("deduplications", d.census.deduplications);
  field("evidence", d.census.evidence);
  field("artifacts", d.artifacts);
  field("staged_artifacts", d.staged);
  out.key("queues").begin_array();
  for (const store::QueueCensus& q : d.census.queues) write(out, q);
  out.end_array();
  write(out, "findings", d.findings);
  field("more_findings", d.census.more_findings);
  write(out, "notes", d.notes);
  out.end_object();
  return json;
}

// ---- for people

Fields fields_of(const Diagnosis& d) {
  const auto count = [](uint64_t n, std::string_view thing) {
    return count_of(static_cast<int64_t>(n), thing);
  };
  const store::Census& c = d.census;
  Fields fields = {
      {"format", fmt::format("{}, as this program writes{}", d.store.format,
                             d.store.engine.empty() ? "" : ", by " + d.store.engine)},
      {"size", fmt::format("{} in {}, {} of logs to replay", show_bytes(d.store.bytes),
                           count(d.store.files, "table file"), show_bytes(d.store.log_bytes))}};
  if (!d.store.records) return fields;
  fields.emplace_back("contents", fmt::format("{}, {}", count(c.queues.size(), "queue"),
                                              count(c.messages, "message")));
  fields.emplace_back(
      "sessions", fmt::format("{} with {}", c.sessions.size(), count(c.session_leases, "lease")));
  fields.emplace_back("move tasks",
                      fmt::format("{}, {} under way", c.move_tasks, c.running_move_tasks));
  fields.emplace_back("known duplicates", std::to_string(c.deduplications));
  fields.emplace_back("failed attempts", std::to_string(c.evidence));
  fields.emplace_back("artifacts",
                      fmt::format("{}, and {} of no message yet", d.artifacts, d.staged));
  return fields;
}

void print_queues(const std::vector<store::QueueCensus>& queues) {
  if (queues.empty()) return;
  Table table({"queue", "visible", "in flight", "delayed", "oldest", "payloads"}, {1, 2, 3, 5});
  for (const store::QueueCensus& q : queues)
    table.add({q.name, std::to_string(q.visible), std::to_string(q.in_flight),
               std::to_string(q.delayed), q.oldest ? show_time(*q.oldest) : "-",
               show_bytes(q.payload_bytes)});
  fmt::print("\n{}", table.text());
}

void print_findings(std::string_view title, const std::vector<Finding>& findings) {
  if (findings.empty()) return;
  fmt::print("\n{}\n", title);
  for (const Finding& f : findings) fmt::print("  {}: {}\n    {}\n", f.where, f.what, f.todo);
}

void print(const Diagnosis& d) {
  const bool sound = d.findings.empty();
  fmt::print("{}",
             show_fields(d.directory + (sound ? " is sound" : " is NOT sound"), fields_of(d)));
  print_queues(d.census.queues);
  print_findings("What is wrong, and what to do:", d.findings);
  if (d.census.more_findings > 0)
    fmt::print("  and {} more of the same kinds\n", d.census.more_findings);
  print_findings("What is left over, and harmless:", d.notes);
}

}  // namespace

ExitCode examine(const DoctorSettings& settings) {
  auto store = store_rocksdb::examine(settings.data);
  if (!store) return complain(store.error());
  const Diagnosis diagnosis = diagnose(settings.data, *std::move(store));
  if (settings.json)
    fmt::print("{}\n", to_json(diagnosis));
  else
    print(diagnosis);
  return diagnosis.findings.empty() ? ExitCode::kOk : ExitCode::kFailed;
}

}  // namespace selvage::app
