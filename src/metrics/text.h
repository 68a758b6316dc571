// SPDX-License-Identifier: Apache-2.0
#pragma once
// The text that Prometheus reads (exposition format 0.0.4): families one after another, each with
// its HELP and TYPE, then its samples.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "metrics/commits.h"
#include "metrics/process.h"
#include "metrics/requests.h"
#include "metrics/table.h"

namespace selvage::metrics {

inline constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

struct Label {
  std::string_view name;
  std::string_view value;  // any bytes; escaped when it is written
};
using Labels = std::initializer_list<Label>;

class Text {
 public:
  explicit Text(std::string& out) : out_(out) {}

  // Begins a metric's family; its samples follow. Each family once.
  void family(Id id);
  void sample(Labels labels, uint64_t value);
  void sample(Labels labels, double value);
  void histogram(Labels labels, const Histogram& histogram);

  // A family with one sample without labels.
  template <typename Number>
  void only(Id id, Number value) {
    family(id);
    sample({}, value);
  }

 private:
  void name(std::string_view suffix, Labels labels, std::string_view bound = {});

  std::string& out_;
  std::string_view name_;  // of the family that was begun
};

void write(Text& out, const Commits& commits);
void write(Text& out, const Requests& requests);
void write(Text& out, const ProcessFigures& process);

}  // namespace selvage::metrics
