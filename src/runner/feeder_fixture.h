// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the tests of both feeders have in common: a stage whose program is a shell script, a
// directory for it, and a record of what the feeder tells.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <csignal>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "process/tree.h"
#include "runner/feeder.h"
#include "runner/program_guard.h"

namespace selvage::runner {

class FeederTest : public testing::Test {
 protected:
  static constexpr Duration kNow{0};
  static constexpr Duration kLong = std::chrono::hours(1);  // no test waits for it
  static constexpr Duration kHopeless = std::chrono::minutes(2);
  static constexpr Duration kLook = std::chrono::milliseconds(10);  // for what is in files only

  FeederTest() {
    process::become_subreaper();
    std::signal(SIGPIPE, SIG_IGN);  // a program may be gone before it has read
    std::string name = testing::TempDir() + "feeder_test.XXXXXX";
    directory_ = mkdtemp(name.data());
    plan_.directory = directory_;
    stage_.name = "shrink";
    stage_.from = "photos";
    stage_.deadline = kLong;
    stage_.grace = kLong;
    message_.id = "m-1";
    message_.receipt = "r-1";
    message_.body = "the body";
    places_.out = directory_ / "out";
  }
  ~FeederTest() override {
    feeder_.reset();
    EXPECT_TRUE(process::childless()) << "something outlived its worker";
    EXPECT_EQ(forbidden_kills(), forbidden_before_) << "it signalled more than its own program";
    std::filesystem::remove_all(directory_);
  }

  using Make = std::unique_ptr<Feeder> (*)(const FeederSetting&, Feeder::Events);
  void make(Make make_feeder, const std::string& script) {
    stage_.run = {"/bin/sh", "-c", script};
    make(make_feeder);
  }
  void make(Make make_feeder) {
    feeder_ = make_feeder({stage_, plan_, "shrink-1", reactor_, clock_,
                           [this](std::string_view bytes) { said_ += bytes; }},
                          {.started = [this] { ++started_; },
                           .ended = [this](Verdict v) { verdicts_.push_back(std::move(v)); },
                           .progress = [this](double p) { progress_.push_back(p); },
                           .ready_changed = [this] { ++ready_changes_; }});
  }

  template <typename Condition>
  void run_until(Condition condition) {
    bool hopeless = false;
    const auto limit = reactor_.after(kHopeless, [&] { hopeless = true; });
    while (!condition() && !hopeless) reactor_.run_once(kLook);
    reactor_.cancel(limit);
    ASSERT_FALSE(hopeless);
  }
  void run_until_ready() {
    run_until([this] { return feeder_->ready(); });
  }
  Verdict next_verdict() {
    run_until([this] { return !verdicts_.empty(); });
    if (verdicts_.empty()) return {};
    Verdict verdict = std::move(verdicts_.front());
    verdicts_.pop_front();
    return verdict;
  }
  // Feeds one message and waits for its verdict.
  Verdict attempt(const std::string& body = "the body") {
    message_.body = body;
    run_until_ready();
    feeder_->feed(message_, places_);
    return next_verdict();
  }

  std::string text_of(const std::string& file) const {
    std::ifstream in(directory_ / file);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  const int forbidden_before_ = forbidden_kills();
  process::Reactor reactor_;
  ManualClock clock_;
  std::filesystem::path directory_;
  workflow::Plan plan_;
  workflow::Stage stage_;
  client::Message message_;
  Places places_;
  std::unique_ptr<Feeder> feeder_;
  int started_ = 0;
  int ready_changes_ = 0;
  std::deque<Verdict> verdicts_;
  std::vector<double> progress_;
  std::string said_;  // on standard error, all of it
};

}  // namespace selvage::runner
