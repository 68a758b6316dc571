// SPDX-License-Identifier: Apache-2.0
#include "worker/card.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

namespace selvage::worker {
namespace {

const Card kCard{.state = State::kBusy,
                 .since = from_micros(1'700'000'000'000'000),
                 .done = 41,
                 .failed = 2,
                 .died = 1,
                 .busy = Duration(8'200'000),
                 .cpu = Duration(310'000),
                 .memory_kib = 20'480,
                 .runner = 977,
                 .program = 978,
                 .message = "4f5d6a7b-0000-4000-8000-000000000001"};

std::string text_of(const Card& card) {
  const CardLine line = write_line(card);
  return {line.data(), line.size()};
}

class CardTest : public testing::Test {
 protected:
  CardTest() {
    std::string name = testing::TempDir() + "card-XXXXXX";
    directory_ = mkdtemp(name.data());
    path_ = directory_ + "/a-1.card";
  }
  ~CardTest() override { std::filesystem::remove_all(directory_); }
  void write_file(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }

  std::string directory_;
  std::string path_;
};

TEST_F(CardTest, WhatIsWrittenIsRead) {
  EXPECT_EQ(read_line(text_of(kCard)), kCard);
  EXPECT_EQ(read_line(text_of(Card{})), Card{});
  for (const State state : {State::kStarting, State::kIdle, State::kBusy, State::kBackingOff})
    EXPECT_EQ(read_line(text_of({.state = state})), Card{.state = state});
}

TEST_F(CardTest, TheLargestNumbersFit) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const Card card{.state = State::kBackingOff,
                  .since = from_micros(kMost),
                  .done = kMost,
                  .failed = kMost,
                  .died = kMost,
                  .busy = Duration(kMost),
                  .cpu = Duration(kMost),
                  .memory_kib = kMost,
                  .runner = std::numeric_limits<pid_t>::max(),
                  .program = std::numeric_limits<pid_t>::max(),
                  .message = std::string(80, 'x')};
  EXPECT_EQ(read_line(text_of(card)), card);
}

TEST_F(CardTest, AMessageThatIsNoWordIsLeftOut) {
  for (const std::string message : {"two words", "-", "line\nbreak", "\x7f"}) {
    Card card = kCard;
    card.message = message;
    const auto read = read_line(text_of(card));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->message, "");
    EXPECT_EQ(read->done, 41);
  }
  Card card = kCard;
  card.message = std::string(81, 'x');
  EXPECT_EQ(read_line(text_of(card))->message, "");
}

TEST_F(CardTest, AnyChangedByteMakesItUnknown) {
  const std::string whole = text_of(kCard);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string torn = whole;
    torn[at] = torn[at] == '7' ? '8' : '7';
    EXPECT_FALSE(read_line(torn)) << at;
  }
}

TEST_F(CardTest, HalfOfTwoCardsIsUnknown) {
  Card later = kCard;
  later.done = 42;
  later.message = "9b2d6a7b-0000-4000-8000-000000000002";
  const std::string one = text_of(kCard), other = text_of(later);
  int differing = 0;
  for (size_t cut = 0; cut <= one.size(); ++cut) {
    const std::string torn = one.substr(0, cut) + other.substr(cut);
    if (torn == one || torn == other) continue;
    ++differing;
    EXPECT_FALSE(read_line(torn)) << cut;
  }
  EXPECT_GT(differing, 100);
}

TEST_F(CardTest, AForeignFileIsUnknown) {
  EXPECT_FALSE(read_card(path_)) << "there is none";
  for (const std::string& text :
       {std::string(), std::string("hello\n"), std::string(kCardBytes, ' '),
        std::string(kCardBytes, '\0'), text_of(kCard).substr(1), text_of(kCard) + "\n"}) {
    write_file(text);
    EXPECT_FALSE(read_card(path_)) << text;
  }
  write_file(text_of(kCard));
  EXPECT_EQ(read_card(path_), kCard);
}

TEST_F(CardTest, AFileShowsTheLatestCardAndNothingOfALongerOneBefore) {
  write_file(std::string(4 * kCardBytes, 'x'));
  auto file = CardFile::open(path_);
  ASSERT_TRUE(file);
  EXPECT_FALSE(read_card(path_)) << "nothing was shown yet";
  file->show(kCard);
  EXPECT_EQ(read_card(path_), kCard);
  file->show({});
  EXPECT_EQ(read_card(path_), Card{});
  EXPECT_EQ(std::filesystem::file_size(path_), kCardBytes);
}

TEST_F(CardTest, AnUnchangedCardIsNotWrittenAgain) {
  auto file = CardFile::open(path_);
  ASSERT_TRUE(file);
  file->show(kCard);
  write_file("gone");
  file->show(kCard);
  EXPECT_FALSE(read_card(path_));
}

TEST_F(CardTest, WhereNoFileCanBeIsASettingToChange) {
  const auto file = CardFile::open(directory_ + "/nowhere/a-1.card");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::kSettings);
}

TEST_F(CardTest, AReaderBesideAWriterSeesWholeCardsOnly) {
  auto file = CardFile::open(path_);
  ASSERT_TRUE(file);
  const auto card_of = [](int64_t n) {
    return Card{
        .done = n, .failed = 2 * n, .message = std::string(static_cast<size_t>(n % 70), 'm')};
  };
  file->show(card_of(1));
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int64_t n = 2; n < 20'000; ++n) file->show(card_of(n));
    done = true;
  });
  int64_t last = 0;
  while (!done) {
    const auto card = read_card(path_);
    if (!card) continue;  // torn, and said so
    EXPECT_EQ(*card, card_of(card->done));
    EXPECT_GE(card->done, last);
    last = card->done;
  }
  writer.join();
  EXPECT_EQ(read_card(path_), card_of(19'999));
}

}  // namespace
}  // namespace selvage::worker
