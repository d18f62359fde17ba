#include "train/scenes/solver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/scenes/expression_scenes.h"

namespace lqvg::scenes {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using enum Kind;
using enum Colour;

Landmark One(Article article, Kind kind) { return {article, QueryOf(kind)}; }

Query Related(Kind kind, RelationWord word, std::vector<Landmark> landmarks) {
  Query query = QueryOf(kind);
  query.relations = {{word, std::move(landmarks)}};
  return query;
}

Query Sized(Kind kind, SizeWord size) {
  Query query = QueryOf(kind);
  query.size = size;
  return query;
}

Query Ranked(Kind kind, int rank, Side from) {
  Query query = QueryOf(kind);
  query.ordinal = Ordinal{rank, from};
  return query;
}

TEST(Solver, KnowsKinds) {
  const Scene scene = SceneOf({ObjectAt(kShip, kRed, 100, 100), ObjectAt(kPond, kPlain, 500, 500)});
  EXPECT_THAT(Solve(scene, QueryOf(kShip)).clear, ElementsAre(0));
  EXPECT_TRUE(Solve(scene, QueryOf(kBridge)).IsEmpty());
}

TEST(Solver, KnowsColours) {
  const Scene scene = SceneOf({ObjectAt(kShip, kRed, 100, 100), ObjectAt(kShip, kWhite, 500, 500)});
  Query query = QueryOf(kShip);
  query.colour = kWhite;
  EXPECT_THAT(Solve(scene, query).clear, ElementsAre(1));
}

TEST(Solver, DoubtsTheColourOfWhatHasNone) {
  const Scene scene = SceneOf({ObjectAt(kHarbor, kPlain, 100, 100)});
  Query query = QueryOf(kHarbor);
  query.colour = kGray;
  EXPECT_THAT(Solve(scene, query).clear, IsEmpty());
  EXPECT_THAT(Solve(scene, query).borderline, ElementsAre(0));
}

TEST(Solver, KnowsZones) {
  const Scene scene =
      SceneOf({ObjectAt(kShip, kRed, 200, 200), ObjectAt(kShip, kRed, 500, 500), ObjectAt(kShip, kRed, 370, 200)});
  Query query = QueryOf(kShip);
  query.zone = Zone::kUpperLeft;
  EXPECT_THAT(Solve(scene, query).clear, ElementsAre(0));
  EXPECT_THAT(Solve(scene, query).borderline, ElementsAre(2));
}

TEST(Solver, DoubtsWhichCarIsMeantWhereSomeArePainted) {
  const Scene scene = SceneOf({ObjectAt(kVehicle, kRed, 200, 200), ObjectAt(kParkingLot, kPlain, 800, 800, 100, 100),
                               ObjectAt(kHarbor, kPlain, 500, 100, 100, 100)});
  EXPECT_THAT(Solve(scene, QueryOf(kVehicle)).borderline, ElementsAre(1));
  Query query = QueryOf(kVehicle);
  query.zone = Zone::kUpperLeft;
  EXPECT_TRUE(Solve(scene, query).IsUnique());
  EXPECT_THAT(Solve(scene, QueryOf(kShip)).borderline, ElementsAre(2));
}

TEST(Solver, KnowsSizes) {
  const Scene scene = SceneOf({ObjectAt(kShip, kRed, 100, 100, 20, 20), ObjectAt(kShip, kRed, 300, 300, 30, 20),
                               ObjectAt(kShip, kRed, 600, 600, 60, 20), ObjectAt(kPond, kPlain, 800, 800, 99, 99)});
  EXPECT_THAT(Solve(scene, Sized(kShip, SizeWord::kLargest)).clear, ElementsAre(2));
  EXPECT_THAT(Solve(scene, Sized(kShip, SizeWord::kSmallest)).clear, ElementsAre(0));
}

TEST(Solver, DoubtsSizesThatAreAlmostTheSame) {
  const Scene scene = SceneOf({ObjectAt(kShip, kRed, 100, 100, 20, 20), ObjectAt(kShip, kRed, 300, 300, 22, 20)});
  EXPECT_THAT(Solve(scene, Sized(kShip, SizeWord::kLargest)).clear, IsEmpty());
  EXPECT_THAT(Solve(scene, Sized(kShip, SizeWord::kLargest)).borderline, ElementsAre(0, 1));
}

TEST(Solver, TakesLargerAndSmallerOfTwoOnly) {
  std::vector<SceneObject> two = {ObjectAt(kShip, kRed, 100, 100, 20, 20), ObjectAt(kShip, kRed, 300, 300, 40, 20)};
  EXPECT_THAT(Solve(SceneOf(two), Sized(kShip, SizeWord::kLarger)).clear, ElementsAre(1));
  EXPECT_THAT(Solve(SceneOf(two), Sized(kShip, SizeWord::kSmaller)).clear, ElementsAre(0));
  two.push_back(ObjectAt(kShip, kRed, 600, 600, 80, 20));
  EXPECT_THAT(Solve(SceneOf(two), Sized(kShip, SizeWord::kLarger)).clear, IsEmpty());
}

TEST(Solver, ComparesSizesAmongTheZoneAndColourNamed) {
  const Scene scene = SceneOf({ObjectAt(kShip, kRed, 150, 150, 20, 20), ObjectAt(kShip, kRed, 250, 250, 40, 20),
                               ObjectAt(kShip, kRed, 800, 800, 90, 20), ObjectAt(kShip, kBlue, 150, 250, 90, 20)});
  Query query = Sized(kShip, SizeWord::kLargest);
  query.colour = kRed;
  query.zone = Zone::kUpperLeft;
  EXPECT_THAT(Solve(scene, query).clear, ElementsAre(1));
}

TEST(Solver, CountsFromEachSide) {
  // In the shape of a Y on its side, no two level with one another.
  const Scene scene = SceneOf({ObjectAt(kShip, kRed, 200, 300), ObjectAt(kShip, kRed, 450, 560),
                               ObjectAt(kShip, kRed, 800, 900), ObjectAt(kPond, kPlain, 10, 10)});
  EXPECT_THAT(Solve(scene, Ranked(kShip, 1, Side::kLeft)).clear, ElementsAre(0));
  EXPECT_THAT(Solve(scene, Ranked(kShip, 2, Side::kLeft)).clear, ElementsAre(1));
  EXPECT_THAT(Solve(scene, Ranked(kShip, 1, Side::kRight)).clear, ElementsAre(2));
  EXPECT_THAT(Solve(scene, Ranked(kShip, 1, Side::kTop)).clear, ElementsAre(0));
  EXPECT_THAT(Solve(scene, Ranked(kShip, 3, Side::kTop)).clear, ElementsAre(2));
  EXPECT_THAT(Solve(scene, Ranked(kShip, 1, Side::kBottom)).clear, ElementsAre(2));
  EXPECT_THAT(Solve(scene, Ranked(kShip, 2, Side::kUpperLeft)).clear, ElementsAre(1));
  EXPECT_THAT(Solve(scene, Ranked(kShip, 1, Side::kLowerRight)).clear, ElementsAre(2));
  EXPECT_TRUE(Solve(scene, Ranked(kShip, 4, Side::kLeft)).IsEmpty());
}

TEST(Solver, CountsFromTheOtherCornersToo) {
  const Scene scene =
      SceneOf({ObjectAt(kShip, kRed, 800, 200), ObjectAt(kShip, kRed, 500, 480), ObjectAt(kShip, kRed, 200, 800)});
  EXPECT_THAT(Solve(scene, Ranked(kShip, 1, Side::kUpperRight)).clear, ElementsAre(0));
  EXPECT_THAT(Solve(scene, Ranked(kShip, 1, Side::kLowerLeft)).clear, ElementsAre(2));
}

TEST(Solver, DoubtsTheOrderOfWhatIsLevel) {
  const Scene scene =
      SceneOf({ObjectAt(kShip, kRed, 200, 100), ObjectAt(kShip, kRed, 210, 500), ObjectAt(kShip, kRed, 600, 300)});
  EXPECT_THAT(Solve(scene, Ranked(kShip, 1, Side::kLeft)).borderline, ElementsAre(0, 1));
  EXPECT_THAT(Solve(scene, Ranked(kShip, 3, Side::kLeft)).clear, ElementsAre(2));
}

struct Direction {
  RelationWord word;
  float x, y;
};

TEST(Solver, KnowsTheEightDirections) {
  constexpr Direction kRose[kDirections] = {
      {RelationWord::kLeftOf, 300, 510},      {RelationWord::kRightOf, 700, 490},
      {RelationWord::kAbove, 510, 300},       {RelationWord::kBelow, 490, 700},
      {RelationWord::kUpperLeftOf, 340, 350}, {RelationWord::kUpperRightOf, 660, 350},
      {RelationWord::kLowerLeftOf, 340, 650}, {RelationWord::kLowerRightOf, 660, 650}};
  std::vector<SceneObject> objects;
  for (const Direction& direction : kRose) objects.push_back(ObjectAt(kShip, kRed, direction.x, direction.y));
  objects.push_back(ObjectAt(kPond, kPlain, 500, 500, 60, 60));
  const Scene scene = SceneOf(objects);
  for (int i = 0; i < kDirections; ++i) {
    const Solution solution = Solve(scene, Related(kShip, kRose[i].word, {One(Article::kThe, kPond)}));
    EXPECT_THAT(solution.clear, ElementsAre(i));
    // Its neighbours in the rose might be meant, what lies across is not.
    EXPECT_LE(solution.borderline.size(), 2U);
  }
}

TEST(Solver, DoubtsTheDirectionOfWhatLiesWithin) {
  const Scene scene = SceneOf({ObjectAt(kVehicle, kRed, 450, 500), ObjectAt(kPond, kPlain, 500, 500, 200, 200)});
  EXPECT_THAT(Solve(scene, Related(kVehicle, RelationWord::kLeftOf, {One(Article::kThe, kPond)})).borderline,
              ElementsAre(0));
  EXPECT_THAT(Solve(scene, Related(kVehicle, RelationWord::kNear, {One(Article::kThe, kPond)})).borderline,
              ElementsAre(0));
}

TEST(Solver, KnowsWhatIsNear) {
  const Scene scene = SceneOf({ObjectAt(kShip, kRed, 550, 500), ObjectAt(kShip, kRed, 650, 500),
                               ObjectAt(kShip, kRed, 900, 500), ObjectAt(kPond, kPlain, 500, 500, 20, 20)});
  const Solution solution = Solve(scene, Related(kShip, RelationWord::kNear, {One(Article::kA, kPond)}));
  EXPECT_THAT(solution.clear, ElementsAre(0));
  EXPECT_THAT(solution.borderline, ElementsAre(1));
}

TEST(Solver, KnowsWhatIsBetween) {
  const Scene scene =
      SceneOf({ObjectAt(kPond, kPlain, 200, 500), ObjectAt(kBridge, kPlain, 600, 500), ObjectAt(kShip, kRed, 400, 520),
               ObjectAt(kShip, kRed, 400, 900), ObjectAt(kShip, kRed, 800, 500)});
  const Query query = Related(kShip, RelationWord::kBetween, {One(Article::kThe, kPond), One(Article::kThe, kBridge)});
  EXPECT_THAT(Solve(scene, query).clear, ElementsAre(2));
  EXPECT_THAT(Solve(scene, query).borderline, IsEmpty());
}

TEST(Solver, KnowsWhatIsBetweenTwoOfAKind) {
  const Scene scene = SceneOf({ObjectAt(kPond, kPlain, 200, 500), ObjectAt(kPond, kPlain, 600, 500),
                               ObjectAt(kShip, kRed, 400, 520), ObjectAt(kShip, kRed, 800, 500)});
  EXPECT_THAT(Solve(scene, Related(kShip, RelationWord::kBetween, {One(Article::kTwo, kPond)})).clear, ElementsAre(2));
}

TEST(Solver, KnowsWhatIsSurrounded) {
  const Scene scene = SceneOf({ObjectAt(kPond, kPlain, 500, 500), ObjectAt(kBuilding, kRed, 420, 500),
                               ObjectAt(kBuilding, kRed, 560, 420), ObjectAt(kBuilding, kRed, 560, 580),
                               ObjectAt(kPond, kPlain, 900, 900)});
  const Query query = Related(kPond, RelationWord::kSurroundedBy, {One(Article::kA, kBuilding)});
  EXPECT_THAT(Solve(scene, query).clear, ElementsAre(0));
  EXPECT_THAT(Solve(scene, query).borderline, IsEmpty());
}

TEST(Solver, FindsNothingSurroundedFromOneSide) {
  const Scene scene = SceneOf({ObjectAt(kPond, kPlain, 500, 500), ObjectAt(kBuilding, kRed, 420, 500),
                               ObjectAt(kBuilding, kRed, 430, 450), ObjectAt(kBuilding, kRed, 430, 550)});
  EXPECT_TRUE(Solve(scene, Related(kPond, RelationWord::kSurroundedBy, {One(Article::kA, kBuilding)})).IsEmpty());
}

TEST(Solver, TakesAnyLandmarkForA) {
  const Scene scene =
      SceneOf({ObjectAt(kShip, kRed, 100, 500), ObjectAt(kPond, kPlain, 300, 500), ObjectAt(kPond, kPlain, 900, 100)});
  EXPECT_THAT(Solve(scene, Related(kShip, RelationWord::kLeftOf, {One(Article::kA, kPond)})).clear, ElementsAre(0));
}

TEST(Solver, DoubtsTheLandmarkThatIsNotTheOnlyOne) {
  const Scene scene =
      SceneOf({ObjectAt(kShip, kRed, 100, 500), ObjectAt(kPond, kPlain, 300, 500), ObjectAt(kPond, kPlain, 900, 100)});
  EXPECT_THAT(Solve(scene, Related(kShip, RelationWord::kLeftOf, {One(Article::kThe, kPond)})).borderline,
              ElementsAre(0));
}

TEST(Solver, DescribesLandmarksToo) {
  const Scene scene = SceneOf({ObjectAt(kShip, kRed, 300, 500), ObjectAt(kShip, kBlue, 600, 500),
                               ObjectAt(kAirplane, kWhite, 180, 500), ObjectAt(kAirplane, kWhite, 480, 500)});
  Query red = QueryOf(kShip);
  red.colour = kRed;
  EXPECT_TRUE(Solve(scene, Related(kAirplane, RelationWord::kLeftOf, {{Article::kThe, red}})).IsUnique());
  Query green = QueryOf(kShip);
  green.colour = kGreen;
  EXPECT_TRUE(Solve(scene, Related(kAirplane, RelationWord::kLeftOf, {{Article::kThe, green}})).IsEmpty());
}

TEST(Solver, NeverTakesAnObjectForItsOwnLandmark) {
  const Scene one = SceneOf({ObjectAt(kShip, kRed, 300, 500)});
  EXPECT_TRUE(Solve(one, Related(kShip, RelationWord::kNear, {One(Article::kA, kShip)})).IsEmpty());
  const Scene two = SceneOf({ObjectAt(kShip, kRed, 300, 500), ObjectAt(kShip, kRed, 400, 500)});
  EXPECT_THAT(Solve(two, Related(kShip, RelationWord::kLeftOf, {One(Article::kA, kShip)})).clear, ElementsAre(0));
}

TEST(Solver, ComparesAllOrThoseRelatedAsTheQuerySays) {
  const Scene scene = SceneOf({ObjectAt(kShip, kRed, 300, 480, 20, 20), ObjectAt(kShip, kRed, 300, 520, 40, 20),
                               ObjectAt(kShip, kRed, 900, 500, 80, 20), ObjectAt(kPond, kPlain, 500, 500)});
  Query query = Related(kShip, RelationWord::kLeftOf, {One(Article::kThe, kPond)});
  query.size = SizeWord::kLargest;
  EXPECT_TRUE(Solve(scene, query).IsEmpty());  // the largest, and it is left of the pond
  query.order_among_related = true;
  EXPECT_THAT(Solve(scene, query).clear, ElementsAre(1));
}

}  // namespace
}  // namespace lqvg::scenes
