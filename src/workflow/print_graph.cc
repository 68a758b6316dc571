// SPDX-License-Identifier: Apache-2.0
// The drawing: one line for each chain of stages, below it where the dead letters go.
//
//   albums ──▶ shrink (1..8 + 1 spare) ──▶ frames ──▶ render (2 + 1 spare) ──▶ videos
//              ╰─▶ albums-dead                        ╰─▶ frames-dead
//
// A chain that does not fit is broken at a queue, which then begins the next line. A chain that
// joins one drawn already ends in the queue where they meet.
#include <fmt/format.h>

#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "workflow/print.h"

namespace selvage::workflow {
namespace {

constexpr size_t kWidth = 100;
constexpr std::string_view kDash = "─";
constexpr std::string_view kDeadArrow = "╰─▶ ";
constexpr size_t kDeadArrowWidth = 4;

// " ──▶ ", its shaft `extra` longer.
std::string arrow(size_t extra = 0) {
  std::string result = " ";
  for (size_t i = 0; i < extra + 2; ++i) result += kDash;
  return result + "▶ ";
}
constexpr size_t kArrowWidth = 5;

std::string label_of(const Stage& stage) {
  const Workers& workers = stage.workers;
  std::string count = workers.min == workers.max ? fmt::format("{}", workers.max)
                                                 : fmt::format("{}..{}", workers.min, workers.max);
  if (workers.spare > 0) count += fmt::format(" + {} spare", workers.spare);
  return fmt::format("{} ({})", stage.name, count);
}

// Two lines that grow to the right together. Widths are in columns; names are plain ASCII.
class Canvas {
 public:
  void begin(const std::string& queue) {
    top_ = queue;
    width_ = queue.size();
    below_.clear();
    below_width_ = 0;
  }
  // The stage and what it sends to; the last arrow is long enough for the name below it.
  void add(const Stage& stage) {
    top_ += arrow();
    width_ += kArrowWidth;
    below_ += std::string(width_ - below_width_, ' ') + std::string(kDeadArrow) + stage.dead;
    below_width_ = width_ + kDeadArrowWidth + stage.dead.size();
    const std::string label = label_of(stage);
    top_ += label;
    width_ += label.size();
    if (stage.to.empty()) return;
    const size_t extra = missing_width(stage);
    top_ += arrow(extra) + stage.to;
    width_ += kArrowWidth + extra + stage.to.size();
  }
  size_t width_with(const Stage& stage) const {
    return width_ + 2 * kArrowWidth + label_of(stage).size() + stage.to.size();
  }
  std::string take() { return fmt::format("{}\n{}\n", top_, below_); }

 private:
  // By how much the line below would run into the dead letters of a next stage.
  size_t missing_width(const Stage& stage) const {
    const size_t next_column = width_ + 2 * kArrowWidth + stage.to.size();
    return below_width_ + 2 > next_column ? below_width_ + 2 - next_column : 0;
  }

  std::string top_;
  std::string below_;
  size_t width_ = 0;
  size_t below_width_ = 0;
};

class GraphPrinter {
 public:
  explicit GraphPrinter(const Plan& plan) : plan_(plan) {
    for (const Stage& stage : plan.stages) readers_.emplace(stage.from, &stage);
    for (const Stage& stage : plan.stages) fed_.insert(stage.to);
  }

  std::string print() {
    for (const Stage& stage : plan_.stages) {
      if (!fed_.contains(stage.from)) draw_chain(stage);
    }
    // Only stages in a circle are left, which a checked plan does not have.
    for (const Stage& stage : plan_.stages) {
      if (!drawn_.contains(&stage)) draw_chain(stage);
    }
    return std::move(out_);
  }

 private:
  void draw_chain(const Stage& first) {
    if (!out_.empty()) out_ += '\n';
    Canvas canvas;
    canvas.begin(first.from);
    bool line_is_empty = true;
    for (const Stage* stage = &first; stage != nullptr; stage = next_of(*stage)) {
      if (!line_is_empty && canvas.width_with(*stage) > kWidth) {
        out_ += canvas.take();
        canvas.begin(stage->from);
      }
      canvas.add(*stage);
      drawn_.insert(stage);
      line_is_empty = false;
    }
    out_ += canvas.take();
  }

  // The stage that reads what `stage` sends, unless it is drawn already.
  const Stage* next_of(const Stage& stage) const {
    const auto reader = readers_.find(stage.to);
    if (reader == readers_.end() || drawn_.contains(reader->second)) return nullptr;
    return reader->second;
  }

  const Plan& plan_;
  std::map<std::string_view, const Stage*> readers_;
  std::set<std::string_view> fed_;
  std::set<const Stage*> drawn_;
  std::string out_;
};

}  // namespace

std::string print_graph(const Plan& plan) {
  return GraphPrinter(plan).print();
}

}  // namespace selvage::workflow
