#include "train/datasets/rsvg_hr_list.h"

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

absl::StatusOr<AnnotationSet> Read(const std::string& content) {
  const TemporaryFolder folder;
  return ReadRsvgHrList(folder.Write("made_up.txt", content));
}

TEST(RsvgHrListTest, ReadsPictureBoxAndExpressionOfEachLine) {
  const auto set = Read("a.jpg,1,2.5,30,40.25,find a pond\nb_2.jpg,0.0,0.0,1024.3,7,the harbor\n");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(set->annotations, ElementsAre(Annotation{"a.jpg", {1, 2.5f, 30, 40.25f}, "find a pond", ""},
                                            Annotation{"b_2.jpg", {0, 0, 1024.3f, 7}, "the harbor", ""}));
  EXPECT_THAT(set->flaws, IsEmpty());
}

TEST(RsvgHrListTest, TheExpressionIsEverythingAfterTheFifthComma) {
  const auto set = Read("a.jpg,1,2,3,4,a pond, the small one, on the left\na.jpg,1,2,3,4,3 ships, all white\n");
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_THAT(set->annotations, SizeIs(2));
  EXPECT_EQ(set->annotations[0].expression, "a pond, the small one, on the left");
  EXPECT_EQ(set->annotations[1].expression, "3 ships, all white");
  EXPECT_THAT(set->flaws, IsEmpty());
}

TEST(RsvgHrListTest, PassesOverByteOrderMarkCarriageReturnsAndBlankLines) {
  const auto set = Read(
      "\xEF\xBB\xBF"
      "a.jpg,1,2,3,4, a pond \r\n\r\n  \nb.jpg,1,2,3,4,a ship");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(set->annotations, ElementsAre(Annotation{"a.jpg", {1, 2, 3, 4}, "a pond", ""},
                                            Annotation{"b.jpg", {1, 2, 3, 4}, "a ship", ""}));
}

TEST(RsvgHrListTest, RepairsADecimalCommaThatHasOneReadingAndSaysSo) {
  const auto set = Read("a.jpg,1,2,3,4,a pond\na.jpg,17.0,77.0,21,50,80.2,find a pool, on the left\n");
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_THAT(set->annotations, SizeIs(2));
  EXPECT_EQ(set->annotations[1], (Annotation{"a.jpg", {17, 77, 21.5f, 80.2f}, "find a pool, on the left", ""}));
  ASSERT_THAT(set->flaws, SizeIs(1));
  EXPECT_EQ(set->flaws[0].place, "made_up.txt:2");
  EXPECT_EQ(
      set->flaws[0].description,
      "repaired: five numbers where four belong (17.0,77.0,21,50,80.2), a decimal comma; read as 17,77,21.5,80.2");
  EXPECT_EQ(set->repaired(), 1u);
  EXPECT_EQ(set->skipped(), 0u);
}

TEST(RsvgHrListTest, FindsADecimalCommaInTheLastCoordinateToo) {
  const auto set = Read("a.jpg,17.0,77.0,21.5,80,25,a pool\n");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(set->annotations, ElementsAre(Annotation{"a.jpg", {17, 77, 21.5f, 80.25f}, "a pool", ""}));
}

TEST(RsvgHrListTest, SkipsADecimalCommaWithSeveralReadingsOrNone) {
  const auto set =
      Read("a.jpg,1,2,30,40,50,a pool\na.jpg,1.0,2.0,30.0,40.0,50.0,a pool\na.jpg,50.0,2.0,10,40,41.5,a pool\n");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(set->annotations, IsEmpty());
  ASSERT_THAT(set->flaws, SizeIs(3));
  EXPECT_EQ(set->flaws[0].description,
            "skipped: five numbers where four belong (1,2,30,40,50), and 4 ways to read a decimal comma");
  EXPECT_THAT(set->flaws[1].description, HasSubstr("and 0 ways"));
  EXPECT_THAT(set->flaws[2].description, HasSubstr("and 0 ways"));  // 50.0 is right of 10.40
  EXPECT_EQ(set->skipped(), 3u);
}

TEST(RsvgHrListTest, SkipsBoxesThatAreEmptyOrInsideOutAndExpressionsThatAreNone) {
  const auto set = Read(
      "a.jpg,50,2,10,40,a pond\na.jpg,1,20,30,20,a pond\na.jpg,1,2,3,4,  \na.jpg,1,2,3,4,a ship\n"
      "a.jpg,17.0,77.0,21,50,80.2, \n");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(set->annotations, ElementsAre(Annotation{"a.jpg", {1, 2, 3, 4}, "a ship", ""}));
  ASSERT_THAT(set->flaws, SizeIs(4));
  EXPECT_EQ(set->flaws[0].place, "made_up.txt:1");
  EXPECT_EQ(set->flaws[0].description, "skipped: its box is empty or inside out (50,2,10,40)");
  EXPECT_EQ(set->flaws[1].description, "skipped: its box is empty or inside out (1,20,30,20)");
  EXPECT_EQ(set->flaws[2].description, "skipped: there is no expression");
  EXPECT_EQ(set->flaws[3].description, "skipped: there is no expression");
  EXPECT_EQ(set->repaired(), 0u);
}

TEST(RsvgHrListTest, DescribesTheSetWithEveryFlaw) {
  const auto set =
      Read("a.jpg,1,2,3,4,a pond\na.jpg,1,2,3,4,a ship\na.jpg,17.0,77.0,21,50,80.2,a pool\nb.jpg,5,2,3,4,a pond\n");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(DescribeSet(*set),
            "3 expressions of 1 pictures; 1 repaired, 1 skipped\n"
            "made_up.txt:3: repaired: five numbers where four belong (17.0,77.0,21,50,80.2), a decimal comma; read as "
            "17,77,21.5,80.2\n"
            "made_up.txt:4: skipped: its box is empty or inside out (5,2,3,4)");
}

struct Fault {
  std::string line;
  const char* message;
};

class RsvgHrListFaultTest : public testing::TestWithParam<Fault> {};

TEST_P(RsvgHrListFaultTest, NamesFileAndLine) {
  const auto set = Read("a.jpg,1,2,3,4,a pond\n\n" + GetParam().line + "\n");
  ASSERT_EQ(set.status().code(), absl::StatusCode::kInvalidArgument) << GetParam().line;
  EXPECT_THAT(std::string(set.status().message()), HasSubstr(std::string("made_up.txt:3: ") + GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(Faults, RsvgHrListFaultTest,
                         testing::Values(Fault{"hello", "is not picture,xmin,ymin,xmax,ymax,expression"},
                                         Fault{"a.jpg,1,2,3,4", "is not picture,xmin,ymin,xmax,ymax,expression"},
                                         Fault{"a.jpg,1,2,3,a pond,4", "ymax is not a number: \"a pond\""},
                                         Fault{"a.jpg,,2,3,4,a pond", "xmin is not a number: \"\""},
                                         Fault{"a.jpg,1,nan,3,4,a pond", "ymin is not a number: \"nan\""},
                                         Fault{"a.jpg,1,2,1e99,4,a pond", "xmax is not a number: \"1e99\""},
                                         Fault{" ,1,2,3,4,a pond", "names no picture"}));

TEST(RsvgHrListTest, NamesTheFileThatIsNotThere) {
  const auto set = ReadRsvgHrList("/nonexistent/list.txt");
  EXPECT_EQ(set.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(set.status().message(), "/nonexistent/list.txt: No such file or directory");
}

TEST(RsvgHrListTest, NamesTheFolderThatIsNoFile) {
  const auto set = ReadRsvgHrList("/");
  EXPECT_EQ(set.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(set.status().message(), "/: cannot be read");
}

}  // namespace
}  // namespace lqvg::datasets
