#include "train/scenes/sizes.h"

#include <array>
#include <cstddef>
#include <span>

#include "train/scenes/geometry.h"

namespace lqvg::scenes {
namespace {

struct Range {
  float least, most;
};

struct Looks {
  Range length;  // pixels at 256
  Range aspect;  // width by length
  std::array<Colour, 6> colours;
  int colour_count;
};

using enum Colour;

constexpr std::array<Looks, kKinds> kLooks = {{
    {{18, 66}, {0.86F, 1.04F}, {kWhite, kGray}, 2},
    {{10, 46}, {1, 1}, {kWhite, kGray}, 2},
    {{11, 32}, {0.42F, 0.62F}, {kPlain}, 1},
    {{20, 58}, {0.50F, 0.54F}, {kGreen, kBlue, kRed}, 3},
    {{18, 52}, {0.54F, 0.58F}, {kGreen, kBlue, kRed, kGray}, 4},
    {{32, 84}, {1, 1}, {kPlain}, 1},
    {{42, 104}, {0.48F, 0.58F}, {kPlain}, 1},
    {{13, 78}, {0.18F, 0.30F}, {kWhite, kGray, kBlack, kRed, kBlue}, 5},
    {{54, 108}, {0.42F, 0.62F}, {kPlain}, 1},
    {{26, 66}, {1, 1}, {kPlain}, 1},
    {{14, 66}, {0.42F, 0.95F}, {kWhite, kGray, kBlack, kRed, kBlue, kBrown}, 6},
    {{8, 17}, {0.42F, 0.50F}, {kWhite, kBlack, kRed, kBlue, kYellow, kGray}, 5},
    {{30, 70}, {0.20F, 0.36F}, {kPlain}, 1},
    {{34, 90}, {0.46F, 0.80F}, {kPlain}, 1},
    {{18, 60}, {1, 1}, {kPlain}, 1},
    {{18, 74}, {0.55F, 0.95F}, {kPlain}, 1},
}};

}  // namespace

int WeightOf(Kind kind, Ground ground) {
  const bool has_water = ground == Ground::kCoast || ground == Ground::kRiver;
  const bool is_wild = ground == Ground::kDesert || ground == Ground::kForest;
  switch (kind) {
    case Kind::kShip:
      return ground == Ground::kCoast ? 40 : has_water ? 22 : 0;
    case Kind::kHarbor:
      return ground == Ground::kCoast ? 44 : 0;
    case Kind::kBridge:
      return ground == Ground::kRiver ? 50 : ground == Ground::kCoast ? 0 : 7;
    case Kind::kRoundabout:
      return has_water ? 0 : 17;
    case Kind::kAirplane:
      return ground == Ground::kConcrete ? 26 : 9;
    case Kind::kBaseballField:
      return ground == Ground::kConcrete ? 6 : 13;
    case Kind::kGroundTrackField:
      return 11;
    case Kind::kTennisCourt:
    case Kind::kBasketballCourt:
      return is_wild ? 6 : 12;
    case Kind::kSwimmingPool:
      return ground == Ground::kTown ? 18 : 11;
    case Kind::kWindmill:
      return ground == Ground::kFields || is_wild ? 20 : 9;
    case Kind::kPond:
      return ground == Ground::kConcrete ? 5 : 13;
    case Kind::kParkingLot:
      return 10;
    case Kind::kStorageTank:
      return 14;
    case Kind::kBuilding:
      return 20;
    case Kind::kVehicle:
      return 18;
  }
  return 0;
}

SceneObject MakeObject(Kind kind, float unit, float scale, Random* random) {
  const Looks& looks = kLooks[static_cast<std::size_t>(kind)];
  SceneObject object;
  object.kind = kind;
  object.colour = looks.colours[static_cast<std::size_t>(random->Below(looks.colour_count))];
  object.length = unit * (looks.length.least + (looks.length.most - looks.length.least) * scale);
  object.width = object.length * random->Between(looks.aspect.least, looks.aspect.most);
  // A lorry among the cars.
  if (kind == Kind::kVehicle && scale > 0.6F && random->Chance(0.5F)) {
    object.length *= 1.2F;
    object.width = object.length * 0.3F;
  }
  // A third of what people build stands square to the picture.
  object.angle = random->Between(-kPi, kPi);
  if (random->Chance(0.3F)) {
    object.angle = static_cast<float>(random->Below(4)) * kPi / 2;
    object.angle += random->Between(-0.06F, 0.06F);
  }
  object.style = static_cast<std::uint32_t>(random->Next() >> 32);
  return object;
}

}  // namespace lqvg::scenes
