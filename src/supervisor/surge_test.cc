// SPDX-License-Identifier: Apache-2.0
// The surge of April 2008 that made a video maker grow from 50 to 3,500 machines, a hundredth of
// it: 12.5 videos an hour become 250 within a minute, and each takes eight and a half minutes. The
// meter and the scaler are the real ones; time is not.
#include "supervisor/surge_fixture.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace selvage::supervisor {
namespace {

constexpr double kHour = 3600;
constexpr double kBegin = kHour;             // of the rise
constexpr double kHigh = kBegin + 60;        // it has risen
constexpr double kSteady = kHigh + 2 * 510;  // what was begun before has ended
constexpr double kFall = 5 * kHour;          // at once
constexpr double kEnd = 7 * kHour;
constexpr double kVideo = 510;  // seconds
constexpr double kPerSecond = 250 / kHour;

struct Figures {
  int needed = 0;  // by three quarters of them the surge can be done, and the spare
  int peak = 0;
  int peak_busy = 0;
  double longest_wait = 0;     // seconds without a break in which anything waited
  int turns = 0;               // changes of direction while it was steady
  double closest_turns = 1e9;  // seconds between two of them
};

workflow::Stage video_stage() {
  workflow::Stage stage;
  stage.workers = {.min = 1, .max = 1000, .spare = 1};
  stage.expect = std::chrono::seconds(510);
  return stage;  // drain 30 s, age 10 s
}

SurgeModel::Settings surge_of(double rate, std::optional<uint64_t> seed) {
  const double low = rate / 20;
  const auto at = [=](double second) {
    if (second < kBegin || second >= kFall) return low;
    return second < kHigh ? low + (rate - low) * (second - kBegin) / 60 : rate;
  };
  return {.stage = video_stage(),
          .attempt_seconds = kVideo,
          .start_seconds = 5,
          .rate = at,
          .waiting = 0,
          .seed = seed};
}

int workers_for(double busy) {
  return static_cast<int>(std::ceil(busy / Scaler::kUtilisation - 1e-9)) + 1;
}

Figures figures_of(const SurgeModel& model, double rate) {
  Figures figures{.needed = workers_for(rate * kVideo)};
  double waits = 0, turned = -1e9;
  int direction = 0, before = model.history().front().workers;
  for (const auto& second : model.history()) {
    figures.peak = std::max(figures.peak, second.workers);
    figures.peak_busy = std::max(figures.peak_busy, second.busy);
    waits = second.waiting > 0 ? waits + 1 : 0;
    figures.longest_wait = std::max(figures.longest_wait, waits);
    const int step = second.workers - std::exchange(before, second.workers);
    if (step == 0 || second.at < kSteady || second.at >= kFall) continue;
    if (direction != 0 && (step > 0) != (direction > 0)) {
      ++figures.turns;
      figures.closest_turns = std::min(figures.closest_turns, second.at - turned);
      turned = second.at;
    }
    direction = step;
  }
  return figures;
}

void print(const char* title, const Figures& f, const SurgeModel& model) {
  fmt::print(
      "{}: {} workers needed, {} at most ({:+.0f} %), {} busy at most, nothing waited for longer "
      "than {:.0f} s, {} turns in {:.0f} steady minutes, {} idle and {} busy workers ended\n",
      title, f.needed, f.peak, 100.0 * (f.peak - f.needed) / f.needed, f.peak_busy, f.longest_wait,
      f.turns, (kFall - kSteady) / 60, model.stopped() - model.busy_stopped(),
      model.busy_stopped());
}

constexpr double kDrainTarget = 30;

TEST(SurgeTest, TwentyTimesAsManyVideosWithinAMinuteAreMadeWithoutOvershoot) {
  SurgeModel model(surge_of(kPerSecond, std::nullopt));
  model.run(kEnd);
  const Figures f = figures_of(model, kPerSecond);
  print("evenly", f, model);
  EXPECT_LE(f.peak, 1.2 * f.needed);
  EXPECT_GE(f.peak_busy, 35) << "the surge came";
  EXPECT_LE(f.longest_wait, 1.5 * kDrainTarget);
  EXPECT_EQ(f.turns, 0);
  EXPECT_EQ(model.busy_stopped(), 0);
  EXPECT_GE(model.stopped(), f.peak - workers_for(kPerSecond / 20 * kVideo) - 2)
      << "after the surge they went";
}

TEST(SurgeTest, AThousandWorkersFollowTheSurgeAsWell) {
  const double rate = 14 * kPerSecond;
  SurgeModel model(surge_of(rate, std::nullopt));
  model.run(kEnd);
  const Figures f = figures_of(model, rate);
  print("fourteen times the volume", f, model);
  EXPECT_LE(f.peak, 1.2 * f.needed);
  EXPECT_LE(f.longest_wait, 1.5 * kDrainTarget);
  EXPECT_EQ(f.turns, 0);
  EXPECT_EQ(model.busy_stopped(), 0);
}

// By chance there are more videos at one time than at another: what is needed is what the most that
// were made at once need, at three quarters. The mean of the rate knows nothing of that.
TEST(SurgeTest, VideosThatComeByChanceAreFollowedWithoutOvershootToo) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SurgeModel model(surge_of(kPerSecond, seed));
    model.run(kEnd);
    Figures f = figures_of(model, kPerSecond);
    f.needed = workers_for(f.peak_busy);
    print(fmt::format("by chance, seed {}", seed).c_str(), f, model);
    EXPECT_LE(f.peak, 1.2 * f.needed) << "seed " << seed;
    EXPECT_LE(f.longest_wait, 1.5 * kDrainTarget) << "seed " << seed;
    EXPECT_LE(f.turns, (kFall - kSteady) / 60) << "seed " << seed;
    EXPECT_EQ(model.busy_stopped(), 0) << "seed " << seed;
  }
}

TEST(SurgeTest, ABacklogOfShortWorkIsGoneInTime) {
  SurgeModel::Settings settings{.stage = video_stage(), .attempt_seconds = 2, .start_seconds = 1};
  settings.stage.expect = std::chrono::seconds(2);
  settings.stage.target.age = std::chrono::minutes(1);  // else that would ask for more
  settings.rate = [](double) { return 0.0; };
  settings.waiting = 600;
  SurgeModel model(settings);
  model.run(200);
  double gone = 0;
  int peak = 0;
  for (const auto& second : model.history()) {
    if (second.waiting > 0) gone = second.at;
    peak = std::max(peak, second.workers);
  }
  fmt::print("600 messages of 2 s: gone after {:.0f} s with {} workers\n", gone, peak);
  EXPECT_LE(gone, 1.5 * kDrainTarget);
  EXPECT_LE(peak, 1.2 * (600 * 2 / kDrainTarget + 1));
  EXPECT_EQ(model.history().back().workers, 2);
}

}  // namespace
}  // namespace selvage::supervisor
