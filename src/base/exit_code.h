// SPDX-License-Identifier: Apache-2.0
#pragma once
// How the program ends, for scripts: one number per thing that a person would do next.

namespace selvage {

enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,        // something else went wrong; the sentence on stderr says what
  kFile = 2,          // the workflow file has problems: change the file
  kUsage = 64,        // the command line is wrong (EX_USAGE of sysexits.h)
  kUnreachable = 69,  // no broker answers there (EX_UNAVAILABLE)
  kDiskFull = 74,     // free space on the data directory's disk (EX_IOERR)
  kInUse = 75,        // another process has the data directory (EX_TEMPFAIL)
  kPort = 76,         // the address to listen on is taken or not ours
  kVersion = 77,      // the data directory was written by another version
  kCorruption = 78,   // the data directory is damaged
};

}  // namespace selvage
