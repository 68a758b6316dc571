// SPDX-License-Identifier: Apache-2.0
#include "metrics/text.h"

#include <fmt/format.h>

#include <iterator>

namespace selvage::metrics {
namespace {

void escape(std::string_view value, std::string& out) {
  for (const char c : value) {
    if (c == '\\') out += "\\\\";
    if (c == '"') out += "\\\"";
    if (c == '\n') out += "\\n";
    if (c != '\\' && c != '"' && c != '\n') out += c;
  }
}

std::string status_name(int status) {
  return status == 0 ? "other" : fmt::format("{}", status);
}

}  // namespace

void Text::family(Id id) {
  const Metric& m = metric(id);
  name_ = m.name;
  fmt::format_to(std::back_inserter(out_), "# HELP {} {}\n# TYPE {} {}\n", m.name, m.help, m.name,
                 kind_name(m.kind));
}

// `bound`: of a histogram's bucket.
void Text::name(std::string_view suffix, Labels labels, std::string_view bound) {
  out_.append(name_).append(suffix);
  char before = '{';
  const auto add = [&](const Label& label) {
    out_ += before;
    out_.append(label.name).append("=\"");
    escape(label.value, out_);
    out_ += '"';
    before = ',';
  };
  for (const Label& label : labels) add(label);
  if (!bound.empty()) add({"le", bound});
  if (before == ',') out_ += '}';
  out_ += ' ';
}

void Text::sample(Labels labels, uint64_t value) {
  name("", labels);
  fmt::format_to(std::back_inserter(out_), "{}\n", value);
}

void Text::sample(Labels labels, double value) {
  name("", labels);
  fmt::format_to(std::back_inserter(out_), "{}\n", value);
}

void Text::histogram(Labels labels, const Histogram& histogram) {
  const Scale& scale = histogram.scale();
  uint64_t count = 0;
  for (size_t i = 0; i <= scale.bounds.size(); ++i) {
    count += histogram.count(i);
    const bool is_last = i == scale.bounds.size();
    // Nine digits: a bound is a round number, which a product need not be.
    const double bound = is_last ? 0 : static_cast<double>(scale.bounds[i]) * scale.unit;
    name("_bucket", labels, is_last ? "+Inf" : fmt::format("{:.9g}", bound));
    fmt::format_to(std::back_inserter(out_), "{}\n", count);
  }
  name("_sum", labels);
  const double sum = static_cast<double>(histogram.sum()) * scale.unit;
  fmt::format_to(std::back_inserter(out_), "{:.15g}\n", sum);
  name("_count", labels);
  fmt::format_to(std::back_inserter(out_), "{}\n", count);
}

void write(Text& out, const Commits& commits) {
  out.family(Id::kCommitAnswers);
  out.histogram({}, commits.answers);
  out.family(Id::kCommitSeconds);
  out.histogram({}, commits.duration);
  out.family(Id::kSyncSeconds);
  out.histogram({}, commits.sync);
}

// What never happened has no sample: there are some 300 combinations, of which few do.
void write(Text& out, const Requests& requests) {
  const auto each_status = [&](size_t action, auto&& each) {
    for (size_t i = 0; i < kStatuses.size(); ++i)
      if (const uint64_t count = requests.count(action, i); count > 0) each(kStatuses[i], count);
  };
  out.family(Id::kRequests);
  for (size_t action = 0; action < requests.names().size(); ++action)
    each_status(action, [&](int status, uint64_t count) {
      out.sample({{"action", requests.names()[action]}, {"status", status_name(status)}}, count);
    });
  out.family(Id::kRequestSeconds);
  for (size_t action = 0; action < requests.names().size(); ++action) {
    bool happened = false;
    each_status(action, [&](int, uint64_t) { happened = true; });
    if (happened) out.histogram({{"action", requests.names()[action]}}, requests.duration(action));
  }
}

void write(Text& out, const ProcessFigures& process) {
  out.only(Id::kProcessCpu, process.cpu_seconds);
  out.only(Id::kProcessMemory, process.resident_bytes);
  out.only(Id::kProcessStart, process.started);
  out.only(Id::kProcessOpenFiles, process.open_files);
  out.only(Id::kProcessMaxFiles, process.max_files);
}

}  // namespace selvage::metrics
