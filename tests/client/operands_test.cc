#include "client/cli/operands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace lqvg::cli {
namespace {

using testing::ElementsAre;

absl::StatusOr<Operands> Sort(std::vector<Argument> arguments) { return SortOperands(Arguments(std::move(arguments))); }

std::string ErrorOf(std::vector<Argument> arguments) {
  return std::string(Sort(std::move(arguments)).status().message());
}

TEST(Operands, AreAPictureWhereAFileExistsAndAnExpressionElsewhere) {
  const TemporaryFolder folder;
  const std::string picture = folder.Write("no suffix", "x");
  const auto sorted = Sort({{"", "the red roof"}, {"", picture}, {"", "a ship"}});
  ASSERT_TRUE(sorted.ok());
  EXPECT_THAT(sorted->images, ElementsAre(picture));
  EXPECT_THAT(sorted->expressions, ElementsAre("the red roof", "a ship"));
}

TEST(Operands, AreWhatTheirOptionsSay) {
  const TemporaryFolder folder;
  const std::string file = folder.Write("ship", "x");
  const auto sorted = Sort({{"--expression", file}, {"--image", file}, {"--expression", "map.png"}});
  ASSERT_TRUE(sorted.ok());
  EXPECT_THAT(sorted->images, ElementsAre(file));
  EXPECT_THAT(sorted->expressions, ElementsAre(file, "map.png"));
}

TEST(Operands, LeaveEmptyAndOverlongExpressionsToTheServer) {
  const std::string overlong(10'000, 'a');
  const auto sorted = Sort({{"", "-"}, {"", ""}, {"", overlong}});
  ASSERT_TRUE(sorted.ok());
  EXPECT_THAT(sorted->expressions, ElementsAre("", overlong));
}

TEST(Operands, TakeOneDashAsStandardInput) {
  EXPECT_THAT(Sort({{"", "-"}, {"", "a ship"}})->images, ElementsAre("-"));
  EXPECT_EQ(ErrorOf({{"", "-"}, {"--image", "-"}, {"", "a ship"}}), "standard input can be only one of the pictures");
}

TEST(Operands, NameAPictureThatDoesNotExist) {
  EXPECT_EQ(ErrorOf({{"", "missing/harbour.TIFF"}, {"", "a ship"}}), "no such file: missing/harbour.TIFF");
  EXPECT_EQ(ErrorOf({{"--image", "a ship"}, {"", "a ship"}}), "no such file: a ship");
}

TEST(Operands, DoNotTakeAFolderForAPicture) {
  const TemporaryFolder folder;
  EXPECT_EQ(ErrorOf({{"", folder.Path(".")}, {"", "a ship"}}),
            folder.Path(".") + " is a folder; name its files, or use -e if it is an expression");
}

TEST(Operands, MustHoldAPictureAndAnExpression) {
  EXPECT_EQ(ErrorOf({{"", "a ship"}}), "no picture given: none of the arguments is an existing file");
  EXPECT_EQ(ErrorOf({{"", "-"}}), "no expression given: say what to find");
}

}  // namespace
}  // namespace lqvg::cli
