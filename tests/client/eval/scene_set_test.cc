#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <span>
#include <string>

#include "client/eval/data_set.h"
#include "image/image_decoder.h"

namespace lqvg::eval {
namespace {

constexpr int kScenes = 60;
const std::vector<load::SizeShare> kSizes = {{.width = 160, .height = 128}, {.width = 128, .height = 192}};

std::vector<std::string> Described(const DataSet& data) {
  std::vector<std::string> described;
  for (const cli::ListItem& item : data.items) described.push_back(cli::MakeLine(item).DebugString());
  return described;
}

std::set<std::string> Images(const DataSet& data) {
  std::set<std::string> images;
  for (const cli::ListItem& item : data.items) images.insert(item.image);
  return images;
}

TEST(SceneSet, IsTheSameForTheSameArgumentsAndAnotherForAnotherSeed) {
  const DataSet one = MakeSceneSet(5, 1, kSizes), again = MakeSceneSet(5, 1, kSizes),
                other = MakeSceneSet(5, 2, kSizes);
  EXPECT_EQ(Described(one), Described(again));
  EXPECT_NE(Described(one), Described(other));
  for (const std::string& image : Images(one)) EXPECT_EQ(*one.pictures(image), *again.pictures(image));
}

// Whoever asks for more gets the same ones first, so that a run can be made longer.
TEST(SceneSet, BeginsWithAnySmallerOne) {
  const std::vector<std::string> few = Described(MakeSceneSet(3, 1, kSizes));
  std::vector<std::string> many = Described(MakeSceneSet(6, 1, kSizes));
  ASSERT_GT(many.size(), few.size());
  many.resize(few.size());
  EXPECT_EQ(few, many);
}

TEST(SceneSet, HasPicturesWithItsTrueBoxesInThem) {
  const DataSet data = MakeSceneSet(8, 1, kSizes);
  std::map<std::string, Image> decoded;
  for (const std::string& image : Images(data)) {
    const auto bytes = data.pictures(image);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    const auto picture =
        DecodeImage(std::span(reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()), {});
    ASSERT_TRUE(picture.ok()) << picture.status();
    decoded[image] = picture->image;
  }
  EXPECT_EQ(decoded.size(), 8u);
  std::set<int> widths;
  for (const auto& [name, image] : decoded) widths.insert(image.width);
  EXPECT_THAT(widths, testing::ElementsAre(128, 160));
  for (const cli::ListItem& item : data.items) {
    if (item.absent) continue;
    EXPECT_TRUE(0 <= item.truth->x_min() && item.truth->x_min() < item.truth->x_max() &&
                item.truth->x_max() <= decoded[item.image].width)
        << item.expression;
    EXPECT_TRUE(0 <= item.truth->y_min() && item.truth->y_min() < item.truth->y_max() &&
                item.truth->y_max() <= decoded[item.image].height)
        << item.expression;
  }
}

TEST(SceneSet, AsksForAQuarterOfThingsThatAreNotThere) {
  const DataSet data = MakeSceneSet(kScenes, 1, kSizes);
  std::size_t absent = 0;
  std::map<std::string, int> of_picture;
  for (const cli::ListItem& item : data.items) {
    EXPECT_NE(item.absent, item.truth.has_value());
    EXPECT_NE(item.kind, "");
    absent += item.absent;
    EXPECT_LE(++of_picture[item.image], 4);
  }
  EXPECT_NEAR(static_cast<double>(absent) / static_cast<double>(data.items.size()), 0.25, 0.1);
}

TEST(SceneSet, HasNoOtherPictures) {
  EXPECT_EQ(MakeSceneSet(1, 1, kSizes).pictures("seed1-00001.png").status().code(), absl::StatusCode::kNotFound);
}

TEST(SceneSet, SaysWhatItIs) { EXPECT_EQ(MakeSceneSet(2, 7, kSizes).name, "2 scenes of 160 x 128, 128 x 192, seed 7"); }

}  // namespace
}  // namespace lqvg::eval
