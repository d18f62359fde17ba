#include "client/cli/draw_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/draw.h"
#include "image/image_decoder.h"
#include "image/png_writer.h"
#include "tests/support/temporary_folder.h"

namespace lqvg::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string Text(const std::vector<std::uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

std::string BlackPng() { return Text(*EncodePng({100, 80, std::vector<std::uint8_t>(100 * 80 * 3)})); }

v1::GroundResponse OneBoxOfTheSecondExpression() {
  v1::GroundResponse response;
  response.add_results();
  v1::Box* box = response.add_results()->add_boxes();
  box->set_x_min(20);
  box->set_y_min(30);
  box->set_x_max(70);
  box->set_y_max(60);
  return response;
}

TEST(DrawingPaths, OfASinglePictureIsTheNameGiven) {
  EXPECT_THAT(*DrawingPaths("out.png", {"a.jpg"}), ElementsAre("out.png"));
}

TEST(DrawingPaths, TakeThePicturesNameForBraces) {
  EXPECT_THAT(*DrawingPaths("boxes-{}.png", {"x/a.b.jpg", "-"}), ElementsAre("boxes-a.b.png", "boxes-stdin.png"));
}

TEST(DrawingPaths, LieInAFolderUnderThePicturesNames) {
  const TemporaryFolder folder;
  EXPECT_THAT(*DrawingPaths(folder.Path("."), {"x/a.jpg", "b.tif"}),
              ElementsAre(folder.Path("./a.png"), folder.Path("./b.png")));
}

TEST(DrawingPaths, NeverWriteOneDrawingOverAnother) {
  for (const char* out : {"out.png", "{}.png"}) {
    EXPECT_THAT(std::string(DrawingPaths(out, {"x/a.jpg", "y/a.jpg"}).status().message()), HasSubstr("twice")) << out;
  }
}

TEST(DrawingPaths, NeedTheirFolder) {
  EXPECT_EQ(DrawingPaths("missing/out.png", {"a.jpg"}).status().message(), "--draw: there is no folder missing");
}

TEST(DrawResult, WritesThePictureWithABoxInItsExpressionsColour) {
  const TemporaryFolder folder;
  ASSERT_TRUE(DrawResult(BlackPng(), OneBoxOfTheSecondExpression(), folder.Path("out.png")).ok());
  const std::string png = folder.Read("out.png");
  const auto drawn = DecodeImage({reinterpret_cast<const std::uint8_t*>(png.data()), png.size()}, {});
  ASSERT_TRUE(drawn.ok());
  EXPECT_EQ(drawn->image.width, 100);
  const auto pixel = [&](std::size_t x, std::size_t y) {
    const std::uint8_t* at = &drawn->image.rgb[(y * 100 + x) * 3];
    return RgbColour{at[0], at[1], at[2]};
  };
  EXPECT_EQ(pixel(20, 45), DistinctColour(1));
  EXPECT_EQ(pixel(45, 45), (RgbColour{0, 0, 0}));
}

TEST(DrawResult, LeavesNothingBehindWhereItCannotWrite) {
  const TemporaryFolder folder;
  const std::string path = folder.Path("missing/out.png");
  EXPECT_THAT(std::string(DrawResult(BlackPng(), {}, path).message()),
              StartsWith(path + ".partial: cannot be created"));
}

TEST(DrawResult, ReportsAPictureThatDoesNotDecodeHere) {
  const TemporaryFolder folder;
  EXPECT_FALSE(DrawResult("not a picture", {}, folder.Path("out.png")).ok());
  EXPECT_EQ(folder.Read("out.png"), "");
}

}  // namespace
}  // namespace lqvg::cli
