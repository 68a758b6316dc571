// SPDX-License-Identifier: Apache-2.0
#include "app/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/send.h"
#include "app/serve.h"
#include "app/status.h"
#include "app/work.h"

namespace selvage::app {
namespace {

TEST(ExitCodes, EachKindOfErrorHasItsOwn) {
  struct Row {
    ErrorCode error;
    ExitCode exit;
  };
  for (const auto& [error, exit] : {
           Row{ErrorCode::kRetry, ExitCode::kUnreachable},
           Row{ErrorCode::kGiveUp, ExitCode::kFailed},
           Row{ErrorCode::kSettings, ExitCode::kUsage},
           Row{ErrorCode::kInUse, ExitCode::kInUse},
           Row{ErrorCode::kVersion, ExitCode::kVersion},
           Row{ErrorCode::kDiskFull, ExitCode::kDiskFull},
           Row{ErrorCode::kCorruption, ExitCode::kCorruption},
       })
    EXPECT_EQ(exit_code_of(error), exit);
}

TEST(ExitCodes, ReportedErrorIsSaidInOneLine) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(report({ErrorCode::kDiskFull, "no space left on /data"}), ExitCode::kDiskFull);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::HasSubstr("no space left on /data\n"));
}

TEST(Serve, NobodyElsesAddressIsListenedOn) {
  for (const char* address : {"0.0.0.0:0", "example.org:0", "10.1.2.3:0", "[::]:0"})
    EXPECT_EQ(serve({.listen = address, .durability = Durability::kMemory}), ExitCode::kUsage)
        << address;
}

TEST(Serve, AddressThatIsNoneIsAUsageError) {
  EXPECT_EQ(serve({.listen = "nonsense", .durability = Durability::kMemory}), ExitCode::kUsage);
}

TEST(Work, FileThatIsNotThereIsAFileError) {
  EXPECT_EQ(up({.file = "/no/such/file.yaml"}), ExitCode::kFile);
  EXPECT_EQ(supervise({.file = "/no/such/file.yaml", .data = "d", .broker = "127.0.0.1:1"}),
            ExitCode::kFile);
  EXPECT_EQ(print_status({.file = "/no/such/file.yaml"}), ExitCode::kFile);
}

TEST(Send, BrokerThatIsNotThereIsUnreachable) {
  EXPECT_EQ(send({.at = {.broker = "127.0.0.1:1"}, .queue = "q", .message = {.body = "b"}}),
            ExitCode::kUnreachable);
}

}  // namespace
}  // namespace selvage::app
