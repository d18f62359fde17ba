#include "train/scenes/painter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "image/crc32c.h"
#include "train/scenes/layout.h"
#include "train/scenes/object_painters.h"
#include "train/scenes/sizes.h"

namespace lqvg::scenes {
namespace {

std::uint32_t DigestOf(const Image& image) {
  return Crc32c({reinterpret_cast<const char*>(image.rgb.data()), image.rgb.size()});
}

// The box of the pixels that differ; x_min > x_max where none does.
Bounds Difference(const Image& a, const Image& b) {
  Bounds box = {1e9F, 1e9F, -1, -1};
  for (int y = 0; y < a.height; ++y) {
    for (int x = 0; x < a.width; ++x) {
      const std::size_t at =
          (static_cast<std::size_t>(y) * static_cast<std::size_t>(a.width) + static_cast<std::size_t>(x)) * 3;
      if (std::equal(&a.rgb[at], &a.rgb[at] + 3, &b.rgb[at])) continue;
      box.x_min = std::min(box.x_min, static_cast<float>(x));
      box.y_min = std::min(box.y_min, static_cast<float>(y));
      box.x_max = std::max(box.x_max, static_cast<float>(x + 1));
      box.y_max = std::max(box.y_max, static_cast<float>(y + 1));
    }
  }
  return box;
}

Scene EmptyScene(int side) {
  Scene scene;
  scene.width = scene.height = side;
  return scene;
}

// A difference means that every picture ever made of a seed is another now: change the numbers only knowingly.
TEST(PainterTest, ASeedsPictureIsTheSameOnEveryMachine) {
  const std::vector<std::pair<std::uint64_t, std::uint32_t>> digests = {
      {1, 0x5DA73D8DU}, {2, 0xA619829FU}, {3, 0x173D6030U}, {8, 0x9092DFCEU}, {18, 0x1DEEDC8AU}, {19, 0xCD82AC4DU}};
  for (const auto& [seed, digest] : digests) EXPECT_EQ(DigestOf(Paint(LayOut(seed))), digest) << "seed " << seed;
}

TEST(PainterTest, AnObjectsBoundsAreTheBoxOfItsPixels) {
  const PaintOptions alone = {.shadows = false, .clutter = false};
  std::array<int, kKinds> seen = {};
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Scene scene = LayOut(seed);
    scene.noise = scene.blur = scene.haze = 0;
    for (std::size_t i = 0; i < scene.objects.size(); ++i) {
      const SceneObject object = scene.objects[i];
      if (seen[static_cast<std::size_t>(object.kind)]++ >= 3) continue;
      Scene without = scene;
      without.objects.erase(without.objects.begin() + static_cast<std::ptrdiff_t>(i));
      const Bounds box = Difference(Paint(scene, alone), Paint(without, alone));
      const std::string what = std::string(NameOf(object.kind)) + " of seed " + std::to_string(seed);
      EXPECT_NEAR(box.x_min, object.bounds.x_min, 1.5) << what;
      EXPECT_NEAR(box.y_min, object.bounds.y_min, 1.5) << what;
      EXPECT_NEAR(box.x_max, object.bounds.x_max, 1.5) << what;
      EXPECT_NEAR(box.y_max, object.bounds.y_max, 1.5) << what;
    }
  }
  for (int i = 0; i < kKinds; ++i) EXPECT_GE(seen[static_cast<std::size_t>(i)], 3) << NameOf(static_cast<Kind>(i));
}

// The mean over the pixels that the object covers.
std::array<float, 3> MeanOf(const Image& image, const SceneObject& object) {
  Mask mask = {image.width, image.height, {}};
  mask.cover.resize(image.ByteCount() / 3);
  Canvas canvas(&mask);
  PaintObject(object, &canvas);
  std::array<float, 3> sum = {};
  float count = 0;
  for (std::size_t i = 0; i < mask.cover.size(); ++i) {
    if (mask.cover[i] < 255) continue;
    for (std::size_t c = 0; c < 3; ++c) sum[c] += static_cast<float>(image.rgb[i * 3 + c]);
    ++count;
  }
  for (float& mean : sum) mean /= count;
  return sum;
}

float DistanceOf(const std::array<float, 3>& a, Rgb b) {
  const std::array<float, 3> other = {static_cast<float>(b.red), static_cast<float>(b.green),
                                      static_cast<float>(b.blue)};
  float sum = 0;
  for (std::size_t c = 0; c < 3; ++c) sum += (a[c] - other[c]) * (a[c] - other[c]);
  return sum;
}

// In the worst weather an object's mean colour is still nearest to the paint of its own colour's name.
TEST(PainterTest, AColourIsToldFromTheOthersInAnyWeather) {
  Random random(5);
  for (int k = 0; k < kKinds; ++k) {
    for (int i = 0; i < 24; ++i) {
      SceneObject object = MakeObject(static_cast<Kind>(k), 1, 0.4F + 0.6F * random.Unit(), &random);
      if (object.colour == Colour::kPlain) break;
      object.centre_x = object.centre_y = 64;
      Scene scene = EmptyScene(128);
      scene.haze = scene.noise = 1;
      scene.blur = 0.75F;
      scene.objects = {object};
      const std::array<float, 3> mean = MeanOf(Paint(scene), object);
      Colour nearest = Colour::kPlain;
      float least = 1e9F;
      for (int c = 1; c < kColours; ++c) {
        const Rgb paint = Mix(PaintOf(static_cast<Colour>(c), nullptr), {198, 206, 214}, 0.25F);
        if (const float distance = DistanceOf(mean, paint); distance < least) {
          least = distance;
          nearest = static_cast<Colour>(c);
        }
      }
      EXPECT_EQ(NameOf(nearest), NameOf(object.colour))
          << NameOf(object.kind) << " " << i << ": " << mean[0] << " " << mean[1] << " " << mean[2];
    }
  }
}

TEST(PainterTest, PicturesOfAllSizesAreWhole) {
  for (const auto& [width, height] : {std::pair{128, 128}, {200, 131}, {128, 1024}, {1024, 600}}) {
    LayoutOptions options;
    options.width = width;
    options.height = height;
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      const Image image = Paint(LayOut(seed, options));
      EXPECT_EQ(image.width, width);
      EXPECT_EQ(image.height, height);
      ASSERT_EQ(image.rgb.size(), image.ByteCount());
      // The last row is ground like any other, and no black that nobody painted.
      const auto* last = &image.rgb[image.ByteCount() - static_cast<std::size_t>(width) * 3];
      EXPECT_GT(*std::max_element(last, last + static_cast<std::size_t>(width) * 3), 40) << "seed " << seed;
    }
  }
}

TEST(PainterTest, ObjectsPartlyOrWhollyOutsideThePictureAreCutOff) {
  Random random(9);
  Scene scene = EmptyScene(128);
  for (int k = 0; k < kKinds; ++k) {
    for (const float at : {-500.0F, -3.0F, 128.0F, 5000.0F}) {
      SceneObject object = MakeObject(static_cast<Kind>(k), 1, random.Unit(), &random);
      object.centre_x = at;
      object.centre_y = 128 - at / 2;
      scene.objects.push_back(object);
    }
  }
  EXPECT_EQ(Paint(scene).rgb.size(), 128U * 128 * 3);
}

TEST(PainterTest, WeatherChangesThePicture) {
  Scene scene = EmptyScene(128);
  const Image plain = Paint(scene);
  scene.haze = 1;
  EXPECT_LT(Difference(Paint(scene), plain).x_min, 128);
  scene.haze = 0;
  scene.noise = 0.5F;
  EXPECT_LT(Difference(Paint(scene), plain).x_min, 128);
  scene.noise = 0;
  scene.blur = 1;
  EXPECT_LT(Difference(Paint(scene), plain).x_min, 128);
}

}  // namespace
}  // namespace lqvg::scenes
