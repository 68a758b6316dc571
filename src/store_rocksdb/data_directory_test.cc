// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/data_directory.h"

#include <unistd.h>

#include "store_rocksdb/scratch.h"

namespace selvage::store_rocksdb {
namespace {

class DataDirectories : public ::testing::Test {
 protected:
  DataDirectories() { fs::create_directory(directory_); }

  void create() { ASSERT_TRUE(DataDirectory::open(directory_).value().mark_created()); }

  // Opening must fail with this, and leave every byte as it was.
  void expect_untouched(ErrorCode code, const std::string& message) {
    const auto before = everything_in(directory_);
    const auto opened = DataDirectory::open(directory_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, code);
    EXPECT_EQ(opened.error().message, message);
    EXPECT_EQ(everything_in(directory_), before);
  }

  Scratch scratch_;
  const std::string directory_ = scratch_ / "data";
  const std::string foreign_ = directory_ +
                               " is not a Selvage data directory and is not empty: choose another "
                               "--data directory";
};

TEST_F(DataDirectories, AMissingOneIsCreatedWithItsParentsForItsOwnerOnly) {
  const std::string deep = scratch_ / "var/lib/selvage/";
  ASSERT_TRUE(DataDirectory::open(deep).value().is_new());
  EXPECT_EQ(fs::status(deep).permissions(), fs::perms::owner_all);
}

TEST_F(DataDirectories, AnEmptyOneIsTaken) {
  create();
  EXPECT_EQ(read_file(directory_ + "/FORMAT"), "selvage-data 4\n");
  EXPECT_FALSE(DataDirectory::open(directory_).value().is_new());
}

TEST_F(DataDirectories, WhatTheRuntimeAndTheFileSystemKeepThereIsNotForeign) {
  for (const char* name : {"run", "work", "artifacts", "lost+found"})
    fs::create_directory(directory_ + "/" + name);
  write_file(directory_ + "/supervisor.lock", "17\n");
  create();
}

TEST_F(DataDirectories, AForeignOneIsNotTouched) {
  write_file(directory_ + "/thesis.tex", "three years");
  expect_untouched(ErrorCode::kVersion, foreign_);
}

TEST_F(DataDirectories, QueuesWithoutAFormatAreForeign) {
  fs::create_directory(directory_ + "/queues");
  expect_untouched(ErrorCode::kVersion, foreign_);
}

TEST_F(DataDirectories, AFormatOfSomethingElseIsForeign) {
  for (const char* text :
       {"", "1", "selvage-data", "selvage-data \n", "selvage-data one\n", "selvage-data 1 \n",
        "selvage-data 1", "\x7f ELF", "selvage-data 99999999999999999999999\n"}) {
    write_file(directory_ + "/FORMAT", text);
    expect_untouched(ErrorCode::kVersion, foreign_);
  }
}

TEST_F(DataDirectories, OneOfAnotherVersionIsNotTouched) {
  fs::create_directory(directory_ + "/queues");
  for (const char* version : {"0", "3", "5", "10"}) {
    write_file(directory_ + "/FORMAT", std::string("selvage-data ") + version + "\n");
    expect_untouched(ErrorCode::kVersion,
                     directory_ + " was written by format " + version +
                         " of Selvage; this program reads format 4: use the matching program or "
                         "another --data directory");
  }
}

TEST_F(DataDirectories, ACreationThatWasCutShortGoesOn) {
  (void)DataDirectory::open(directory_).value();
  fs::create_directory(directory_ + "/queues");
  write_file(directory_ + "/queues/MANIFEST-000001", "half");
  EXPECT_TRUE(DataDirectory::open(directory_).value().is_new());
  create();
  EXPECT_FALSE(DataDirectory::open(directory_).value().is_new());
}

TEST_F(DataDirectories, ACreationThatWasCutShortInItsMarkBeginsAnew) {
  write_file(directory_ + "/FORMAT.new", "selv");
  create();
  EXPECT_EQ(read_file(directory_ + "/FORMAT"), "selvage-data 4\n");
}

TEST_F(DataDirectories, AFileIsNotADirectory) {
  const std::string file = scratch_ / "file";
  write_file(file, "");
  for (const std::string& path : {file, file + "/below"}) {
    const auto opened = DataDirectory::open(path);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kSettings);
    EXPECT_NE(opened.error().message.find(file), std::string::npos) << opened.error().message;
  }
}

TEST_F(DataDirectories, AnOpenOneIsInUseAndNamesItsHolder) {
  create();
  std::optional<DataDirectory> holder = DataDirectory::open(directory_).value();
  expect_untouched(ErrorCode::kInUse, directory_ + " is open in another process (pid " +
                                          std::to_string(::getpid()) + "): stop that one first");
  holder.reset();
  EXPECT_TRUE(DataDirectory::open(directory_));
}

TEST_F(DataDirectories, ALockFileOfADeadHolderMeansNothing) {
  create();
  write_file(directory_ + "/broker.lock", "4194304\nand more\n");
  const auto opened = DataDirectory::open(directory_);
  ASSERT_TRUE(opened);
  EXPECT_EQ(read_file(directory_ + "/broker.lock"), std::to_string(::getpid()) + "\n");
}

TEST_F(DataDirectories, OneThatWeMayNotWriteIsAMatterOfSettings) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  fs::permissions(directory_, fs::perms::owner_read | fs::perms::owner_exec);
  const auto opened = DataDirectory::open(directory_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kSettings);
  fs::permissions(directory_, fs::perms::owner_all);
}

}  // namespace
}  // namespace selvage::store_rocksdb
