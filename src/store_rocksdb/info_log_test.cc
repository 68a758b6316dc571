// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/info_log.h"

#include "store_rocksdb/scratch.h"

namespace selvage::store_rocksdb {
namespace {

TEST(InfoLog, ContinuesTheOneBefore) {
  const Scratch scratch;
  fs::create_directory(scratch / "queues");
  rocksdb::Log(open_info_log(scratch / "queues"), "the first of %d", 2);
  rocksdb::Log(open_info_log(scratch / "queues"), "the second\n");
  const std::string log = read_file(scratch / "queues/LOG");
  EXPECT_NE(log.find(" the first of 2\n"), std::string::npos) << log;
  EXPECT_TRUE(log.ends_with(" the second\n")) << log;
}

TEST(InfoLog, IsLimited) {
  const Scratch scratch;
  fs::create_directory(scratch / "queues");
  const auto log = open_info_log(scratch / "queues");
  const std::string text(1000, 'x');
  for (int i = 0; i < 3 * kInfoLogBytes / 1000; ++i) rocksdb::Log(log, "%s", text.c_str());
  EXPECT_LE(fs::file_size(scratch / "queues/LOG"), static_cast<uintmax_t>(kInfoLogBytes));
  EXPECT_LE(fs::file_size(scratch / "queues/LOG.old"), static_cast<uintmax_t>(kInfoLogBytes));
  EXPECT_EQ(everything_in(scratch / "queues").size(), 2u);
}

TEST(InfoLog, CutsALineThatIsTooLong) {
  const Scratch scratch;
  fs::create_directory(scratch / "queues");
  rocksdb::Log(open_info_log(scratch / "queues"), "%s", std::string(100'000, 'x').c_str());
  EXPECT_LT(fs::file_size(scratch / "queues/LOG"), 5000u);
}

TEST(InfoLog, DropsWhatItCannotWrite) {
  const Scratch scratch;
  rocksdb::Log(open_info_log(scratch / "missing"), "unheard");
  EXPECT_FALSE(fs::exists(scratch / "missing"));
}

}  // namespace
}  // namespace selvage::store_rocksdb
