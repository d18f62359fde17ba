#include "train/scenes/layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <set>
#include <utility>

#include "gtest/gtest.h"
#include "train/scenes/object_painters.h"
#include "train/scenes/terrain.h"

namespace lqvg::scenes {
namespace {

constexpr int kSeeds = 500;

std::array<int, kKinds> CountKinds(const Scene& scene) {
  std::array<int, kKinds> counts = {};
  for (const SceneObject& object : scene.objects) ++counts[static_cast<std::size_t>(object.kind)];
  return counts;
}

TEST(LayoutTest, ASeedGivesTheSameSceneAgain) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Scene a = LayOut(seed);
    const Scene b = LayOut(seed);
    ASSERT_EQ(a.objects.size(), b.objects.size());
    for (std::size_t i = 0; i < a.objects.size(); ++i) {
      EXPECT_EQ(a.objects[i].kind, b.objects[i].kind);
      EXPECT_EQ(a.objects[i].centre_x, b.objects[i].centre_x);
      EXPECT_EQ(a.objects[i].style, b.objects[i].style);
    }
  }
}

TEST(LayoutTest, ObjectsLieInsideThePictureAndApartFromOneAnother) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Scene scene = LayOut(seed);
    for (std::size_t i = 0; i < scene.objects.size(); ++i) {
      const Bounds& a = scene.objects[i].bounds;
      EXPECT_TRUE(a.x_min >= 0 && a.y_min >= 0 && a.x_max <= 256 && a.y_max <= 256) << "seed " << seed;
      for (std::size_t j = 0; j < i; ++j) {
        const Bounds& b = scene.objects[j].bounds;
        const float apart =
            std::max(std::max(a.x_min - b.x_max, b.x_min - a.x_max), std::max(a.y_min - b.y_max, b.y_min - a.y_max));
        EXPECT_GE(apart, 3) << "seed " << seed << ", objects " << j << " and " << i;
      }
    }
  }
}

TEST(LayoutTest, BoundsAreThoseOfWhatIsPainted) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    for (const SceneObject& object : LayOut(seed).objects) {
      const Bounds measured = MeasureObject(object);
      EXPECT_NEAR(object.bounds.x_min, measured.x_min, 1e-3) << "seed " << seed << ", " << NameOf(object.kind);
      EXPECT_NEAR(object.bounds.y_max, measured.y_max, 1e-3) << "seed " << seed << ", " << NameOf(object.kind);
    }
  }
}

TEST(LayoutTest, EveryKindAndEveryColourIsMetWithinAFewHundredSeeds) {
  std::array<int, kKinds> kinds = {};
  std::array<int, kColours> colours = {};
  std::array<int, kGrounds> grounds = {};
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Scene scene = LayOut(seed);
    ++grounds[static_cast<std::size_t>(scene.ground)];
    for (const SceneObject& object : scene.objects) {
      ++kinds[static_cast<std::size_t>(object.kind)];
      ++colours[static_cast<std::size_t>(object.colour)];
    }
  }
  for (int i = 0; i < kKinds; ++i) EXPECT_GE(kinds[static_cast<std::size_t>(i)], 30) << NameOf(static_cast<Kind>(i));
  for (int i = 0; i < kColours; ++i) {
    EXPECT_GE(colours[static_cast<std::size_t>(i)], 30) << NameOf(static_cast<Colour>(i));
  }
  for (int i = 0; i < kGrounds; ++i) EXPECT_GE(grounds[static_cast<std::size_t>(i)], 15) << "ground " << i;
}

TEST(LayoutTest, AColourIsNamedOfTheKindsWhoseColourPeopleMention) {
  const std::set<Kind> coloured = {Kind::kAirplane, Kind::kStorageTank, Kind::kTennisCourt, Kind::kBasketballCourt,
                                   Kind::kShip,     Kind::kBuilding,    Kind::kVehicle};
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    for (const SceneObject& object : LayOut(seed).objects) {
      EXPECT_EQ(object.colour != Colour::kPlain, coloured.contains(object.kind)) << NameOf(object.kind);
    }
  }
}

TEST(LayoutTest, NineOfTenScenesHoldSeveralOfOneKind) {
  int repeated = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const std::array<int, kKinds> counts = CountKinds(LayOut(seed));
    if (*std::max_element(counts.begin(), counts.end()) > 1) ++repeated;
  }
  EXPECT_GE(repeated, kSeeds * 9 / 10);
}

TEST(LayoutTest, AsManyObjectsAsAskedFor) {
  LayoutOptions options;
  options.min_objects = 4;
  options.max_objects = 6;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const std::size_t count = LayOut(seed, options).objects.size();
    EXPECT_GE(count, 4U) << "seed " << seed;
    EXPECT_LE(count, 6U) << "seed " << seed;
  }
}

TEST(LayoutTest, ShipsLieInWaterAndHousesOnLand) {
  int ships = 0, houses = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Scene scene = LayOut(seed);
    for (const SceneObject& object : scene.objects) {
      if (object.kind != Kind::kShip && object.kind != Kind::kBuilding) continue;
      const bool is_ship = object.kind == Kind::kShip;
      ++(is_ship ? ships : houses);
      EXPECT_EQ(IsWater(scene, {object.centre_x, object.centre_y}), is_ship) << "seed " << seed;
    }
  }
  EXPECT_GT(ships, 20);
  EXPECT_GT(houses, 20);
}

TEST(LayoutTest, ObjectsGrowWithTheShorterSide) {
  const auto mean_size = [](int width, int height) {
    LayoutOptions options;
    options.width = width;
    options.height = height;
    float sum = 0;
    int count = 0;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
      for (const SceneObject& object : LayOut(seed, options).objects) {
        EXPECT_LE(object.bounds.x_max, static_cast<float>(width));
        EXPECT_LE(object.bounds.y_max, static_cast<float>(height));
        sum += std::sqrt(object.bounds.Area()) / static_cast<float>(std::min(width, height));
        ++count;
      }
    }
    return sum / static_cast<float>(count);
  };
  const float usual = mean_size(256, 256);
  for (const auto& [width, height] : {std::pair{128, 128}, {512, 300}, {128, 1024}, {1024, 1024}}) {
    EXPECT_NEAR(mean_size(width, height) / usual, 1, 0.2) << width << " x " << height;
  }
}

}  // namespace
}  // namespace lqvg::scenes
