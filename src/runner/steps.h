// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a runner does next, decided from where it stands. Pure: runner.cc asks after every event and
// does what comes out, so no order of events can lead it astray.

#include <cstddef>

namespace selvage::runner {

struct Situation {
  bool joined = false;   // the session is open
  bool joining = false;  // a try to open it is under way or waits for its time
  bool polling = false;  // a receive is under way or waits for its time
  bool busy = false;     // the program has a message
  bool ready = false;    // the program can be given one
  bool settled = true;   // no result is on its way to the broker
  bool draining = false;
  size_t in_hand = 0;  // messages received and not yet given to the program
  size_t batch = 1;    // messages to take at a time; 1: never more than the program works on
};

struct Steps {
  bool join = false;       // open or resume the session
  bool poll = false;       // receive
  bool start = false;      // give the program the first message in hand
  bool give_back = false;  // return every message in hand
  bool leave = false;      // close the session and end

  bool operator==(const Steps&) const = default;
};

//  joined  draining │ join   poll                        start               give back  leave
//  no      any      │ if not joining   -                 -                   -          -  (see
//  below) yes     no       │ -      ready, not polling, room    ready, not busy,    -          -
//                   │                                    in hand
//  yes     yes      │ -      -                           -                   in hand    nothing
//  left
//
// A runner that drains without a session and with nothing to settle leaves at once.
inline Steps decide(const Situation& s) {
  const bool nothing_left = !s.busy && s.settled && s.in_hand == 0;
  if (s.draining && nothing_left) return {.leave = true};
  if (!s.joined) return {.join = !s.joining};
  if (s.draining) return {.give_back = s.in_hand > 0};
  const bool room = s.batch > 1 ? s.in_hand <= s.batch / 2 : s.in_hand == 0 && !s.busy;
  return {.poll = s.ready && !s.polling && room, .start = s.ready && !s.busy && s.in_hand > 0};
}

}  // namespace selvage::runner
