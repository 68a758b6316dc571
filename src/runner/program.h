// SPDX-License-Identifier: Apache-2.0
#pragma once
// One process of a stage's program with its pipes, its deadline and its end. Knows nothing of
// messages.
//
//            start           deadline               grace over
//    down ─────────▶ running ─────────▶ terminating ──────────▶ killing
//     ▲                 │ │ kill             │ kill                 │
//     │                 │ └──────────────────┴─────────────────────▶│
//     └─────────────────┴── ended ───────────┴── ended ─────────────┘ ended
//
// Whatever the program started is killed when it has ended: nothing outlives it.

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "process/reactor.h"
#include "process/spawn.h"

namespace selvage::runner {

// Not thread-safe: everything happens on the reactor's thread. The caller's process must be a
// subreaper and have no other children.
class Program {
 public:
  static constexpr size_t kErrorTail = 8 << 10;  // bytes of standard error that are kept

  struct Callbacks {
    // Of standard output, as it comes. None: that goes where standard error goes.
    std::function<void(std::string_view bytes)> output;
    // Of standard error, as it comes; may be absent. Its tail is kept in any case.
    std::function<void(std::string_view bytes)> errors = {};
    std::function<void()> ended;  // once; all output came before; the program may be started again
  };

  Program(process::Reactor& reactor, Duration grace) : reactor_(reactor), grace_(grace) {}
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Starts it; pipes are set here, in `request` they are ignored. Failure: spawn()'s.
  Result<void> start(process::SpawnRequest request, Callbacks callbacks);
  bool is_running() const { return state_ != State::kDown; }
  pid_t pid() const { return is_running() ? child_.pid : 0; }  // 0: none runs
  bool has_ended() const;                                      // also when nobody has been told yet

  void write(std::string_view bytes);  // to its standard input; buffered without limit
  void close_input();                  // once all is written
  // From now on it may run for `duration`; then SIGTERM, and after the grace SIGKILL.
  void set_deadline(Duration duration);
  void clear_deadline();
  void terminate() { set_deadline(Duration{0}); }  // SIGTERM soon, SIGKILL after the grace
  void kill();                                     // SIGKILL, now

  // Of the latest run.
  const process::Ended& how() const { return how_; }
  bool was_hung() const { return hung_; }  // ended by its deadline
  // Bytes of what was written to it that it has left unread.
  size_t unread() const { return left_in_pipe_ + unwritten_.size(); }
  const std::string& errors();  // the tail of standard error, up to now
  void clear_errors() { errors_.clear(); }

 private:
  enum class State { kDown, kRunning, kTerminating, kKilling };

  void deadline_passed();
  void grace_over();
  void on_exit();
  void on_output(uint32_t events);
  void on_errors(uint32_t events);
  bool drain_output();  // false at the end of the stream
  bool drain_errors();
  void feed();
  void end_input();
  void keep_errors(std::string_view bytes);
  void drop(process::Fd& fd);

  process::Reactor& reactor_;
  Duration grace_;
  State state_ = State::kDown;
  Callbacks callbacks_;
  process::Child child_;
  process::Fd in_, out_, err_;
  std::string unwritten_;
  size_t left_in_pipe_ = 0;  // when our end of it was closed
  bool close_when_written_ = false;
  bool in_is_watched_ = false;
  process::TimerId timer_ = 0;
  process::Ended how_;
  bool hung_ = false;
  std::string errors_;
};

}  // namespace selvage::runner
