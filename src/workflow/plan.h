// SPDX-License-Identifier: Apache-2.0
#pragma once
// A checked workflow: what the file says with every default filled in. Whoever runs a stage reads
// this and never the file. The defaults stand here and nowhere else.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace selvage::workflow {

enum class Mode {
  kOneshot,     // one process per message: body on stdin, output on stdout
  kPersistent,  // one process per worker: a JSON line in, a JSON line out
  kHttp,        // one server per worker: a POST for each message
  kSdk,         // one process per worker, which polls the queue itself
};

struct Workers {
  int min = 1;    // always running
  int max = 8;    // never more, the spare not counted
  int spare = 1;  // the "+ 1": runs and pulls work like the others
};

struct Target {
  Duration drain = std::chrono::seconds(30);  // how soon a backlog should be gone
  Duration age = std::chrono::seconds(10);    // how long a message should wait at most
};

struct Retry {
  int attempts = 5;  // failed attempts until the dead letters
  int deaths = 5;    // the same for those that their worker did not survive
  Duration backoff_min =
      std::chrono::milliseconds(200);  // before the second redo; the first is at once
  Duration backoff_max = std::chrono::seconds(30);
};

// Of mode http.
struct Http {
  std::string path = "/";                     // what each message is posted to
  std::string ready = "/ready";               // answers 2xx once messages may come
  Duration start = std::chrono::seconds(30);  // until when it must
};

struct Stage {
  std::string name;
  std::string from;              // queue
  std::string to;                // queue; empty: the output ends here
  std::vector<std::string> run;  // argv; argv[0] is an absolute path once checked
  Mode mode = Mode::kOneshot;
  int batch = 10;  // persistent: messages taken from the queue at a time, 1..10
  Http http;
  Workers workers;
  Target target;
  Retry retry;
  Duration deadline = std::chrono::seconds(60);  // of one attempt
  Duration expect{0};   // how long an attempt takes, until it has been measured; zero: not said
  int max_backlog = 0;  // the stage pauses while more messages wait in `to`; 0: no such limit
  Duration grace = std::chrono::seconds(5);  // between SIGTERM and SIGKILL
  std::map<std::string, std::string> env;    // added to the program's environment
  std::string dead;  // dead-letter queue; default: FROM-dead, after the queue read
};

// What all workers together may use of this host before a stage gets more than min + spare.
struct Budget {
  int cpu_percent = 100;
  int memory_percent = 100;
};

struct Plan {
  std::string name;
  Budget budget;
  std::string file;       // absolute path of the workflow file
  std::string directory;  // where it lies: relative programs and the working directory of programs
  std::vector<Stage> stages;

  const Stage* find(std::string_view stage) const;
  // Every queue the workflow uses, dead-letter queues last, each once.
  std::vector<std::string> queues() const;
};

}  // namespace selvage::workflow
