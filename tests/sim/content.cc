// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/content.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace selvage::sim {
namespace {

// The disk as the doctor sees it.
class View final : public store::Store {
 public:
  explicit View(const SimStore& disk) : disk_(disk) {}
  Result<void> scan(store::Table table, std::string_view first, std::string_view last,
                    FunctionRef<bool(std::string_view, std::string_view)> each) override {
    disk_.look(table, first, last, each);
    return {};
  }
  Result<uint64_t> claim(ShardIndex) override { return refused(); }
  Result<void> apply(ShardIndex, uint64_t, store::Batch) override { return refused(); }
  Result<void> sync() override { return refused(); }
  Result<std::vector<std::optional<std::string>>> read(store::Table,
                                                       const std::vector<std::string>&) override {
    return refused();
  }
  store::Statistics statistics() override { return {}; }

 private:
  static std::unexpected<Error> refused() {
    return failure(ErrorCode::kGiveUp, "the doctor only walks");
  }
  const SimStore& disk_;
};

// A body that was damaged when its message moved on is gone, or does not know where it stands.
bool is_of_damage(const store::Finding& finding) {
  constexpr std::array kWhat = {"its payload is missing",
                                "its payload says that it stands elsewhere"};
  return std::ranges::find(kWhat, finding.what) != kWhat.end();
}

}  // namespace

store::Census census_of(const SimStore& disk, Instant now) {
  View view(disk);
  return store::inspect(
      view, {now, [](std::string_view payload) { return payload.starts_with("letter "); }});
}

std::string fault_in(const store::Census& census, uint64_t lost) {
  for (const store::Finding& finding : census.findings) {
    if (is_of_damage(finding) && lost > 0) {
      --lost;
      continue;
    }
    return finding.where + ": " + finding.what;
  }
  return "";
}

std::string difference(const store::Census& census, const std::vector<queue::QueueInfo>& told) {
  if (census.queues.size() != told.size())
    return fmt::format("the engine has {} queues, the store {}", told.size(), census.queues.size());
  for (size_t i = 0; i < told.size(); ++i) {
    const queue::QueueInfo& said = told[i];
    const store::QueueCensus& found = census.queues[i];
    if (said.name != found.name) return "the store has a queue " + found.name;
    if (said.visible != found.visible || said.in_flight != found.in_flight ||
        said.delayed != found.delayed)
      return fmt::format(
          "{} says {} visible, {} in flight, {} delayed, and in the store are {}, {}, {}",
          said.name, said.visible, said.in_flight, said.delayed, found.visible, found.in_flight,
          found.delayed);
  }
  return "";
}

}  // namespace selvage::sim
