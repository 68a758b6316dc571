// SPDX-License-Identifier: Apache-2.0
// Mode http: a POST for each message, the status decides. The server under test does what a
// message's body says, in Python; it notes each of its starts in the file `starts`.
#include <csignal>
#include <cstdlib>

#include "runner/feeder_fixture.h"

namespace selvage::runner {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using Kind = Verdict::Kind;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kServer = R"(
import http.server, os, signal, sys, time

starts = len(open("starts").readlines())

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answered = False

    def log_message(self, *words):
        pass

    def answer(self, status, body="", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())
        self.wfile.flush()

    def do_GET(self):
        self.answer(200 if self.path == "/ready" and is_ready() else 404)

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        exec(self.body, globals() | {"self": self, "answer": self.answer})

def is_ready():
    return True
)";

class HttpTest : public FeederTest {
 protected:
  ~HttpTest() override { feeder_.reset(); }

  // The server, with `more` of Python between what it consists of and its start.
  void serve(const std::string& more = "") {
    std::ofstream(directory_ / "server.py")
        << kServer << more << "\n"
        << "http.server.HTTPServer((\"127.0.0.1\", int(os.environ[\"PORT\"])), Handler)"
           ".serve_forever()\n";
    make(make_http, "echo started >>starts; exec python3 server.py");
  }
  size_t starts() const {
    const std::string text = text_of("starts");
    return static_cast<size_t>(std::ranges::count(text, '\n'));
  }
};

TEST_F(HttpTest, StatusDecides) {
  struct Case {
    const char* body;
    Kind kind;
    const char* output;
    const char* cause;
  };
  serve();
  for (const Case& c : {
           Case{R"(answer(200, "done\n"))", Kind::kDone, "done\n", ""},
           Case{R"(answer(200))", Kind::kDone, "", ""},
           Case{R"(answer(204))", Kind::kDropped, "", ""},
           Case{R"(answer(429))", Kind::kTryLater, "", "it answered 429 Too Many Requests"},
           Case{R"(answer(503, "busy"))", Kind::kTryLater, "",
                "it answered 503 Service Unavailable: busy"},
           Case{R"(answer(500, "no\ndisk"))", Kind::kFailed, "",
                "it answered 500 Internal Server Error: no disk"},
           Case{R"(answer(404))", Kind::kFailed, "", "it answered 404 Not Found"},
           Case{R"(answer(202))", Kind::kFailed, "", "it answered 202"},
           Case{R"(answer(302, "", Location="/elsewhere"))", Kind::kFailed, "", "it answered 302"},
       }) {
    const Verdict verdict = attempt(c.body);
    EXPECT_EQ(verdict.kind, c.kind) << c.body;
    EXPECT_EQ(verdict.output, c.output) << c.body;
    EXPECT_THAT(verdict.cause, StartsWith(c.cause)) << c.body;
  }
  EXPECT_EQ(starts(), 1u) << "an answer is no reason to start again";
}

TEST_F(HttpTest, RetryAfterIsHonouredUpToALimit) {
  struct Case {
    const char* value;
    std::optional<Duration> delay;
  };
  serve();
  for (const Case& c : {
           Case{"7", seconds(7)},
           Case{"0", seconds(0)},
           Case{"86400", minutes(15)},
           Case{"99999999999999999999999", minutes(15)},
           Case{"-1", std::nullopt},
           Case{"1.5", std::nullopt},
           Case{"Wed, 21 Oct 2026 07:28:00 GMT", std::nullopt},
       }) {
    const Verdict verdict = attempt(std::string("answer(503, '', Retry_After='") + c.value + "')");
    EXPECT_EQ(verdict.kind, Kind::kTryLater) << c.value;
    EXPECT_EQ(verdict.delay, c.delay) << c.value;
  }
}

TEST_F(HttpTest, MessageComesAsABodyWithHeaders) {
  stage_.http.path = "/work?fast=1";
  message_.failed = 4;
  places_.in = "/in/here";
  serve();
  const std::string show =
      "h = self.headers; answer(200, '|'.join([self.path, h['Selvage-Message-Id'], "
      "h['Selvage-Attempt'], str(int(h['Selvage-Deadline-Ms']) > 0), h['Selvage-In'], "
      "h['Selvage-Out'], h['Content-Type'], self.body[-6:]]))";
  EXPECT_EQ(
      attempt(show + "#\u00e9 end").output,
      "/work?fast=1|m-1|5|True|/in/here|" + places_.out + "|text/plain; charset=utf-8|#\u00e9 end");
  places_.in = "";
  EXPECT_EQ(attempt("[answer(200, str(self.headers['Selvage-In']) + self.headers['Content-Type'])]")
                .output,
            "Noneapplication/json");
}

TEST_F(HttpTest, PortIsToldTwice) {
  serve();
  EXPECT_EQ(attempt("answer(200, str(os.environ['PORT'] == os.environ['SELVAGE_PORT']))").output,
            "True");
}

TEST_F(HttpTest, PortOfOurOwnEnvironmentIsNotHandedDown) {
  setenv("PORT", "1", 1);
  serve();
  unsetenv("PORT");
  EXPECT_EQ(attempt("answer(200, str(int(os.environ['PORT']) > 1024))").output, "True");
}

TEST_F(HttpTest, ConnectionMayEndWithEachAnswer) {
  serve("Handler.protocol_version = \"HTTP/1.0\"");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(attempt("answer(200, 'x')").output, "x");
}

TEST_F(HttpTest, AnswerWithoutALengthIsReadToItsEnd) {
  serve();
  EXPECT_EQ(attempt("self.send_response(200); self.end_headers(); self.wfile.write(b'to the end'); "
                    "self.close_connection = True")
                .output,
            "to the end");
  EXPECT_EQ(
      attempt("self.send_response(200); self.send_header('Transfer-Encoding', 'chunked'); "
              "self.end_headers(); self.wfile.write(b'2\\r\\nab\\r\\n1\\r\\nc\\r\\n0\\r\\n\\r\\n')")
          .output,
      "abc");
}

TEST_F(HttpTest, AnswerThatIsTooLargeFailsTheAttempt) {
  serve();
  EXPECT_EQ(attempt("answer(200, 'x' * (1 << 20))").output.size(), kMaxOutputBytes);
  const Verdict larger = attempt("answer(200, 'x' * ((1 << 20) + 1))");
  EXPECT_EQ(larger.kind, Kind::kFailed);
  EXPECT_THAT(larger.cause, HasSubstr("larger than a message may be"));
  const Verdict endless = attempt(
      "self.send_response(200); self.end_headers()\n"
      "while True: self.wfile.write(b'x' * 65536)");
  EXPECT_EQ(endless.kind, Kind::kFailed);
  EXPECT_THAT(endless.cause, HasSubstr("too large"));
  EXPECT_EQ(attempt("answer(200, 'again')").output, "again");
}

TEST_F(HttpTest, EndOfTheProgramIsTheVerdict) {
  serve();
  const Verdict left = attempt("print('a word', file=sys.stderr, flush=True); os._exit(3)");
  EXPECT_EQ(left.kind, Kind::kFailed);
  EXPECT_EQ(left.exit_code, 3);
  EXPECT_EQ(left.errors, "a word\n");
  const Verdict killed = attempt("os.kill(os.getpid(), 9)");
  EXPECT_EQ(killed.kind, Kind::kFailed);
  EXPECT_EQ(killed.signal, SIGKILL);
  EXPECT_FALSE(killed.hung);
  EXPECT_EQ(attempt("answer(200, 'x')").output, "x");
  EXPECT_EQ(starts(), 3u);
}

TEST_F(HttpTest, AnswerThatCameBeforeTheEndCounts) {
  serve();
  EXPECT_EQ(attempt("answer(200, 'last'); os._exit(3)").output, "last");
  run_until([this] { return starts() == 2; });
}

TEST_F(HttpTest, StandardOutputIsEvidenceToo) {
  serve();
  EXPECT_EQ(attempt("print('one', flush=True); print('two', file=sys.stderr, flush=True); "
                    "answer(500)")
                .errors,
            "one\ntwo\n");
}

TEST_F(HttpTest, ProgramThatHangsIsEndedAtItsDeadline) {
  stage_.deadline = milliseconds(100);
  serve();
  const Verdict verdict = attempt("time.sleep(3600)");
  EXPECT_EQ(verdict.kind, Kind::kFailed);
  EXPECT_TRUE(verdict.hung);
  EXPECT_EQ(verdict.signal, SIGTERM);
  EXPECT_THAT(verdict.cause, HasSubstr("the deadline of 100ms passed"));
}

TEST_F(HttpTest, AnswerInTheLastGraceCountsAndTheProgramEnds) {
  stage_.deadline = milliseconds(100);
  serve();
  EXPECT_EQ(
      attempt("signal.signal(signal.SIGTERM, lambda *a: answer(200, 'late')); signal.pause(); "
              "time.sleep(3600)")
          .output,
      "late");
  run_until([this] { return starts() == 2; });
}

TEST_F(HttpTest, BrokenConnectionFailsTheAttemptAndReadinessIsAskedAnew) {
  serve();
  const Verdict verdict = attempt("open('asked', 'w'); self.close_connection = True");
  EXPECT_EQ(verdict.kind, Kind::kFailed);
  EXPECT_THAT(verdict.cause,
              AllOf(StartsWith("it gave no answer: "), HasSubstr("closed the connection")));
  EXPECT_EQ(attempt("answer(200, 'x')").output, "x");
  EXPECT_EQ(starts(), 1u) << "it lives and is ready";
}

TEST_F(HttpTest, ProgramThatStopsListeningIsStartedAgain) {
  stage_.http.start = seconds(1);
  stage_.grace = milliseconds(10);
  serve();
  const Verdict verdict = attempt(
      "import threading; self.server.socket.close(); self.close_connection = True; "
      "threading.Thread(target=time.sleep, args=(3600,)).start()");
  EXPECT_EQ(verdict.kind, Kind::kFailed);
  EXPECT_EQ(attempt("answer(200, 'x')").output, "x");
  EXPECT_GE(starts(), 2u);
}

TEST_F(HttpTest, ProgramThatIsNotReadyInTimeIsStartedAgain) {
  stage_.http.start = seconds(1);
  stage_.grace = milliseconds(10);
  serve("is_ready = lambda: starts > 1");
  EXPECT_EQ(attempt("answer(200, 'x')").output, "x");
  EXPECT_GE(starts(), 2u);
}

TEST_F(HttpTest, ReadinessIsAskedAtItsOwnPath) {
  stage_.http.ready = "/healthz?deep=1";
  serve(
      "Handler.do_GET = lambda self: self.answer(200 if self.path == '/healthz?deep=1' else 404)");
  EXPECT_EQ(attempt("answer(204)").kind, Kind::kDropped);
}

TEST_F(HttpTest, ProgramThatCannotStartIsTriedAgain) {
  make(make_http, "echo started >>starts; exit 1");
  run_until([this] { return starts() >= 3; });
  EXPECT_FALSE(feeder_->ready());
}

TEST_F(HttpTest, AbandonedProgramEndsWithAllItStarted) {
  serve();
  run_until_ready();
  message_.body = "os.system('sleep 3600 & echo >asked; wait')";
  feeder_->feed(message_, places_);
  run_until([this] { return !text_of("asked").empty(); });
  feeder_->abandon();
  EXPECT_EQ(next_verdict().kind, Kind::kFailed);
  EXPECT_EQ(attempt("answer(200, 'x')").output, "x");
}

TEST_F(HttpTest, FinishTerminatesAnIdleProgram) {
  serve("signal.signal(signal.SIGTERM, lambda *a: (open('goodbye', 'w').write('x'), os._exit(0)))");
  run_until_ready();
  bool done = false;
  feeder_->finish([&] { done = true; });
  run_until([&] { return done; });
  EXPECT_EQ(text_of("goodbye"), "x");
  EXPECT_EQ(starts(), 1u);
}

}  // namespace
}  // namespace selvage::runner
