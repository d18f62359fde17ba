#include "train/scenes/facets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/scenes/expression_scenes.h"
#include "train/scenes/expressions.h"
#include "train/scenes/layout.h"

namespace lqvg::scenes {
namespace {

using testing::ElementsAre;
using enum Truth;

std::vector<Truth> Of(const std::vector<Facets>& facets, Facet facet) {
  std::vector<Truth> truths;
  truths.reserve(facets.size());
  for (const Facets& object : facets) truths.push_back(object[static_cast<std::size_t>(facet)]);
  return truths;
}

// Three ships from left to right, white, red, white; a pond right of the last.
Scene Ships() {
  return SceneOf({ObjectAt(Kind::kShip, Colour::kWhite, 100, 500), ObjectAt(Kind::kShip, Colour::kRed, 400, 500),
                  ObjectAt(Kind::kShip, Colour::kWhite, 600, 500), ObjectAt(Kind::kPond, Colour::kPlain, 800, 500)});
}

TEST(Facets, JudgeKindAndColourApart) {
  Query query = QueryOf(Kind::kShip);
  query.colour = Colour::kRed;
  const std::vector<Facets> facets = FacetsOf(Ships(), query);
  EXPECT_THAT(Of(facets, Facet::kKind), ElementsAre(kYes, kYes, kYes, kNo));
  EXPECT_THAT(Of(facets, Facet::kColour), ElementsAre(kNo, kYes, kNo, kBorderline));
  EXPECT_THAT(Of(facets, Facet::kZone), ElementsAre(kBorderline, kBorderline, kBorderline, kBorderline));
}

TEST(Facets, JudgeAnOrderAmongThoseItCompares) {
  Query query = QueryOf(Kind::kShip);
  query.colour = Colour::kWhite;
  query.ordinal = Ordinal{2, Side::kLeft};
  EXPECT_THAT(Of(FacetsOf(Ships(), query), Facet::kOrdinal), ElementsAre(kNo, kBorderline, kYes, kBorderline));
}

TEST(Facets, TellPlacesFromBothEndsWhereAnOrderIsAskedFor) {
  Query query = QueryOf(Kind::kShip);
  query.ordinal = Ordinal{1, Side::kRight};
  const std::vector<Facets> facets = FacetsOf(Ships(), query);
  EXPECT_THAT(Of(facets, Facet::kFirst), ElementsAre(kNo, kNo, kYes, kBorderline));
  EXPECT_THAT(Of(facets, Facet::kSecond), ElementsAre(kNo, kYes, kNo, kBorderline));
  EXPECT_THAT(Of(facets, Facet::kThird), ElementsAre(kYes, kNo, kNo, kBorderline));
  EXPECT_THAT(Of(facets, Facet::kLast), ElementsAre(kYes, kNo, kNo, kBorderline));
  EXPECT_THAT(Of(facets, Facet::kLastButOne), ElementsAre(kNo, kYes, kNo, kBorderline));
  query.ordinal.reset();
  EXPECT_THAT(Of(FacetsOf(Ships(), query), Facet::kFirst),
              ElementsAre(kBorderline, kBorderline, kBorderline, kBorderline));
}

TEST(Facets, OppositeSidesCountTheOtherWay) {
  for (int i = 0; i < kSides; ++i) {
    Query query = QueryOf(Kind::kShip);
    query.ordinal = Ordinal{1, static_cast<Side>(i)};
    const Scene scene =
        SceneOf({ObjectAt(Kind::kShip, Colour::kWhite, 100, 300), ObjectAt(Kind::kShip, Colour::kRed, 400, 500),
                 ObjectAt(Kind::kShip, Colour::kWhite, 600, 900)});
    const std::vector<Facets> facets = FacetsOf(scene, query);
    for (const Facets& of : facets) {
      const auto is = [&](Facet facet) { return of[static_cast<std::size_t>(facet)]; };
      EXPECT_EQ(is(Facet::kThird), is(Facet::kLast)) << "side " << i;
      EXPECT_EQ(is(Facet::kSecond), is(Facet::kLastButOne)) << "side " << i;
      EXPECT_FALSE(is(Facet::kFirst) == kYes && is(Facet::kLast) == kYes) << "side " << i;
    }
  }
}

TEST(Facets, NameLandmarksAndJudgeRelations) {
  Query query = QueryOf(Kind::kShip);
  query.relations = {{RelationWord::kLeftOf, {{Article::kThe, QueryOf(Kind::kPond)}}}};
  const std::vector<Facets> facets = FacetsOf(Ships(), query);
  EXPECT_THAT(Of(facets, Facet::kLandmark), ElementsAre(kNo, kNo, kNo, kYes));
  // The first ship is too far away to be called left of the pond.
  EXPECT_THAT(Of(facets, Facet::kRelation), ElementsAre(testing::Ne(kYes), kYes, kYes, kBorderline));
}

TEST(Facets, HoldAllForWhatIsMeantAndNotAllForWhatIsNot) {
  int present = 0, rivals = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Scene scene = LayOut(seed, {});
    for (const ReferringExpression& said : Describe(scene, seed)) {
      const std::vector<Facets> facets = FacetsOf(scene, said.query);
      ASSERT_EQ(facets.size(), scene.objects.size());
      for (int object = 0; object < static_cast<int>(facets.size()); ++object) {
        Facets own = facets[static_cast<std::size_t>(object)];
        own[static_cast<std::size_t>(Facet::kLandmark)] = kBorderline;
        // Places are told of everything in the row, asked for or not.
        std::fill(own.begin() + static_cast<int>(Facet::kFirst), own.end(), kBorderline);
        const bool some_false = std::count(own.begin(), own.end(), kNo) > 0;
        if (object == said.target) {
          ++present;
          EXPECT_FALSE(some_false) << said.text;
          EXPECT_EQ(own[static_cast<std::size_t>(Facet::kKind)], kYes) << said.text;
          EXPECT_EQ(own[static_cast<std::size_t>(Facet::kZone)], said.query.zone ? kYes : kBorderline) << said.text;
          EXPECT_EQ(own[static_cast<std::size_t>(Facet::kOrdinal)], said.query.ordinal ? kYes : kBorderline);
        } else if (said.target >= 0 && own[static_cast<std::size_t>(Facet::kKind)] == kYes) {
          rivals += some_false;
        }
      }
    }
  }
  EXPECT_GT(present, 500);
  EXPECT_GT(rivals, 500);
}

}  // namespace
}  // namespace lqvg::scenes
