// SPDX-License-Identifier: Apache-2.0
// Selvage.Backup, as far as the protocol goes; the copying is of app.
#include "sqs/api_fixture.h"

namespace selvage::sqs {
namespace {

using testing::HasSubstr;

class BackupActionTest : public ApiTest {
 protected:
  Answer back_up() { return ours("Backup", R"({"Directory":"/srv/copy"})"); }
};

TEST_F(BackupActionTest, SaysWhatIsInTheCopy) {
  create("a");
  create("b");
  send_body("a", "visible");
  send_body("b", "leased");
  take("b");
  EXPECT_EQ(back_up().body, R"({"Directory":"/srv/copy","Queues":2,"Messages":2,"Bytes":4096})");
  EXPECT_EQ(backend_.backed_up, std::vector<std::string>{"/srv/copy"});
}

TEST_F(BackupActionTest, NeedsADirectory) {
  EXPECT_EQ(ours("Backup", "{}").error(), "MissingRequiredParameterException");
  EXPECT_EQ(ours("Backup", R"({"Directory":""})").error(), "MissingRequiredParameterException");
  EXPECT_EQ(ours("Backup", R"({"Directory":1})").error(), "SerializationException");
  EXPECT_TRUE(backend_.backed_up.empty());
}

TEST_F(BackupActionTest, ADirectoryThatCannotBeUsedIsTheCallersMistake) {
  backend_.backup = failure(ErrorCode::kSettings, "there is something already");
  const Answer answer = back_up();
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.error(), "InvalidParameterValueException");
  EXPECT_THAT(answer["message"], HasSubstr("there is something already"));
}

TEST_F(BackupActionTest, EverythingElseIsAConflictWithItsSentence) {
  for (const ErrorCode code : {ErrorCode::kDiskFull, ErrorCode::kInUse, ErrorCode::kGiveUp}) {
    backend_.backup = failure(code, "the disk has no room");
    const Answer answer = back_up();
    EXPECT_EQ(answer.status, 409);
    EXPECT_EQ(answer.error(), "BackupFailed");
    EXPECT_EQ(answer["message"], "the disk has no room");
  }
}

TEST_F(BackupActionTest, TheMessagesAreCountedBeforeTheCopyBegins) {
  create("q");
  backend_.holds_answers = true;
  EXPECT_EQ(back_up().status, 0);
  EXPECT_TRUE(backend_.backed_up.empty());
  backend_.answer_held();
  EXPECT_EQ(answer().status, 200);
}

}  // namespace
}  // namespace selvage::sqs
