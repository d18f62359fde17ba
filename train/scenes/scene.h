// A made-up aerial picture as what is in it: the ground, and objects with known places, sizes and colours.
//
// Plain data, std only. A scene says what there is; painter.h makes the picture of it and solver.h answers expressions
// about it, so picture and answers cannot disagree.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace lqvg::scenes {

// What an expression may ask for, by the names of RSVG-HR and DIOR-RSVG. The order is part of every seed's meaning:
// append only.
enum class Kind : std::uint8_t {
  kAirplane,
  kStorageTank,
  kSwimmingPool,
  kTennisCourt,
  kBasketballCourt,
  kBaseballField,
  kGroundTrackField,
  kShip,
  kHarbor,
  kRoundabout,
  kBuilding,
  kVehicle,
  kBridge,
  kParkingLot,
  kWindmill,
  kPond,
};
inline constexpr int kKinds = 16;

// Colours as people call them. kPlain: a kind whose colour nobody mentions (a harbour, a parking lot).
enum class Colour : std::uint8_t { kPlain, kWhite, kGray, kBlack, kRed, kBlue, kGreen, kYellow, kBrown };
inline constexpr int kColours = 9;

std::string_view NameOf(Kind kind);      // "storage tank", as an expression spells it
std::string_view NameOf(Colour colour);  // "white"; kPlain: ""

// A rectangle in picture pixels; (0, 0) is the top left corner of the top left pixel.
struct Bounds {
  float x_min = 0, y_min = 0, x_max = 0, y_max = 0;
  float CentreX() const { return (x_min + x_max) / 2; }
  float CentreY() const { return (y_min + y_max) / 2; }
  float Area() const { return (x_max - x_min) * (y_max - y_min); }
};

struct SceneObject {
  Kind kind = Kind::kBuilding;
  Colour colour = Colour::kPlain;
  float centre_x = 0, centre_y = 0;  // pixels
  float length = 0, width = 0;       // pixels, along and across its own axis
  float angle = 0;                   // radians, of its axis from the x axis towards the y axis (clockwise as seen)
  std::uint32_t style = 0;           // chooses among the looks of its kind
  Bounds bounds;                     // the upright box around it, its shadow not counted: the answer
};

// What covers the ground away from the objects.
enum class Ground : std::uint8_t { kGrass, kFields, kDesert, kTown, kForest, kConcrete, kCoast, kRiver };
inline constexpr int kGrounds = 8;

// A road, a river or a shoreline: a line through the picture, drawn below the objects.
struct Stroke {
  enum class Material : std::uint8_t { kAsphalt, kDirt, kWater };
  Material material = Material::kAsphalt;
  std::vector<std::array<float, 2>> points;  // pixels, at least two
  float width = 0;                           // pixels
};

struct Scene {
  std::uint64_t seed = 0;
  int width = 0, height = 0;  // pixels
  Ground ground = Ground::kGrass;
  float shore = 0;              // kCoast: the part of the picture that is water, 0..1
  float shore_angle = 0;        // kCoast: where the water lies as seen from the picture's centre, radians
  float sun_angle = 0;          // where shadows fall, radians
  float haze = 0, noise = 0;    // 0..1 each: how washed out and how grainy the picture is
  float blur = 0;               // standard deviation, pixels
  std::vector<Stroke> strokes;  // in the order in which they are drawn
  std::vector<SceneObject> objects;
};

}  // namespace lqvg::scenes
