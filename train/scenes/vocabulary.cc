#include "train/scenes/vocabulary.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>

namespace lqvg::scenes {
namespace {

using Words = std::initializer_list<std::string_view>;

std::string_view Pick(Words words, Random& random) {
  return words.begin()[random.Below(static_cast<int>(words.size()))];
}

// Repeated where one is used more often than another.
std::string_view PlainNounOf(Kind kind, Random& random) {
  switch (kind) {
    case Kind::kAirplane:
      return Pick({"airplane", "airplane", "plane", "plane", "aircraft"}, random);
    case Kind::kStorageTank:
      return Pick({"storage tank", "storage tank", "tank"}, random);
    case Kind::kSwimmingPool:
      return Pick({"swimming pool", "swimming pool", "pool"}, random);
    case Kind::kBaseballField:
      return Pick({"baseball field", "baseball field", "baseball field", "baseball diamond"}, random);
    case Kind::kGroundTrackField:
      return Pick({"ground track field", "ground track field", "track field", "athletics field"}, random);
    case Kind::kShip:
      return Pick({"ship", "ship", "ship", "boat"}, random);
    case Kind::kHarbor:
      return Pick({"harbor", "harbor", "harbour"}, random);
    case Kind::kVehicle:
      return Pick({"vehicle", "vehicle", "car"}, random);
    case Kind::kWindmill:
      return Pick({"windmill", "windmill", "wind turbine"}, random);
    case Kind::kPond:
      return Pick({"pond", "pond", "lake"}, random);
    case Kind::kTennisCourt:
    case Kind::kBasketballCourt:
    case Kind::kRoundabout:
    case Kind::kBuilding:
    case Kind::kBridge:
    case Kind::kParkingLot:
      break;
  }
  return NameOf(kind);
}

std::string_view SingularOf(Kind kind, Manner manner, NounUse use, Random& random) {
  const bool landmark = use == NounUse::kLandmark || use == NounUse::kManyLandmarks;
  if (use == NounUse::kCanonical || use == NounUse::kCanonicalMany) return NameOf(kind);
  if (landmark && kind == Kind::kHarbor) return Pick({"harbor", "harbour", "pier"}, random);
  if (landmark && kind == Kind::kPond) return Pick({"pond", "pond", "lake"}, random);
  // RSVG-HR has one name for each of its kinds; others may as well vary.
  return manner == Manner::kFormal && random.Chance(0.85F) ? NameOf(kind) : PlainNounOf(kind, random);
}

}  // namespace

std::string NounOf(Kind kind, Manner manner, NounUse use, Random& random) {
  std::string noun(SingularOf(kind, manner, use, random));
  const bool many = use == NounUse::kManyLandmarks || use == NounUse::kCanonicalMany;
  if (many && noun != "aircraft") noun += 's';  // every other noun of ours takes it
  return noun;
}

std::string_view SpellingOf(Colour colour, Manner manner, Random& random) {
  if (colour == Colour::kGray && manner == Manner::kPlain && random.Chance(0.2F)) return "grey";
  return NameOf(colour);
}

std::string_view WordOf(SizeWord size) {
  static constexpr std::array<std::string_view, 4> kWords = {"largest", "smallest", "larger", "smaller"};
  return kWords[static_cast<std::size_t>(size)];
}

std::string_view RankOf(int rank) {
  static constexpr std::array<std::string_view, 5> kWords = {"first", "second", "third", "fourth", "fifth"};
  return kWords[static_cast<std::size_t>(std::clamp(rank, 1, 5) - 1)];
}

std::string_view NameOf(Side side) {
  static constexpr std::array<std::string_view, kSides> kNames = {
      "left", "right", "top", "bottom", "upper left", "upper right", "lower left", "lower right"};
  return kNames[static_cast<std::size_t>(side)];
}

std::string_view MostOf(Side side) {
  static constexpr std::array<std::string_view, 4> kWords = {"leftmost", "rightmost", "topmost", "bottommost"};
  return side < Side::kUpperLeft ? kWords[static_cast<std::size_t>(side)] : "";
}

std::string_view AdjectiveOf(Zone zone) {
  static constexpr std::array<std::string_view, kZones> kWords = {
      "left",        "right",    "top",       "bottom",  "upper left", "upper right", "lower left",
      "lower right", "far left", "far right", "far top", "far bottom", "middle"};
  return kWords[static_cast<std::size_t>(zone)];
}

namespace {

// RSVG-HR says "the center of the left" in 122 of 176 such cases, as a corner is on the left too.
std::string_view FormalZoneOf(Zone zone, Random& random) {
  const bool centre = random.Chance(0.65F);
  switch (zone) {
    case Zone::kLeft:
      return centre ? "on the center of the left" : "on the left";
    case Zone::kRight:
      return centre ? "on the center of the right" : "on the right";
    case Zone::kTop:
      return centre ? "on the center of the top" : "on the top";
    case Zone::kBottom:
      return centre ? "on the center of the bottom" : "on the bottom";
    case Zone::kUpperLeft:
      return "on the upper left";
    case Zone::kUpperRight:
      return "on the upper right";
    case Zone::kLowerLeft:
      return "on the lower left";
    case Zone::kLowerRight:
      return "on the lower right";
    case Zone::kFarLeft:
      return "on the far left";
    case Zone::kFarRight:
      return "on the far right";
    case Zone::kFarTop:
      return "on the far top";
    case Zone::kFarBottom:
      return "on the far bottom";
    case Zone::kMiddle:
      return "in the middle part";
  }
  return "";
}

}  // namespace

std::string_view WordsOf(Zone zone, Manner manner, Random& random) {
  if (manner == Manner::kFormal) return FormalZoneOf(zone, random);
  switch (zone) {
    case Zone::kLeft:
      return Pick({"on the left", "on the left", "on the left side", "at the left"}, random);
    case Zone::kRight:
      return Pick({"on the right", "on the right", "on the right side", "at the right"}, random);
    case Zone::kTop:
      return Pick({"at the top", "on the top", "at the top of the image"}, random);
    case Zone::kBottom:
      return Pick({"at the bottom", "on the bottom", "at the bottom of the image"}, random);
    case Zone::kUpperLeft:
      return Pick({"on the upper left", "in the upper left", "at the upper left", "in the top left"}, random);
    case Zone::kUpperRight:
      return Pick({"on the upper right", "in the upper right", "at the upper right", "in the top right"}, random);
    case Zone::kLowerLeft:
      return Pick({"on the lower left", "in the lower left", "at the lower left", "in the bottom left"}, random);
    case Zone::kLowerRight:
      return Pick({"on the lower right", "in the lower right", "at the lower right", "in the bottom right"}, random);
    case Zone::kFarLeft:
      return Pick({"on the far left", "on the far left", "at the left edge"}, random);
    case Zone::kFarRight:
      return Pick({"on the far right", "on the far right", "at the right edge"}, random);
    case Zone::kFarTop:
      return Pick({"at the far top", "on the far top", "at the top edge"}, random);
    case Zone::kFarBottom:
      return Pick({"at the far bottom", "on the far bottom", "at the bottom edge"}, random);
    case Zone::kMiddle:
      return Pick({"in the middle", "in the center", "in the middle of the image", "at the center"}, random);
  }
  return "";
}

namespace {

constexpr std::array<std::string_view, kDirections> kLocated = {
    "located at the left of",       "located at the right of",      "located at the top of",
    "located at the bottom of",     "located at the upper left of", "located at the upper right of",
    "located at the lower left of", "located at the lower right of"};
constexpr std::array<std::string_view, kRelationWords> kFormal = {"on the left of",
                                                                  "on the right of",
                                                                  "on the top of",
                                                                  "on the bottom of",
                                                                  "on the upper left of",
                                                                  "on the upper right of",
                                                                  "on the lower left of",
                                                                  "on the lower right of",
                                                                  "near",
                                                                  "between",
                                                                  "surrounded by"};

}  // namespace

std::string_view LocatedWordsOf(RelationWord word) { return kLocated[static_cast<std::size_t>(word)]; }

std::string_view WordsOf(RelationWord word, Manner manner, Random& random) {
  const std::string_view formal = kFormal[static_cast<std::size_t>(word)];
  if (manner == Manner::kFormal) return formal;
  switch (word) {
    case RelationWord::kLeftOf:
      return Pick({"left of", "to the left of", "on the left of", "on the left side of"}, random);
    case RelationWord::kRightOf:
      return Pick({"right of", "to the right of", "on the right of", "on the right side of"}, random);
    case RelationWord::kAbove:
      return Pick({"above", "above", "on the top of"}, random);
    case RelationWord::kBelow:
      return Pick({"below", "below", "on the bottom of"}, random);
    case RelationWord::kUpperLeftOf:
      return Pick({"on the upper left of", "to the upper left of"}, random);
    case RelationWord::kUpperRightOf:
      return Pick({"on the upper right of", "to the upper right of"}, random);
    case RelationWord::kLowerLeftOf:
      return Pick({"on the lower left of", "to the lower left of"}, random);
    case RelationWord::kLowerRightOf:
      return Pick({"on the lower right of", "to the lower right of"}, random);
    case RelationWord::kNear:
      return Pick({"near", "near", "next to", "beside", "close to"}, random);
    case RelationWord::kBetween:
    case RelationWord::kSurroundedBy:
      break;
  }
  return formal;
}

}  // namespace lqvg::scenes
