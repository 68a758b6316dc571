// SPDX-License-Identifier: Apache-2.0
#include "incident/signature.h"

#include <gtest/gtest.h>

namespace selvage::incident {
namespace {

TEST(Signature, WhatDiffersFromOneAttemptToTheNextIsLeftOut) {
  struct Row {
    const char* line;
    const char* plain;
  };
  for (const auto& [line, plain] : {
           Row{"", ""},
           Row{"cannot open", "cannot open"},
           Row{"cannot open 17", "cannot open #"},
           Row{"line 4, column 12", "line #, column #"},
           Row{"-5 is below 0", "-# is below #"},
           Row{"1.25e9 bytes", "#e# bytes"},
           Row{"12,345,678 rows", "# rows"},
           Row{"3.14", "#"},
           Row{"2026-11-22 10:03:07.123", "# #"},
           Row{"2026-11-22T10:03:07Z: late", "#T#Z: late"},
           Row{"10.0.0.17:8080 refused", "# refused"},
           Row{"at 0x7ffd3a2b", "at #"},
           Row{"at 0XAB", "at #"},
           Row{"0xnothing", "#xnothing"},
           Row{"commit 9f86d081884c7d65", "commit #"},
           Row{"id 4bf92f3577b34da6a3ce929d0e0e4736.", "id #."},
           Row{"dead beef, faded facade", "dead beef, faded facade"},
           Row{"code e4", "code e#"},
           Row{"job 6f1c1b3e-8a0d-4c3e-9f1d-0123456789ab failed", "job # failed"},
           Row{"6F1C1B3E-8A0D-4C3E-9F1D-0123456789AB", "#"},
           Row{"/tmp/work.4711/part-3", "/tmp/work.#/part-#"},
           Row{"/proc/4711/maps", "/proc/#/maps"},
           Row{"worker shrink-12 (pid 99)", "worker shrink-# (pid #)"},
           Row{"utf8 and sha256", "utf# and sha#"},
           Row{"  much \t space \r", "much space"},
           Row{"caf\xC3\xA9 7", "caf\xC3\xA9 #"},
           Row{"bytes \xFF\xFE\x01\x7F end", "bytes end"},
           Row{"größe 12", "größe #"},
           Row{"1", "#"},
           Row{"1-", "#-"},
           Row{"a-1-b-2", "a-#-b-#"},
       })
    EXPECT_EQ(without_numbers(line), plain) << line;
}

TEST(Signature, TwoThatDifferInNumbersOnlyAreOne) {
  EXPECT_EQ(without_numbers("user 12 of 3f2a9b1c not found after 1.5 s"),
            without_numbers("user 9871 of 77aa0012de not found after 12.25 s"));
  EXPECT_NE(without_numbers("user 12 not found"), without_numbers("file 12 not found"));
}

TEST(Signature, LastLineIsTheLastThatSaysSomething) {
  struct Row {
    const char* text;
    const char* line;
  };
  for (const auto& [text, line] : {
           Row{"", ""},
           Row{"\n \t\n", ""},
           Row{"one", "one"},
           Row{"one\n", "one"},
           Row{"one\ntwo", "two"},
           Row{"one\ntwo\n\n  \n", "two"},
           Row{"\none", "one"},
       })
    EXPECT_EQ(last_line(text), line) << text;
}

TEST(Signature, SaysStageEndAndLastLine) {
  struct Row {
    FailedAttempt attempt;
    const char* signature;
  };
  const FailedAttempt none;
  for (const auto& [attempt, signature] : {
           Row{none, ""},
           Row{{.stage = "a", .exit_code = 1, .reason = {}, .errors = "x\nno file 7\n"},
               "a: exit 1: no file #"},
           Row{{.stage = "a", .exit_code = 3, .reason = {}, .errors = {}}, "a: exit 3"},
           Row{{.stage = "a", .signal = 11, .reason = {}, .errors = {}}, "a: signal 11"},
           Row{{.stage = "a", .signal = 15, .hung = true, .reason = "", .errors = "step 3"},
               "a: deadline: step #"},
           Row{{.stage = "a", .signal = 9, .reason = "out of memory (512 MiB)", .errors = {}},
               "a: out of memory (# MiB)"},
           Row{{.stage = "a", .reason = "it ended well, but wrote no output for b", .errors = {}},
               "a: it ended well, but wrote no output for b"},
           Row{{.stage = {}, .reason = "lease ran out", .errors = {}}, "lease ran out"},
           Row{{.stage = "shrink-2", .exit_code = 1, .reason = {}, .errors = {}},
               "shrink-2: exit 1"},
       })
    EXPECT_EQ(signature_of(attempt), signature);
}

TEST(Signature, IsBoundedAndEndsBetweenCharacters) {
  const std::string long_line = "a" + std::string(2 * kMaxSignature, 'x');
  EXPECT_EQ(signature_of({.stage = "s", .reason = {}, .errors = long_line}).size(), kMaxSignature);
  std::string umlauts = "x";
  for (size_t i = 0; i < kMaxSignature; ++i) umlauts += "ä";
  const std::string cut = signature_of({.stage = {}, .reason = {}, .errors = umlauts});
  EXPECT_EQ(cut.size(), kMaxSignature - 1);
  EXPECT_TRUE(cut.ends_with("ä"));
}

TEST(Signature, ItsShortNameIsTheSameForEver) {
  EXPECT_EQ(short_name_of("a: exit 1: no file #"), short_name_of("a: exit 1: no file #"));
  EXPECT_EQ(short_name_of(""), "811c9dc5");
  EXPECT_EQ(short_name_of("a"), "e40c292c");
  EXPECT_NE(short_name_of("a: exit 1"), short_name_of("a: exit 2"));
}

}  // namespace
}  // namespace selvage::incident
