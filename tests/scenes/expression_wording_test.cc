#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <cstdint>
#include <set>
#include <sstream>
#include <string>

#include "tests/scenes/expression_scenes.h"
#include "train/scenes/expressions.h"
#include "train/scenes/wording.h"

namespace lqvg::scenes {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::Each;

// Every wording of a query in a manner that some hundreds of seeds give, in lower case.
std::set<std::string> WordingsOf(const Query& query, Manner manner) {
  std::set<std::string> wordings;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    Random random(seed);
    std::string text = Word(query, manner, random);
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    wordings.insert(text);
  }
  return wordings;
}

TEST(Wording, OfAZone) {
  Query query = QueryOf(Kind::kTennisCourt);
  query.zone = Zone::kUpperLeft;
  EXPECT_THAT(WordingsOf(query, Manner::kFormal),
              testing::UnorderedElementsAre("a tennis court on the upper left", "find a tennis court on the upper left",
                                            "search a tennis court on the upper left"));
  EXPECT_THAT(WordingsOf(query, Manner::kPlain), Contains("the tennis court in the top left"));
  EXPECT_THAT(WordingsOf(query, Manner::kPlain), Contains("the upper left tennis court"));
}

TEST(Wording, OfARelationInEitherManner) {
  Query query = QueryOf(Kind::kTennisCourt);
  query.zone = Zone::kMiddle;
  query.relations = {{RelationWord::kAbove, {{Article::kA, QueryOf(Kind::kParkingLot)}}}};
  EXPECT_THAT(WordingsOf(query, Manner::kFormal),
              Contains("search a tennis court in the middle part and it is located at the top of a parking lot"));
  query.zone.reset();
  EXPECT_THAT(WordingsOf(query, Manner::kPlain), Contains("the tennis court above a parking lot"));
}

TEST(Wording, OfTwoRelationsLeavesOutTheSecondOn) {
  Query query = QueryOf(Kind::kTennisCourt);
  query.zone = Zone::kFarTop;
  query.relations = {{RelationWord::kUpperLeftOf, {{Article::kA, QueryOf(Kind::kParkingLot)}}},
                     {RelationWord::kLeftOf, {{Article::kA, QueryOf(Kind::kBuilding)}}}};
  EXPECT_THAT(
      WordingsOf(query, Manner::kFormal),
      Contains("find a tennis court on the far top and it is on the upper left of a parking lot and the left of "
               "a building"));
}

TEST(Wording, OfSizesIsDefinite) {
  Query query = QueryOf(Kind::kTennisCourt);
  query.size = SizeWord::kLarger;
  query.colour = Colour::kRed;
  EXPECT_THAT(WordingsOf(query, Manner::kPlain),
              testing::UnorderedElementsAre("the larger red tennis court", "larger red tennis court"));
}

TEST(Wording, OfOrdinals) {
  Query query = QueryOf(Kind::kStorageTank);
  query.ordinal = Ordinal{2, Side::kLowerLeft};
  query.zone = Zone::kFarRight;
  EXPECT_THAT(WordingsOf(query, Manner::kFormal), Contains("find the second storage tank from the lower left of some "
                                                           "storage tanks that are on the far right"));
  query.zone.reset();
  EXPECT_THAT(WordingsOf(query, Manner::kPlain), Contains("the second tank from the lower left"));
  query.ordinal = Ordinal{1, Side::kTop};
  EXPECT_THAT(WordingsOf(query, Manner::kPlain), Contains("the topmost storage tank"));
}

TEST(Wording, OfLandmarks) {
  Query query = QueryOf(Kind::kShip);
  query.relations = {{RelationWord::kNear, {{Article::kThe, QueryOf(Kind::kHarbor)}}}};
  EXPECT_THAT(WordingsOf(query, Manner::kPlain), Contains("the ship near the pier"));
  query.relations = {{RelationWord::kNear, {{Article::kA, QueryOf(Kind::kShip)}}}};
  EXPECT_THAT(WordingsOf(query, Manner::kFormal), Contains("find a ship and it is near another ship"));
  query.relations = {{RelationWord::kBetween, {{Article::kTwo, QueryOf(Kind::kBridge)}}}};
  EXPECT_THAT(WordingsOf(query, Manner::kPlain), Contains("the ship between two bridges"));
  query.relations = {{RelationWord::kSurroundedBy, {{Article::kA, QueryOf(Kind::kBuilding)}}}};
  EXPECT_THAT(WordingsOf(query, Manner::kFormal), Contains("a ship and it is surrounded by the buildings"));
}

TEST(Wording, OfAVowelTakesAn) {
  EXPECT_THAT(WordingsOf(QueryOf(Kind::kAirplane), Manner::kFormal),
              Each(AnyOf(testing::HasSubstr("an a"), testing::HasSubstr("a plane"))));
}

void AddWords(const std::string& text, std::set<std::string>& used) {
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    word[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(word[0])));
    used.insert(word);
  }
}

// The whole vocabulary: a word that is not here is a slip, one that is here and never used is dead.
TEST(Wording, UsesTheseWordsAndNoOthers) {
  std::istringstream list(
      "a above aircraft airplane airplanes an and another are at athletics baseball basketball below beside "
      "between black blue boat boats bottom bottommost bridge bridges brown building buildings by car cars "
      "center close court courts diamond diamonds edge far field fields find first fourth from gray green "
      "grey ground harbor harbors harbour harbours image in is it lake lakes larger largest left leftmost "
      "located lot lots lower middle near next of on parking part pier piers plane planes pond ponds pool "
      "pools red right rightmost roundabout roundabouts search second ship ships side smaller smallest some "
      "storage surrounded swimming tank tanks tennis that the third those to top topmost track turbine "
      "turbines two upper vehicle vehicles white wind windmill windmills yellow");
  std::set<std::string> expected, used;
  for (std::string word; list >> word;) expected.insert(word);
  for (std::uint64_t seed = 0; seed < 6000; ++seed) {
    for (const ReferringExpression& expression : Describe(RandomScene(seed), seed)) {
      AddWords(expression.text, used);
    }
  }
  // Plurals are rare: "between two wind turbines".
  for (int i = 0; i < kKinds; ++i) {
    Query query = QueryOf(Kind::kShip);
    query.relations = {{RelationWord::kBetween, {{Article::kTwo, QueryOf(static_cast<Kind>(i))}}}};
    for (const std::string& text : WordingsOf(query, Manner::kPlain)) AddWords(text, used);
  }
  std::set<std::string> unknown, dead;
  for (const std::string& word : used) {
    if (!expected.contains(word)) unknown.insert(word);
  }
  for (const std::string& word : expected) {
    if (!used.contains(word)) dead.insert(word);
  }
  EXPECT_THAT(unknown, testing::IsEmpty());
  EXPECT_THAT(dead, testing::IsEmpty());
}

}  // namespace
}  // namespace lqvg::scenes
