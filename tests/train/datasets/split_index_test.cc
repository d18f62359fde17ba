#include "train/datasets/split_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/temporary_folder.h"

namespace lqvg::datasets {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

absl::StatusOr<SplitIndex> Read(const std::string& content) {
  const TemporaryFolder folder;
  return SplitIndex::Read(folder.Write("train.txt", content));
}

TEST(SplitIndexTest, HoldsTheNumbersInWhateverOrder) {
  const auto split = Read("7\n0\r\n\n12");
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_THAT(split->indices(), ElementsAre(0, 7, 12));
  EXPECT_TRUE(split->Contains(7));
  EXPECT_FALSE(split->Contains(8));
  EXPECT_THAT(split->flaws(), IsEmpty());
}

TEST(SplitIndexTest, CountsANumberOnceAndReportsTheSecond) {
  const auto split = Read("3\n5\n3\n");
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_THAT(split->indices(), ElementsAre(3, 5));
  ASSERT_THAT(split->flaws(), SizeIs(1));
  EXPECT_EQ(split->flaws()[0].place, "train.txt:3");
  EXPECT_EQ(split->flaws()[0].description, "skipped: 3 is there twice");
}

TEST(SplitIndexTest, RefusesWhatIsNoNumberFromZeroOn) {
  for (const char* line : {"-1", "1.5", "00001.xml", "99999999999999999999"}) {
    const auto split = Read("1\n" + std::string(line) + "\n");
    ASSERT_EQ(split.status().code(), absl::StatusCode::kInvalidArgument) << line;
    EXPECT_THAT(std::string(split.status().message()),
                HasSubstr("train.txt:2: is not an index: \"" + std::string(line)));
  }
  EXPECT_EQ(SplitIndex::Read("/nonexistent").status().code(), absl::StatusCode::kNotFound);
}

TEST(SplitIndexTest, CountsWhatTwoPartsShare) {
  EXPECT_EQ(SharedIndices(*Read("1\n2\n3\n9"), *Read("9\n3\n4")), 2u);
  EXPECT_EQ(SharedIndices(*Read("1"), *Read("")), 0u);
}

}  // namespace
}  // namespace lqvg::datasets
