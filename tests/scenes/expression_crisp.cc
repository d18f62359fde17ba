#include "tests/scenes/expression_crisp.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace lqvg::scenes {
namespace {

constexpr double kDegrees = 180 / 3.14159265358979323846;

// Names by which zones and directions are judged: l, r, t, b and pairs of them.
const std::vector<std::string> kLetters = {"l", "r", "t", "b", "lt", "rt", "lb", "rb"};

bool InZone(Zone zone, double x, double y) {
  const auto in_third = [&](char letter) {
    return letter == 'l' ? x < 0.37 : letter == 'r' ? x > 0.64 : letter == 't' ? y < 0.37 : y > 0.64;
  };
  switch (zone) {
    case Zone::kFarLeft:
      return x < 0.19;
    case Zone::kFarRight:
      return x > 0.815;
    case Zone::kFarTop:
      return y < 0.19;
    case Zone::kFarBottom:
      return y > 0.815;
    case Zone::kMiddle:
      return x > 0.37 && x < 0.64 && y > 0.37 && y < 0.64;
    default:
      break;
  }
  const std::string& letters = kLetters[static_cast<std::size_t>(zone)];
  return std::all_of(letters.begin(), letters.end(), in_third);
}

double Gap(const Bounds& a, const Bounds& b) {
  const double dx = std::max({0.0F, a.x_min - b.x_max, b.x_min - a.x_max});
  const double dy = std::max({0.0F, a.y_min - b.y_max, b.y_min - a.y_max});
  return std::hypot(dx, dy);
}

// From b to a, in degrees anticlockwise from the right, 0..360.
double Bearing(const Bounds& a, const Bounds& b) {
  const double angle = std::atan2(b.CentreY() - a.CentreY(), a.CentreX() - b.CentreX()) * kDegrees;
  return angle < 0 ? angle + 360 : angle;
}

bool Beside(RelationWord word, const Bounds& a, const Bounds& b) {
  if (word == RelationWord::kNear) return Gap(a, b) < 130;
  constexpr double kTowards[kDirections] = {180, 0, 90, 270, 135, 45, 225, 315};
  const double off = std::fabs(Bearing(a, b) - kTowards[static_cast<int>(word)]);
  // As wide as both readings: eight sectors or the half plane.
  const double most = static_cast<int>(word) < 4 ? 45 : 25;
  return std::min(off, 360 - off) < most;
}

bool Between(const Bounds& o, const Bounds& a, const Bounds& b) {
  const double length = std::hypot(b.CentreX() - a.CentreX(), b.CentreY() - a.CentreY());
  const double ux = (b.CentreX() - a.CentreX()) / length, uy = (b.CentreY() - a.CentreY()) / length;
  const double along = (o.CentreX() - a.CentreX()) * ux + (o.CentreY() - a.CentreY()) * uy;
  const double across = std::fabs((o.CentreX() - a.CentreX()) * uy - (o.CentreY() - a.CentreY()) * ux);
  return along > 0.2 * length && along < 0.8 * length && across < 0.3 * length;
}

bool Surrounded(const Bounds& o, const std::vector<Bounds>& around) {
  std::vector<double> bearings;
  for (const Bounds& b : around) {
    if (Gap(o, b) < 240) bearings.push_back(Bearing(b, o));
  }
  if (bearings.size() < 3) return false;
  std::sort(bearings.begin(), bearings.end());
  bearings.push_back(bearings.front() + 360);
  for (std::size_t i = 1; i < bearings.size(); ++i) {
    if (bearings[i] - bearings[i - 1] > 175) return false;
  }
  return true;
}

std::vector<int> MeantBy(const Scene& scene, const Query& query, int object) {
  std::vector<int> meant;
  for (int i = 0; i < static_cast<int>(scene.objects.size()); ++i) {
    if (i != object && CrisplyHolds(scene, query, i)) meant.push_back(i);
  }
  return meant;
}

bool Related(const Scene& scene, const Relation& relation, int object) {
  const auto box = [&](int i) { return scene.objects[static_cast<std::size_t>(i)].bounds; };
  const std::vector<int> first = MeantBy(scene, relation.landmarks.front().query, object);
  const std::vector<int> second = MeantBy(scene, relation.landmarks.back().query, object);
  if (relation.word == RelationWord::kSurroundedBy) {
    std::vector<Bounds> around;
    for (const int i : first) around.push_back(box(i));
    return Surrounded(box(object), around);
  }
  return std::any_of(first.begin(), first.end(), [&](int a) {
    if (relation.word != RelationWord::kBetween) return Beside(relation.word, box(object), box(a));
    return std::any_of(second.begin(), second.end(),
                       [&](int b) { return a != b && Between(box(object), box(a), box(b)); });
  });
}

double From(Side side, const Bounds& b) {
  double distance = 0;
  for (const char letter : kLetters[static_cast<std::size_t>(side)]) {
    distance += letter == 'l' ? b.CentreX() : letter == 'r' ? -b.CentreX() : letter == 't' ? b.CentreY() : -b.CentreY();
  }
  return distance;
}

// Whether it has its place among those of which `query` says the rest.
bool Ordered(const Scene& scene, const Query& query, int object) {
  if (!query.size && !query.ordinal) return true;
  Query group = query;
  group.size.reset();
  group.ordinal.reset();
  if (!query.order_among_related) group.relations.clear();
  const auto of = [&](int i) -> const SceneObject& { return scene.objects[static_cast<std::size_t>(i)]; };
  const auto area = [&](int i) { return of(i).length * of(i).width; };
  int before = 0, larger = 0, smaller = 0;
  for (const int other : MeantBy(scene, group, object)) {
    larger += area(other) > area(object) ? 1 : 0;
    smaller += area(other) < area(object) ? 1 : 0;
    if (query.ordinal && From(query.ordinal->from, of(other).bounds) < From(query.ordinal->from, of(object).bounds)) {
      ++before;
    }
  }
  if (query.ordinal && before != query.ordinal->rank - 1) return false;
  if (!query.size) return true;
  return *query.size == SizeWord::kLargest || *query.size == SizeWord::kLarger ? larger == 0 : smaller == 0;
}

}  // namespace

bool CrisplyHolds(const Scene& scene, const Query& query, int object) {
  const SceneObject& self = scene.objects[static_cast<std::size_t>(object)];
  if (self.kind != query.kind) return false;
  if (query.colour && *query.colour != self.colour) return false;
  if (query.zone && !InZone(*query.zone, self.bounds.CentreX() / 1000, self.bounds.CentreY() / 1000)) return false;
  const bool related = std::all_of(query.relations.begin(), query.relations.end(),
                                   [&](const Relation& relation) { return Related(scene, relation, object); });
  return related && Ordered(scene, query, object);
}

}  // namespace lqvg::scenes
