// SPDX-License-Identifier: Apache-2.0
#pragma once
// What failures have in common: two attempts that failed for one reason have one signature,
// whatever the message, the process and the moment were.

#include <string>
#include <string_view>

namespace selvage::incident {

// How an attempt failed, as its evidence tells it.
struct FailedAttempt {
  std::string_view stage;   // empty: of no stage
  int exit_code = 0;        // when its process exited
  int signal = 0;           // when a signal ended it
  bool hung = false;        // ended by its deadline
  std::string_view reason;  // why, where the end of a process does not say it
  std::string_view errors;  // the tail of standard error
};

// "STAGE: HOW: LAST LINE", at most kMaxSignature bytes: how it ended, as "exit 1", "signal 9" or
// "deadline", or else the reason; then the last line of standard error that says something. Numbers
// in reason and line are left out (see without_numbers()). Parts that there are not are left out.
inline constexpr size_t kMaxSignature = 160;
std::string signature_of(const FailedAttempt& attempt);

// `text` with "#" for what differs from one attempt to the next: a run of digits, a word that is a
// hexadecimal number or a UUID, with what belongs to the number (0x, a sign of a date, a dot).
// White space becomes single spaces; bytes that are no text are left out.
std::string without_numbers(std::string_view text);

// The last line that is not blank.
std::string_view last_line(std::string_view text);

// Eight hexadecimal digits that stand for a signature where it is typed by hand.
std::string short_name_of(std::string_view signature);

}  // namespace selvage::incident
