// SPDX-License-Identifier: Apache-2.0
#include "workflow/check.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>

namespace selvage::workflow {
namespace {

using namespace std::chrono_literals;

// Finds every program but those whose name says otherwise.
class FakePrograms final : public Programs {
 public:
  std::expected<std::string, std::string> find(const std::string& name,
                                               const std::string& directory) override {
    if (name.find("missing") != std::string::npos) {
      return std::unexpected("there is no program " + name);
    }
    if (name.starts_with('/')) return name;
    return (name.starts_with("./") ? directory + name.substr(1) : "/bin/" + name);
  }
};

std::expected<Plan, std::vector<Problem>> checked(std::string_view text) {
  FakePrograms programs;
  return check(text, "/flows/flow.yaml", programs);
}

// The plan of a file that is right.
Plan plan_of(std::string_view text) {
  auto plan = checked(text);
  if (plan) return std::move(*plan);
  ADD_FAILURE() << describe("flow.yaml", plan.error());
  return {};
}

// "line:column message (suggestion)" for each problem, one a line.
std::string problems_of(std::string_view text) {
  const auto plan = checked(text);
  if (plan) return "";
  std::string lines;
  for (const Problem& problem : plan.error()) {
    if (!lines.empty()) lines += '\n';
    lines += fmt::format("{}:{} {}", problem.line, problem.column, problem.message);
    if (!problem.suggestion.empty()) lines += fmt::format(" ({})", problem.suggestion);
  }
  return lines;
}

// A file whose one stage starts in line 4 and has `keys` in line 5 and after.
std::string with_stage(std::string_view keys) {
  return fmt::format("selvage: 1\nname: x\nstages:\n  a:\n{}", keys);
}
// … and which is complete but for `keys` in line 7 and after.
std::string with_keys(std::string_view keys) {
  return with_stage(fmt::format("    from: in\n    run: true\n{}", keys));
}

constexpr std::string_view kSlideshow = R"(selvage: 1
name: slideshow
defaults:
  workers:  { min: 2, max: 8, spare: 1 }
  target:   { drain: 20s, age: 5s }
  retry:    { attempts: 3, backoff: 100ms..1m30s }
  deadline: 2m
  grace: 1s
  env: { A: one, B: two }
stages:
  shrink: { from: photos, run: ./shrink.sh --fast 'a b', to: frames }
  render:
    from: frames
    run: [node, render.js, "x y", 012, no]
    mode: persistent
    batch: 4
    to: videos
    workers: { max: 3 }
    retry: { attempts: 9 }
    deadline: 10m
    env: { B: three, C: "" }
    dead: morgue
)";

TEST(Check, DefaultsAreFilledIn) {
  const Plan plan = plan_of("selvage: 1\nname: x\nstages: { a: { from: in, run: cat } }\n");
  ASSERT_EQ(plan.stages.size(), 1u);
  const Stage& stage = plan.stages[0];
  EXPECT_EQ(stage.to, "");
  EXPECT_EQ(stage.dead, "in-dead");
  EXPECT_EQ(stage.mode, Mode::kOneshot);
  EXPECT_EQ(stage.workers.min, 1);
  EXPECT_EQ(stage.workers.max, 8);
  EXPECT_EQ(stage.workers.spare, 1);
  EXPECT_EQ(stage.retry.attempts, 5);
  EXPECT_EQ(stage.retry.backoff_max, 30s);
  EXPECT_EQ(stage.deadline, 60s);
  EXPECT_EQ(plan.file, "/flows/flow.yaml");
  EXPECT_EQ(plan.directory, "/flows");
}

TEST(Check, AStageTakesFromDefaultsWhatItDoesNotSay) {
  const Plan plan = plan_of(kSlideshow);
  ASSERT_EQ(plan.stages.size(), 2u);
  const Stage& shrink = *plan.find("shrink");
  EXPECT_EQ(shrink.workers.min, 2);
  EXPECT_EQ(shrink.target.drain, 20s);
  EXPECT_EQ(shrink.retry.backoff_min, 100ms);
  EXPECT_EQ(shrink.retry.backoff_max, 90s);
  EXPECT_EQ(shrink.deadline, 2min);
  EXPECT_EQ(shrink.grace, 1s);
  const Stage& render = *plan.find("render");
  EXPECT_EQ(render.workers.min, 2);
  EXPECT_EQ(render.workers.max, 3);
  EXPECT_EQ(render.retry.attempts, 9);
  EXPECT_EQ(render.retry.backoff_max, 90s);
  EXPECT_EQ(render.deadline, 10min);
  EXPECT_EQ(render.mode, Mode::kPersistent);
  EXPECT_EQ(render.batch, 4);
  EXPECT_EQ(render.dead, "morgue");
  EXPECT_EQ(render.env,
            (std::map<std::string, std::string>{{"A", "one"}, {"B", "three"}, {"C", ""}}));
  EXPECT_EQ(plan.find("nobody"), nullptr);
}

TEST(Check, AnHttpStageHasPathsAndATimeToStart) {
  const auto http_of = [](std::string_view keys) {
    const Stage stage = plan_of(with_keys(keys)).stages.at(0);
    EXPECT_EQ(stage.mode, Mode::kHttp);
    return stage.http;
  };
  const Http plain = http_of("    mode: http\n");
  EXPECT_EQ(plain.path, "/");
  EXPECT_EQ(plain.ready, "/ready");
  EXPECT_EQ(plain.start, 30s);
  const Http own =
      http_of("    mode: http\n    http: { path: \"/work?fast=1\", ready: /healthz, start: 2m }\n");
  EXPECT_EQ(own.path, "/work?fast=1");
  EXPECT_EQ(own.ready, "/healthz");
  EXPECT_EQ(own.start, 2min);
}

TEST(Check, AnSdkStageNeedsNothingElse) {
  EXPECT_EQ(plan_of(with_keys("    mode: sdk\n")).stages.at(0).mode, Mode::kSdk);
}

TEST(Check, WhatScalingNeedsIsRead) {
  const Plan plan = plan_of(R"(selvage: 1
name: x
budget: { cpu: 75% }
defaults: { expect: 250ms }
stages:
  a: { from: in, run: cat, to: b, max_backlog: 500 }
  b: { from: b, run: cat, expect: 8m30s, deadline: 20m }
)");
  ASSERT_EQ(plan.stages.size(), 2u);
  EXPECT_EQ(plan.budget.cpu_percent, 75);
  EXPECT_EQ(plan.budget.memory_percent, 100);
  EXPECT_EQ(plan.stages[0].expect, 250ms);
  EXPECT_EQ(plan.stages[0].max_backlog, 500);
  EXPECT_EQ(plan.stages[1].expect, 510s);
  EXPECT_EQ(plan.stages[1].max_backlog, 0);
}

TEST(Check, ProgramsAreFoundAndWordsStayTexts) {
  const Plan plan = plan_of(kSlideshow);
  EXPECT_EQ(plan.stages.at(0).run, (std::vector<std::string>{"/flows/shrink.sh", "--fast", "a b"}));
  EXPECT_EQ(plan.stages.at(1).run,
            (std::vector<std::string>{"/bin/node", "render.js", "x y", "012", "no"}));
}

TEST(Check, TheQueuesOfAPlanAreListedOnceDeadLettersLast) {
  EXPECT_EQ(plan_of(kSlideshow).queues(),
            (std::vector<std::string>{"photos", "frames", "videos", "photos-dead", "morgue"}));
}

TEST(Check, DeadLettersMayBeReadByAStageAndSharedByStages) {
  EXPECT_EQ(problems_of("selvage: 1\nname: x\nstages:\n"
                        "  a: { from: in, run: cat, to: mid, dead: morgue }\n"
                        "  b: { from: mid, run: cat, dead: morgue }\n"
                        "  repair: { from: morgue, run: cat, to: in }\n"),
            "");
}

struct BadFile {
  std::string name;
  std::string text;
  std::string expected;
};

void PrintTo(const BadFile& file, std::ostream* out) {
  *out << file.text;
}

class BadFiles : public testing::TestWithParam<BadFile> {};

TEST_P(BadFiles, EachProblemIsReportedWithItsPlace) {
  EXPECT_EQ(problems_of(GetParam().text), GetParam().expected);
}

std::string test_name(const testing::TestParamInfo<BadFile>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    File, BadFiles,
    testing::ValuesIn(std::vector<BadFile>{
        {"Empty", "", "1:1 the file is empty (begin with 'selvage: 1')"},
        {"NoMap", "- a\n", "1:1 the file must be a map, not a list (such as { selvage: … })"},
        {"NoYaml", "selvage: [1\n", "2:1 not valid YAML: end of sequence flow not found"},
        {"EverythingMissing", "{}",
         "1:1 the key 'selvage' is missing (begin with 'selvage: 1')\n"
         "1:1 the key 'name' is missing\n"
         "1:1 the key 'stages' is missing"},
        {"OtherVersion", "selvage: 2\nname: x\nstages: { a: { from: in, run: cat } }\n",
         "1:10 this version of selvage reads files of version 1, not '2' (write selvage: 1)"},
        {"BadName", "selvage: 1\nname: my flow\nstages: { a: { from: in, run: cat } }\n",
         "2:7 'my flow' is no name for a workflow (1 to 40 letters, digits, - and _)"},
        {"NameIsMap", "selvage: 1\nname: {a: b}\nstages: { a: { from: in, run: cat } }\n",
         "2:7 name must be a text, not a map"},
        {"NoStages", "selvage: 1\nname: x\nstages: {}\n", "3:9 a workflow has at least one stage"},
        {"StagesNull", "selvage: 1\nname: x\nstages:\n",
         "3:1 stages has no value (write one or leave the key out)"},
        {"StagesList", "selvage: 1\nname: x\nstages: [a]\n",
         "3:9 stages must be a map, not a list (such as { shrink: { from: photos, run: "
         "./shrink.sh } })"},
        {"Misspelt", "selvage: 1\nnmae: x\nname: x\nstages: { a: { from: in, run: cat } }\n",
         "2:1 unknown key 'nmae' in the file (did you mean 'name'?)"},
        {"WrongLevel",
         "selvage: 1\nname: x\nworkers: { max: 2 }\nstages: { a: { from: in, run: cat } }\n",
         "3:1 unknown key 'workers' in the file (it belongs to a stage)"},
        {"LaterVersion",
         "selvage: 1\nname: x\ncalls: {}\nstages: { a: { from: in, run: cat, join: {}, emit: {} } "
         "}\n",
         "3:1 'calls' is not supported by this version of selvage\n"
         "4:36 'join' is not supported by this version of selvage\n"
         "4:46 'emit' is not supported by this version of selvage"},
        {"BadBudget",
         "selvage: 1\nname: x\nbudget: { cpu: 80, memory: 101%, disk: 1% }\n"
         "stages: { a: { from: in, run: cat, cpu: 10% } }\n",
         "3:16 budget.cpu needs a unit, '80' has none (write 80%)\n"
         "3:28 budget.memory must be a share from 1% to 100%, not '101%'\n"
         "3:34 unknown key 'disk' in budget (known here: cpu, memory)\n"
         "4:36 unknown key 'cpu' in a stage (it belongs to budget)"},
        {"ExpectOfDefaultsOverADeadline",
         "selvage: 1\nname: x\ndefaults: { expect: 40s }\n"
         "stages: { a: { from: in, run: cat, deadline: 30s } }\n",
         "4:46 expect is 40s, more than the deadline, which is 30s (write a longer deadline)"},
        {"KeyTwice", "selvage: 1\nname: x\nname: y\nstages: { a: { from: in, run: cat } }\n",
         "3:1 the key 'name' stands here a second time (the first is in line 2)"},
        {"StageTwice",
         "selvage: 1\nname: x\nstages:\n  a: { from: in, run: cat }\n  a: { from: in, run: cat }\n",
         "5:3 the stage 'a' stands here a second time (the first is in line 4)"},
    }),
    test_name);

INSTANTIATE_TEST_SUITE_P(
    Stage, BadFiles,
    testing::ValuesIn(std::vector<BadFile>{
        {"Null", "selvage: 1\nname: x\nstages:\n  a:\n",
         "4:3 a stage must be a map, not nothing (such as { from: … })"},
        {"BadName", "selvage: 1\nname: x\nstages:\n  a b: { from: in, run: cat }\n",
         "4:3 'a b' is no name for a stage (1 to 40 letters, digits, - and _)"},
        {"NothingInIt", with_stage("    {}\n"),
         "4:3 stage 'a' has no 'from' (name the queue that the stage reads)\n"
         "4:3 stage 'a' has no 'run' (name the program that does the work)"},
        {"Synonym", with_stage("    input: in\n    from: in\n    run: cat\n"),
         "5:5 unknown key 'input' in a stage (did you mean 'from'?)"},
        {"NoLikeness", with_keys("    zzz: 1\n"),
         "7:5 unknown key 'zzz' in a stage (known here: from, run, to, mode, batch, http, workers, "
         "target, retry, deadline, expect, grace, env, dead, max_backlog)"},
        {"BacklogWithoutTarget", with_keys("    max_backlog: 3\n"),
         "7:18 max_backlog is about the queue that a stage sends to, and this one has no 'to' "
         "(write "
         "it on the stage in front, or leave it out)"},
        {"BacklogOfNothing", with_keys("    to: b\n    max_backlog: 0\n"),
         "8:18 max_backlog must be from 1 to 999999999, not 0"},
        {"ExpectOverDeadline", with_keys("    deadline: 5s\n    expect: 6s\n"),
         "8:13 expect is 6s, more than the deadline, which is 5s (write a longer deadline)"},
        {"BadQueue", with_stage("    from: a b\n    run: cat\n    to: ''\n"),
         "5:11 'a b' is no name for a queue (1 to 80 letters, digits, - and _)\n"
         "7:9 '' is no name for a queue (1 to 80 letters, digits, - and _)"},
        {"Fifo", with_stage("    from: in.fifo\n    run: cat\n"),
         "5:11 'in.fifo' would be a FIFO queue: not supported by this version of selvage "
         "(leave .fifo out)"},
        {"QueueIsList", with_keys("    to: [a, b]\n"), "7:9 to must be a text, not a list"},
        {"LongQueue", with_stage("    from: " + std::string(78, 'q') + "\n    run: cat\n"),
         "5:11 the name of the dead-letter queue would be too long (choose a shorter name or "
         "write 'dead')"},
        {"BadMode", with_keys("    mode: presistent\n"),
         "7:11 mode must be oneshot, persistent, http or sdk, not 'presistent' (did you mean "
         "persistent?)"},
        {"UnknownMode", with_keys("    mode: https\n"),
         "7:11 mode must be oneshot, persistent, http or sdk, not 'https' (did you mean http?)"},
        {"HttpOfAnotherMode", with_keys("    mode: sdk\n    http: { path: /work }\n"),
         "8:11 http has no meaning for an sdk stage (write mode: http or leave http out)"},
        {"HttpKeys", with_keys("    mode: http\n    http: { paht: /work }\n"),
         "8:13 unknown key 'paht' in http (did you mean 'path'?)"},
        {"HttpPath", with_keys("    mode: http\n    http: { path: work, ready: \"/a b\" }\n"),
         "8:19 http.path 'work' is no path of a URL (it begins with / and has neither spaces nor a "
         "#)\n8:32 http.ready '/a b' is no path of a URL (it begins with / and has neither spaces "
         "nor a #)"},
        {"HttpStart", with_keys("    mode: http\n    http: { start: 2h }\n"),
         "8:20 http.start must be from 100ms to 1h, not 2h"},
        {"PortIsTheRunners", with_keys("    mode: http\n    env: { PORT: 80 }\n"),
         "8:10 env.PORT is set by selvage itself in mode http (leave it out)"},
        {"CredentialsAreTheSessions", with_keys("    mode: sdk\n    env: { AWS_PROFILE: me }\n"),
         "8:10 env.AWS_PROFILE is set by selvage itself in mode sdk (leave it out)"},
        {"BatchSdk", with_keys("    mode: sdk\n    batch: 3\n"),
         "8:12 batch has no meaning for an sdk stage (write mode: persistent or leave batch out)"},
        {"BatchOneshot", with_keys("    batch: 3\n"),
         "7:12 batch has no meaning for a oneshot stage (write mode: persistent or leave batch "
         "out)"},
        {"BatchTooLarge", with_keys("    mode: persistent\n    batch: 11\n"),
         "8:12 batch must be from 1 to 10, not 11"},
        {"OwnDeadLetters", with_keys("    dead: in\n"),
         "7:11 stage 'a' sends its dead letters to the queue that it reads (leave 'dead' out to "
         "get in-dead)"},
    }),
    test_name);

INSTANTIATE_TEST_SUITE_P(
    Run, BadFiles,
    testing::ValuesIn(std::vector<BadFile>{
        {"Missing", with_stage("    from: in\n    run: ./missing.sh -x\n"),
         "6:10 there is no program ./missing.sh"},
        {"MissingInList", with_stage("    from: in\n    run: [missing, -x]\n"),
         "6:11 there is no program missing"},
        {"Pipe", with_stage("    from: in\n    run: sort | uniq\n"),
         "6:10 run has a '|', which only a shell understands, and is run without one (write [sh, "
         "-c, \"sort | uniq\"])"},
        {"Variable", with_stage("    from: in\n    run: echo \"$HOME\"\n"),
         "6:10 run has a '$', which only a shell understands, and is run without one (write [sh, "
         "-c, \"echo \\\"$HOME\\\"\"])"},
        {"OpenQuote", with_stage("    from: in\n    run: echo 'x\n"),
         "6:10 run has a ' that is never closed"},
        {"Empty", with_stage("    from: in\n    run: ' '\n"), "6:10 run names no program"},
        {"EmptyList", with_stage("    from: in\n    run: []\n"), "6:10 run names no program"},
        {"EmptyWord", with_stage("    from: in\n    run: ['', x]\n"), "6:11 run names no program"},
        {"Map", with_stage("    from: in\n    run: {a: b}\n"),
         "6:10 run must be a text or a list of texts, not a map"},
        {"ListOfLists", with_stage("    from: in\n    run: [sh, [x]]\n"),
         "6:15 run must be a list of texts, but here stands a list"},
        {"ZeroByte", with_stage("    from: in\n    run: [sh, \"a\\0b\"]\n"),
         "6:10 run contains a zero byte"},
    }),
    test_name);

INSTANTIATE_TEST_SUITE_P(
    Settings, BadFiles,
    testing::ValuesIn(std::vector<BadFile>{
        {"WorkersNumber", with_keys("    workers: 4\n"),
         "7:14 workers must be a map, not a text (such as { min: … })"},
        {"WorkersLimits", with_keys("    workers: { min: 1001, max: 0, spare: 101 }\n"),
         "7:21 workers.min must be from 0 to 1000, not 1001\n"
         "7:32 workers.max must be from 1 to 1000, not 0\n"
         "7:42 workers.spare must be from 0 to 100, not 101"},
        {"MinOverMax", with_keys("    workers: { min: 9 }\n"),
         "7:14 workers.min is 9, more than workers.max, which is 8 (write both)"},
        {"Octal", with_keys("    workers: { max: 012 }\n"),
         "7:21 workers.max has a leading zero: '012' is an octal number to some (write 12)"},
        {"NoNumber", with_keys("    workers: { min: no, max: 1e2, spare: -1 }\n"),
         "7:21 workers.min must be a whole number, not 'no'\n"
         "7:30 workers.max must be a whole number, not '1e2'\n"
         "7:42 workers.spare must be a whole number, not '-1'"},
        {"QuotedNumber", with_keys("    workers: { max: '4' }\n"),
         "7:21 workers.max must stand without quotes (write 4)"},
        {"NestedKey", with_keys("    workers: { maximum: 4 }\n"),
         "7:16 unknown key 'maximum' in workers (known here: min, max, spare)"},
        {"NoUnit", with_keys("    deadline: 60\n"),
         "7:15 deadline needs a unit, '60' has none (write 60s)"},
        {"SpacedUnit", with_keys("    deadline: 60 S\n"),
         "7:15 deadline must be a length of time, not '60 S' (write 60s)"},
        {"BadUnit", with_keys("    grace: 5sec\n"),
         "7:12 grace must be a length of time, not '5sec' (whole numbers with units d, h, m, s or "
         "ms, the largest first, such as 1h30m)"},
        {"DeadlineLimits", with_keys("    deadline: 9ms\n    grace: 11m\n"),
         "7:15 deadline must be from 10ms to 11h50m, not 9ms\n"
         "8:12 grace must be from 0s to 10m, not 11m"},
        {"DeadlineTooLong", with_keys("    deadline: 12h\n"),
         "7:15 deadline must be from 10ms to 11h50m, not 12h"},
        {"Target", with_keys("    target: { drain: 1ms, age: 2d }\n"),
         "7:22 target.drain must be from 100ms to 1d, not 1ms\n"
         "7:32 target.age must be from 100ms to 1d, not 2d"},
        {"Attempts", with_keys("    retry: { attempts: 0 }\n"),
         "7:24 retry.attempts must be from 1 to 1000, not 0"},
        {"BackoffNoRange", with_keys("    retry: { backoff: 5s }\n"),
         "7:23 retry.backoff must be a range, not '5s' (write the least and the most, such as "
         "200ms..30s)"},
        {"BackoffBackwards", with_keys("    retry: { backoff: 30s..5s }\n"),
         "7:23 retry.backoff runs backwards: 30s is more than 5s (write 5s..30s)"},
        {"BackoffNoUnit", with_keys("    retry: { backoff: 1..30s }\n"),
         "7:23 retry.backoff needs a unit, '1' has none (write 1s)"},
        {"BackoffLimits", with_keys("    retry: { backoff: 1s..1d }\n"),
         "7:23 retry.backoff must be from 1ms to 12h, not 1d"},
        {"NoValue", with_keys("    deadline:\n    grace: 1s\n"),
         "7:5 deadline has no value (write one or leave the key out)"},
        {"EnvList", with_keys("    env: [A=b]\n"),
         "7:10 env must be a map, not a list (such as { NAME: value })"},
        {"EnvNames", with_keys("    env: { 1A: x, SELVAGE_X: y, B: , C: [], B: z }\n"),
         "7:12 env.1A is no name for a variable (letters, digits and _, not starting with a "
         "digit)\n"
         "7:19 env.SELVAGE_X is set by selvage itself (use another name)\n"
         "7:33 env.B has no value (write \"\" for an empty one)\n"
         "7:38 env.C must be a text, not a list\n"
         "7:45 the variable 'B' stands here a second time (the first is in line 7)"},
        {"InDefaults",
         "selvage: 1\nname: x\ndefaults: { deadline: 5, from: in }\n"
         "stages: { a: { from: in, run: cat } }\n",
         "3:23 deadline needs a unit, '5' has none (write 5s)\n"
         "3:26 unknown key 'from' in defaults (it belongs to a stage)"},
        {"DefaultsText",
         "selvage: 1\nname: x\ndefaults: fast\nstages: { a: { from: in, run: cat } }\n",
         "3:11 defaults must be a map, not a text (such as { workers: … })"},
    }),
    test_name);

INSTANTIATE_TEST_SUITE_P(
    Graph, BadFiles,
    testing::ValuesIn(std::vector<BadFile>{
        {"TwoReaders",
         "selvage: 1\nname: x\nstages:\n  a: { from: in, run: cat }\n  b: { from: in, run: cat }\n",
         "5:14 queue 'in' is already read by stage 'a': each queue has one reading stage (for more "
         "workers raise workers.max)"},
        {"ToItself", with_keys("    to: in\n"),
         "7:9 stage 'a' sends to the queue that it reads: its messages would never leave (send to "
         "another queue or leave 'to' out)"},
        {"Circle",
         "selvage: 1\nname: x\nstages:\n  in: { from: q0, run: cat, to: q2 }\n"
         "  b: { from: q2, run: cat, to: q3 }\n  c: { from: q3, run: cat, to: q1 }\n"
         "  a: { from: q1, run: cat, to: q2 }\n",
         "5:32 these stages send in a circle, and no message would ever leave: b → c → a → b (let "
         "one of them send to another queue or leave its 'to' out)"},
    }),
    test_name);

TEST(Check, EveryProblemIsReportedInTheOrderOfTheFile) {
  EXPECT_EQ(problems_of("selvage: 1\nstages:\n  b: { from: q2, run: missing, to: q1 }\n"
                        "  a: { from: q1, run: cat, to: q2, deadline: 5 }\nname: a b\n"),
            "3:23 there is no program missing\n"
            "3:36 these stages send in a circle, and no message would ever leave: b → a → b (let "
            "one of them send to another queue or leave its 'to' out)\n"
            "4:46 deadline needs a unit, '5' has none (write 5s)\n"
            "5:7 'a b' is no name for a workflow (1 to 40 letters, digits, - and _)");
}

TEST(Check, ProblemsAreDescribedLikeACompilerDoes) {
  EXPECT_EQ(describe("f.yaml", {{3, 7, "bad", "good"}, {4, 1, "worse", ""}, {0, 0, "gone", ""}}),
            "f.yaml:3:7: bad (good)\nf.yaml:4:1: worse\nf.yaml: gone\n");
}

// A directory with files of several kinds.
class SystemProgramsTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/selvage-programs-XXXXXX";
    directory_ = ::mkdtemp(pattern);
    write("runs.sh", 0755);
    write("plain.sh", 0644);
    std::filesystem::create_directory(directory_ + "/folder");
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& name, mode_t mode, const std::string& text = "#!/bin/sh\n") {
    std::ofstream(directory_ + "/" + name) << text;
    ::chmod((directory_ + "/" + name).c_str(), mode);
  }
  // The path, or the reason.
  std::string find(const std::string& name) {
    const auto found = programs_.find(name, directory_);
    return found ? *found : found.error();
  }

  std::string directory_;
  SystemPrograms programs_;
};

TEST_F(SystemProgramsTest, FindsProgramsBesideTheFileAndInPath) {
  EXPECT_EQ(find("./runs.sh"), directory_ + "/runs.sh");
  EXPECT_EQ(find("folder/../runs.sh"), directory_ + "/runs.sh");
  EXPECT_EQ(find("/bin/sh"), "/bin/sh");
  EXPECT_TRUE(find("sh").ends_with("/sh")) << find("sh");
}

TEST_F(SystemProgramsTest, SaysWhyAProgramCannotBeRun) {
  EXPECT_EQ(find("./gone.sh"), "there is no program " + directory_ + "/gone.sh");
  EXPECT_EQ(find("./runs.sh/x"), "there is no program " + directory_ + "/runs.sh/x");
  EXPECT_EQ(find("./plain.sh"), directory_ + "/plain.sh may not be executed: chmod +x ./plain.sh");
  EXPECT_EQ(find("./folder"), directory_ + "/folder is a directory, not a program");
  EXPECT_EQ(find("/dev/null"), "/dev/null is not a file");
  EXPECT_EQ(find("no-such-program"), "there is no program 'no-such-program' in PATH");
  EXPECT_EQ(find("runs.sh"),
            "there is no program 'runs.sh' in PATH: for the one beside this file write ./runs.sh");
  EXPECT_EQ(find("~/x"), "'~' is not replaced here: write the whole path of ~/x");
}

TEST_F(SystemProgramsTest, CheckFileReadsTheFileAndLooksForItsPrograms) {
  write("flow.yaml", 0644, "selvage: 1\nname: x\nstages: { a: { from: in, run: ./runs.sh } }\n");
  const auto plan = check_file(directory_ + "/flow.yaml");
  ASSERT_TRUE(plan) << describe("flow.yaml", plan.error());
  EXPECT_EQ(plan->stages.at(0).run.at(0), directory_ + "/runs.sh");
  EXPECT_EQ(plan->directory, directory_);
}

TEST_F(SystemProgramsTest, AFileThatCannotBeReadIsAProblemWithoutALine) {
  const auto reason = [](const std::string& path) {
    const auto plan = check_file(path);
    return plan ? "" : describe("F", plan.error());
  };
  EXPECT_EQ(reason(directory_ + "/gone.yaml"), "F: cannot be read: No such file or directory\n");
  EXPECT_EQ(reason(directory_), "F: this is a directory (name the workflow file in it)\n");
  write("huge.yaml", 0644, std::string((1 << 20) + 1, '#'));
  EXPECT_EQ(reason(directory_ + "/huge.yaml"), "F: is larger than 1 MiB\n");
}

}  // namespace
}  // namespace selvage::workflow
