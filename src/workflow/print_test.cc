// SPDX-License-Identifier: Apache-2.0
#include "workflow/print.h"

#include <gtest/gtest.h>

#include "workflow/check.h"

namespace selvage::workflow {
namespace {

class AnyProgram final : public Programs {
 public:
  std::expected<std::string, std::string> find(const std::string& name,
                                               const std::string&) override {
    return name.starts_with('/') ? name : "/bin/" + name;
  }
};

Plan plan_of(const std::string& text) {
  AnyProgram programs;
  auto plan = check(text, "/flows/flow.yaml", programs);
  if (plan) return std::move(*plan);
  ADD_FAILURE() << describe("flow.yaml", plan.error()) << text;
  return {};
}

// A plan of stages that are given as "name from to", all else by default.
Plan chain(const std::vector<std::vector<std::string>>& stages) {
  Plan plan;
  for (const auto& parts : stages) {
    Stage stage;
    stage.name = parts.at(0);
    stage.from = parts.at(1);
    stage.to = parts.at(2);
    stage.dead = stage.from + "-dead";
    plan.stages.push_back(stage);
  }
  return plan;
}

TEST(PrintFile, ShowsEveryDefault) {
  EXPECT_EQ(print_file(plan_of("selvage: 1\nname: x\nstages:\n"
                               "  a: { from: in, run: 'cat -n \"a b\"', to: out }\n"
                               "  b: { from: out, run: sh, mode: persistent, env: { A: no } }\n")),
            R"(selvage: 1
name: x
budget: { cpu: 100%, memory: 100% }
stages:
  a:
    from: in
    run: [/bin/cat, "-n", "a b"]
    to: out
    mode: oneshot
    workers: { min: 1, max: 8, spare: 1 }
    target: { drain: 30s, age: 10s }
    retry: { attempts: 5, deaths: 5, backoff: 200ms..30s }
    deadline: 1m
    grace: 5s
    dead: in-dead
  b:
    from: out
    run: [/bin/sh]
    mode: persistent
    batch: 10
    workers: { min: 1, max: 8, spare: 1 }
    target: { drain: 30s, age: 10s }
    retry: { attempts: 5, deaths: 5, backoff: 200ms..30s }
    deadline: 1m
    grace: 5s
    env:
      A: "no"
    dead: out-dead
)");
}

void expect_same(const Stage& a, const Stage& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.from, b.from);
  EXPECT_EQ(a.to, b.to);
  EXPECT_EQ(a.run, b.run);
  EXPECT_EQ(a.mode, b.mode);
  EXPECT_EQ(a.batch, b.batch);
  EXPECT_EQ(a.http.path, b.http.path);
  EXPECT_EQ(a.http.ready, b.http.ready);
  EXPECT_EQ(a.http.start, b.http.start);
  EXPECT_EQ(a.workers.min, b.workers.min);
  EXPECT_EQ(a.workers.max, b.workers.max);
  EXPECT_EQ(a.workers.spare, b.workers.spare);
  EXPECT_EQ(a.target.drain, b.target.drain);
  EXPECT_EQ(a.target.age, b.target.age);
  EXPECT_EQ(a.retry.attempts, b.retry.attempts);
  EXPECT_EQ(a.retry.backoff_min, b.retry.backoff_min);
  EXPECT_EQ(a.retry.backoff_max, b.retry.backoff_max);
  EXPECT_EQ(a.deadline, b.deadline);
  EXPECT_EQ(a.grace, b.grace);
  EXPECT_EQ(a.env, b.env);
  EXPECT_EQ(a.dead, b.dead);
  EXPECT_EQ(a.expect, b.expect);
  EXPECT_EQ(a.max_backlog, b.max_backlog);
}

TEST(PrintFile, ChecksBackToTheSamePlan) {
  const Plan plan = plan_of(R"(selvage: 1
name: "012"
budget: { cpu: 1%, memory: 99% }
stages:
  "null":
    from: "1"
    run: [sh, -c, 'a "b" | c: #d', "", "é\n\t\\ \x7f\u0085\u2028", "~", "{x}", "- y", "null"]
    to: no
    workers: { min: 0, max: 1000, spare: 0 }
    target: { drain: 1m1s, age: 250ms }
    retry: { attempts: 1000, backoff: 1ms..12h }
    deadline: 10ms
    grace: 0s
    env: { A: "", b_: " x ", Y: "yes", N: "null", C: "a\x01b" }
    dead: on
  p: { from: no, run: node x.js, mode: persistent, batch: 1, expect: 10ms,
       to: h, max_backlog: 7 }
  h: { from: h, run: x, mode: http, http: { path: "/a?b=c", ready: /r, start: 1m1s }, to: s }
  s: { from: s, run: x, mode: sdk }
)");
  EXPECT_EQ(plan.budget.memory_percent, 99);
  const Plan again = plan_of(print_file(plan));
  EXPECT_EQ(again.name, "012");
  EXPECT_EQ(again.budget.cpu_percent, 1);
  EXPECT_EQ(again.budget.memory_percent, 99);
  ASSERT_EQ(plan.stages.size(), 4u);
  ASSERT_EQ(again.stages.size(), 4u);
  for (size_t i = 0; i < 4; ++i) expect_same(again.stages[i], plan.stages[i]);
  EXPECT_EQ(print_file(again), print_file(plan));
}

TEST(PrintGraph, DrawsAChainOnOneLineAndItsDeadLettersBelow) {
  Plan plan = chain({{"shrink", "albums", "frames"}, {"publish", "frames", ""}});
  plan.stages[1].workers = {2, 2, 0};
  EXPECT_EQ(print_graph(plan),
            "albums ──▶ shrink (1..8 + 1 spare) ──▶ frames ──▶ publish (2)\n"
            "           ╰─▶ albums-dead                        ╰─▶ frames-dead\n");
}

TEST(PrintGraph, StagesOfOneQueueMeetInIt) {
  EXPECT_EQ(
      print_graph(chain(
          {{"scan", "paper", "pages"}, {"read", "pages", "texts"}, {"fetch", "links", "pages"}})),
      "paper ──▶ scan (1..8 + 1 spare) ──▶ pages ──▶ read (1..8 + 1 spare) ──▶ texts\n"
      "          ╰─▶ paper-dead                      ╰─▶ pages-dead\n"
      "\n"
      "links ──▶ fetch (1..8 + 1 spare) ──▶ pages\n"
      "          ╰─▶ links-dead\n");
}

TEST(PrintGraph, TheOrderOfTheFileDoesNotMatter) {
  EXPECT_EQ(print_graph(chain({{"read", "pages", ""}, {"scan", "paper", "pages"}})),
            print_graph(chain({{"scan", "paper", "pages"}, {"read", "pages", ""}})));
}

TEST(PrintGraph, ALongChainIsBrokenAtAQueue) {
  EXPECT_EQ(print_graph(chain(
                {{"a", "q1", "q2"}, {"b", "q2", "q3"}, {"c", "q3", "q4"}, {"d", "q4", "q5"}})),
            "q1 ──▶ a (1..8 + 1 spare) ──▶ q2 ──▶ b (1..8 + 1 spare) ──▶ q3 ──▶ c (1..8 + 1 spare) "
            "──▶ q4\n"
            "       ╰─▶ q1-dead                   ╰─▶ q2-dead                   ╰─▶ q3-dead\n"
            "q4 ──▶ d (1..8 + 1 spare) ──▶ q5\n"
            "       ╰─▶ q4-dead\n");
}

TEST(PrintGraph, ALongDeadLetterQueueStretchesTheArrow) {
  Plan plan = chain({{"a", "q1", "q2"}, {"b", "q2", ""}});
  plan.stages[0].dead = "a-very-long-name-for-the-dead-letters";
  EXPECT_EQ(print_graph(plan),
            "q1 ──▶ a (1..8 + 1 spare) ───────────────▶ q2 ──▶ b (1..8 + 1 spare)\n"
            "       ╰─▶ a-very-long-name-for-the-dead-letters  ╰─▶ q2-dead\n");
}

TEST(PrintGraph, StagesInACircleAreDrawnOnce) {
  const std::string drawn = print_graph(chain({{"a", "q1", "q2"}, {"b", "q2", "q1"}}));
  EXPECT_EQ(drawn.find("q1 ──▶ a "), 0u);
  EXPECT_TRUE(drawn.find("──▶ q1\n") != std::string::npos) << drawn;
}

}  // namespace
}  // namespace selvage::workflow
