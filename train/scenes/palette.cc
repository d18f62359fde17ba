#include "train/scenes/palette.h"

#include <algorithm>
#include <initializer_list>

namespace lqvg::scenes {
namespace {

Colour Pick(std::initializer_list<Colour> colours, Random& random) {
  return colours.begin()[random.Below(static_cast<int>(colours.size()))];
}

bool HasStroke(const Scene& scene, Stroke::Material material) {
  return std::any_of(scene.strokes.begin(), scene.strokes.end(),
                     [material](const Stroke& stroke) { return stroke.material == material; });
}

bool HasKind(const Scene& scene, Kind kind) {
  return std::any_of(scene.objects.begin(), scene.objects.end(),
                     [kind](const SceneObject& object) { return object.kind == kind; });
}

}  // namespace

std::optional<Colour> AnyColourOf(Kind kind, Random& random) {
  using enum Colour;
  switch (kind) {
    case Kind::kAirplane:
      return Pick({kWhite, kGray, kRed}, random);
    case Kind::kStorageTank:
      return Pick({kWhite, kGray, kBrown}, random);
    case Kind::kTennisCourt:
    case Kind::kBasketballCourt:
      return Pick({kGreen, kBlue, kRed}, random);
    case Kind::kShip:
      return Pick({kWhite, kGray, kRed, kBlue, kBlack}, random);
    case Kind::kBuilding:
      return Pick({kWhite, kGray, kRed, kBlue, kBrown, kBlack}, random);
    case Kind::kVehicle:
      return Pick({kWhite, kGray, kRed, kBlue, kBlack, kYellow}, random);
    default:
      return std::nullopt;
  }
}

bool MayBeTakenFor(const Scene& scene, Kind kind) {
  const bool water = HasStroke(scene, Stroke::Material::kWater) || scene.ground == Ground::kRiver;
  switch (kind) {
    case Kind::kBridge:  // a road over a river
      return water;
    case Kind::kPond:  // a lake, too
      return water || scene.ground == Ground::kCoast;
    case Kind::kParkingLot:  // a yard
      return scene.ground == Ground::kTown || scene.ground == Ground::kConcrete;
    case Kind::kVehicle:  // parked
      return HasKind(scene, Kind::kParkingLot);
    case Kind::kShip:  // moored
      return HasKind(scene, Kind::kHarbor);
    default:
      return false;
  }
}

}  // namespace lqvg::scenes
