#include "train/scenes/relations.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lqvg::scenes {
namespace {

// Annotators of RSVG-HR use eight directions, so "left of" is a sector of 45 degrees to them; in plain English it is up
// to the half plane. Yes is where both agree, no where both deny it. As tangents of the angle to the axis:
constexpr float kStraightYes = 0.45F, kStraightNo = 2.75F;  // 24 and 70 degrees
constexpr float kDiagonalYes = 0.55F, kDiagonalNo = 0.18F;  // from 29 to 61 degrees; beyond 10 to 80
constexpr float kDirectionReach = 0.45F;                    // people name a landmark that is not at the other end
constexpr float kNearYes = 0.07F, kNearNo = 0.20F;
constexpr float kBetweenReach = 0.7F;
constexpr float kAroundYes = 0.18F, kAroundNo = 0.35F;
constexpr float kWayOutYes = 150, kWayOutNo = 200;  // degrees

bool Overlap(const Bounds& a, const Bounds& b) {
  return a.x_min < b.x_max && b.x_min < a.x_max && a.y_min < b.y_max && b.y_min < a.y_max;
}

// How far the object lies in the direction along each axis: (-1, 0) is left.
constexpr int kAlong[kDirections][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}, {-1, -1}, {1, -1}, {-1, 1}, {1, 1}};

Truth Directed(RelationWord word, const Bounds& object, const Bounds& landmark, float side) {
  const auto& along = kAlong[static_cast<int>(word)];
  const float dx = object.CentreX() - landmark.CentreX(), dy = object.CentreY() - landmark.CentreY();
  Truth truth = Truth::kNo;
  if (along[0] != 0 && along[1] != 0) {
    const float u = dx * static_cast<float>(along[0]), v = dy * static_cast<float>(along[1]);
    if (u <= 0 || v <= 0) return Truth::kNo;
    truth = AtLeast(std::min(u, v) / std::max(u, v), kDiagonalYes, kDiagonalNo);
  } else {
    const float u = dx * static_cast<float>(along[0]) + dy * static_cast<float>(along[1]);
    const float v = std::abs(along[0] != 0 ? dy : dx);
    if (u <= 0) return Truth::kNo;
    truth = AtMost(v / u, kStraightYes, kStraightNo);
  }
  const bool clear = !Overlap(object, landmark) && GapOf(object, landmark) <= kDirectionReach * side;
  return And(truth, clear ? Truth::kYes : Truth::kBorderline);
}

// The widest angle, in degrees, in which none of the landmarks within `reach` is seen; 360 if there are fewer than
// three.
float WidestWayOut(const Bounds& object, const std::vector<Bounds>& landmarks, float reach) {
  std::vector<float> angles;
  for (const Bounds& landmark : landmarks) {
    if (GapOf(object, landmark) > reach) continue;
    angles.push_back(std::atan2(landmark.CentreY() - object.CentreY(), landmark.CentreX() - object.CentreX()) *
                     (180 / std::numbers::pi_v<float>));
  }
  if (angles.size() < 3) return 360;
  std::sort(angles.begin(), angles.end());
  float widest = angles.front() + 360 - angles.back();
  for (std::size_t i = 1; i < angles.size(); ++i) widest = std::max(widest, angles[i] - angles[i - 1]);
  return widest;
}

}  // namespace

float GapOf(const Bounds& a, const Bounds& b) {
  const float dx = std::max({0.0F, a.x_min - b.x_max, b.x_min - a.x_max});
  const float dy = std::max({0.0F, a.y_min - b.y_max, b.y_min - a.y_max});
  return std::sqrt(dx * dx + dy * dy);
}

Truth Holds(RelationWord word, const Bounds& object, const Bounds& landmark, float side) {
  if (word != RelationWord::kNear) return Directed(word, object, landmark, side);
  // A car in a parking lot is not near it, nor is it anywhere else.
  if (Overlap(object, landmark)) return Truth::kBorderline;
  return AtMost(GapOf(object, landmark), kNearYes * side, kNearNo * side);
}

Truth IsBetween(const Bounds& object, const Bounds& a, const Bounds& b, float side) {
  const float bx = b.CentreX() - a.CentreX(), by = b.CentreY() - a.CentreY();
  const float ox = object.CentreX() - a.CentreX(), oy = object.CentreY() - a.CentreY();
  const float length_squared = bx * bx + by * by;
  if (length_squared < 1) return Truth::kBorderline;
  const float along = (ox * bx + oy * by) / length_squared;           // 0 at a, 1 at b
  const float across = std::abs(ox * by - oy * bx) / length_squared;  // in lengths from a to b
  const Truth truth = And(AtMost(std::abs(along - 0.5F), 0.2F, 0.4F), AtMost(across, 0.2F, 0.45F));
  const bool clear =
      !Overlap(object, a) && !Overlap(object, b) && length_squared <= std::pow(kBetweenReach * side, 2.0F);
  return And(truth, clear ? Truth::kYes : Truth::kBorderline);
}

Truth IsSurrounded(const Bounds& object, const std::vector<Bounds>& clear, const std::vector<Bounds>& doubtful,
                   float side) {
  if (WidestWayOut(object, clear, kAroundYes * side) <= kWayOutYes) return Truth::kYes;
  std::vector<Bounds> all = clear;
  all.insert(all.end(), doubtful.begin(), doubtful.end());
  return WidestWayOut(object, all, kAroundNo * side) >= kWayOutNo ? Truth::kNo : Truth::kBorderline;
}

}  // namespace lqvg::scenes
