// SPDX-License-Identifier: Apache-2.0
// Mode persistent: a JSON line in, a JSON line out. Scripts note each of their starts in the file
// `starts`, because one of these rules is when a program is started again.
#include <fmt/format.h>

#include <csignal>

#include "runner/feeder_fixture.h"
#include "wire/json.h"

namespace selvage::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = Verdict::Kind;

constexpr const char* kDone = R"({"body":"done"})";

class PersistentTest : public FeederTest {
 protected:
  // A program that does `with_line` for each message ("$line") and is called up to its end.
  void run_program(const std::string& with_line) {
    run_script("while read -r line; do " + with_line + "; done");
  }
  void run_script(const std::string& script) {
    make(make_persistent, "echo started >>starts; " + script);
  }
  // A program that answers each message with that line.
  void answer_with(const std::string& line) { run_program("head -n 1 answer"), write_answer(line); }
  void write_answer(const std::string& line) {
    std::ofstream(directory_ / "answer") << line << "\n";
  }
  size_t starts() const {
    const std::string text = text_of("starts");
    return static_cast<size_t>(std::ranges::count(text, '\n'));
  }
  // ready_changed is told at each start and at each end.
  void run_until_started_again() {
    run_until([this] { return ready_changes_ >= 3 && feeder_->ready(); });
  }
};

TEST_F(PersistentTest, AnswerDecides) {
  struct Case {
    const char* answer;
    Kind kind;
    const char* output;
    const char* cause;
  };
  answer_with("");
  for (const Case& c : {
           Case{R"({"body":"a\nb"})", Kind::kDone, "a\nb", ""},
           Case{R"({"body":""})", Kind::kDone, "", ""},
           Case{R"({"progress":1,"body":"x"})", Kind::kDone, "x", ""},
           Case{R"({"body":"x","note":[1,{"a":2}]})", Kind::kDone, "x", ""},
           Case{R"({"drop":true})", Kind::kDropped, "", ""},
           Case{R"({"retry":true})", Kind::kTryLater, "", "the program asked to try later"},
           Case{R"({"error":"no disk"})", Kind::kFailed, "", "no disk"},
           Case{R"({"error":true})", Kind::kFailed, "", "the program gave no reason"},
           Case{R"({"poison":"bad picture"})", Kind::kPoison, "", "bad picture"},
           Case{R"({"poison":null})", Kind::kPoison, "", "the program gave no reason"},
       }) {
    write_answer(c.answer);
    const Verdict verdict = attempt();
    EXPECT_EQ(verdict.kind, c.kind) << c.answer;
    EXPECT_EQ(verdict.output, c.output) << c.answer;
    EXPECT_EQ(verdict.cause, c.cause) << c.answer;
  }
  EXPECT_EQ(starts(), 1u) << "an answer is no reason to start again";
}

TEST_F(PersistentTest, LineThatIsNoAnswerFailsTheAttemptAndEndsTheProgram) {
  size_t runs = 0;
  answer_with("");
  for (const char* line : {"hello", "[]", "{}", R"({"bodi":"x"})", R"({"body":5})",
                           R"({"body":"x","drop":true})", R"({"body":"x")", "42"}) {
    write_answer(line);
    const Verdict verdict = attempt();
    EXPECT_EQ(verdict.kind, Kind::kFailed) << line;
    EXPECT_EQ(verdict.cause, fmt::format("it wrote a line that is no answer: {}", line));
    EXPECT_EQ(verdict.signal, SIGKILL) << line;
    EXPECT_FALSE(verdict.hung) << line;
    EXPECT_GE(starts(), ++runs) << line;
    if (runs == 4) break;  // each further start waits longer
  }
}

TEST_F(PersistentTest, EmptyLinesAreSkipped) {
  run_program(R"(printf '\n\n{"body":"x"}\n\n')");
  EXPECT_EQ(attempt().output, "x");
  EXPECT_EQ(attempt().output, "x");
}

TEST_F(PersistentTest, AnswerMayComeInPieces) {
  run_program(R"(printf '{"bo'; sleep 0.01; printf 'dy":"x"}'; sleep 0.01; printf '\n')");
  EXPECT_EQ(attempt().output, "x");
}

TEST_F(PersistentTest, ProgramIsGivenTheMessageAsOneLine) {
  run_program(R"(printf '%s' "$line" >seen; echo '{"drop":1}')");
  message_.failed = 4;
  places_.in = "/in/here";
  attempt("quote \" and\nline");
  std::string id, body, in, out;
  int64_t number = 0, deadline_ms = 0;
  ASSERT_TRUE(wire::read_json(text_of("seen"), [&](wire::JsonValue& root) {
    return root.object([&](std::string_view key, wire::JsonValue& v) {
      if (key == "id") id = v.string().value_or("");
      if (key == "body") body = v.string().value_or("");
      if (key == "in") in = v.string().value_or("");
      if (key == "out") out = v.string().value_or("");
      if (key == "attempt") number = v.integer().value_or(0);
      if (key == "deadline_ms") deadline_ms = v.integer().value_or(0);
      return true;
    });
  })) << text_of("seen");
  EXPECT_EQ(id, "m-1");
  EXPECT_EQ(number, 5);
  EXPECT_EQ(body, "quote \" and\nline");
  EXPECT_EQ(in, "/in/here");
  EXPECT_EQ(out, places_.out);
  EXPECT_EQ(deadline_ms, to_millis(clock_.now() + stage_.deadline));
}

TEST_F(PersistentTest, LargestBodyPassesInOneLine) {
  run_script(R"([ $(wc -l <starts) = 1 ] && head -n 1 | wc -c >size; exit 3)");
  EXPECT_EQ(attempt(std::string(kMaxOutputBytes, '\n')).exit_code, 3);
  EXPECT_GT(std::stoul(text_of("size")), 2 * kMaxOutputBytes) << "each byte of it was escaped";
}

TEST_F(PersistentTest, ProgressIsToldAndIsNoAnswer) {
  run_program(R"(printf '{"progress":0.25}\n{"progress":0.5}\n{"drop":1}\n')");
  EXPECT_EQ(attempt().kind, Kind::kDropped);
  EXPECT_THAT(progress_, ElementsAre(0.25, 0.5));
}

TEST_F(PersistentTest, OutputLargerThanAMessageFailsButTheProgramGoesOn) {
  run_program(R"(if [ -f large ]; then echo '{"body":"small"}'; else echo >large; )"
              R"(printf '{"body":"'; head -c 1048577 /dev/zero | tr '\0' x; printf '"}\n'; fi)");
  const Verdict verdict = attempt();
  EXPECT_EQ(verdict.kind, Kind::kFailed);
  EXPECT_THAT(verdict.cause, HasSubstr("larger than a message may be"));
  EXPECT_EQ(attempt().output, "small");
  EXPECT_EQ(starts(), 1u);
}

TEST_F(PersistentTest, LineWithoutAnEndFailsTheAttempt) {
  run_program("tr '\\0' x </dev/zero");
  const Verdict verdict = attempt();
  EXPECT_EQ(verdict.kind, Kind::kFailed);
  EXPECT_THAT(verdict.cause, HasSubstr("a line of more than"));
}

TEST_F(PersistentTest, DeathAtWorkFailsTheMessageAndStartsTheProgramAgain) {
  run_script(R"(read -r line; if [ $(wc -l <starts) = 1 ]; then echo oh >&2; exit 3; fi; )"
             R"(echo '{"body":"done"}'; read -r line)");
  const Verdict verdict = attempt();
  EXPECT_EQ(verdict.kind, Kind::kFailed);
  EXPECT_EQ(verdict.exit_code, 3);
  EXPECT_EQ(verdict.cause, "exit code 3");
  EXPECT_EQ(verdict.errors, "oh\n");
  EXPECT_EQ(attempt().output, "done");
  EXPECT_EQ(starts(), 2u);
}

TEST_F(PersistentTest, EvenAnOrderlyExitAtWorkIsAFailure) {
  run_script("read -r line; exit 0");
  EXPECT_EQ(attempt().kind, Kind::kFailed);
}

TEST_F(PersistentTest, DeathWhileIdleStartsTheProgramAgainAndTellsOfNoAttempt) {
  run_script(R"([ $(wc -l <starts) = 1 ] && exit 3; read -r line; head -n 1 answer; read -r line)");
  write_answer(kDone);
  run_until_started_again();
  EXPECT_TRUE(verdicts_.empty());
  EXPECT_EQ(attempt().output, "done");
}

TEST_F(PersistentTest, AnswerThatNobodyAskedForStartsTheProgramAgain) {
  run_script(R"([ $(wc -l <starts) = 1 ] && head -n 1 answer; )"
             R"(read -r line; head -n 1 answer; read -r line)");
  write_answer(kDone);
  run_until_started_again();
  EXPECT_TRUE(verdicts_.empty());
  EXPECT_EQ(attempt().output, "done");
}

TEST_F(PersistentTest, HungProgramIsEndedAndStartedAgain) {
  stage_.deadline = kNow;
  run_program("sleep 1000");
  const Verdict verdict = attempt();
  EXPECT_EQ(verdict.kind, Kind::kFailed);
  EXPECT_TRUE(verdict.hung);
  EXPECT_THAT(verdict.cause, HasSubstr("the deadline of"));
  run_until_ready();
}

TEST_F(PersistentTest, AbandonedProgramIsNotReadyUntilItRunsAgain) {
  run_program("echo up >up; sleep 1000");
  run_until_ready();
  feeder_->feed(message_, places_);
  feeder_->abandon();
  EXPECT_FALSE(feeder_->ready());
  EXPECT_EQ(next_verdict().signal, SIGKILL);
  run_until_ready();
}

TEST_F(PersistentTest, ProgramThatCannotBeStartedIsNotReady) {
  stage_.run = {directory_ / "late.sh"};
  make(make_persistent);
  run_until([this] { return ready_changes_ > 0; });
  EXPECT_FALSE(feeder_->ready());
  EXPECT_TRUE(verdicts_.empty());
  std::ofstream(directory_ / "late.sh")
      << "#!/bin/sh\nread -r line\necho '{\"drop\":1}'\nread -r x";
  std::filesystem::permissions(directory_ / "late.sh", std::filesystem::perms::owner_all);
  EXPECT_EQ(attempt().kind, Kind::kDropped);
}

}  // namespace
}  // namespace selvage::runner
