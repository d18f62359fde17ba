// The single words and phrases that wording.h puts together, each with its synonyms.
//
// Pure functions of their arguments and the random numbers. Synonyms are drawn as often as the data sets use them, as
// far as that is known; the formal manner keeps to RSVG-HR's own spellings.
#pragma once

#include <string>
#include <string_view>

#include "train/scenes/query.h"
#include "train/scenes/random.h"
#include "train/scenes/wording.h"

namespace lqvg::scenes {

// A landmark may have another name than a target: one says "left of the pier", but looks for a harbour. Canonical: the
// one spelling of NameOf, without synonyms.
enum class NounUse : std::uint8_t { kTarget, kLandmark, kManyLandmarks, kCanonical, kCanonicalMany };

std::string NounOf(Kind kind, Manner manner, NounUse use, Random& random);
std::string_view SpellingOf(Colour colour, Manner manner, Random& random);
std::string_view WordOf(SizeWord size);
std::string_view RankOf(int rank);                                           // 1..5: "first"
std::string_view NameOf(Side side);                                          // "upper left"
std::string_view MostOf(Side side);                                          // "leftmost"; corners: ""
std::string_view AdjectiveOf(Zone zone);                                     // "upper left"
std::string_view WordsOf(Zone zone, Manner manner, Random& random);          // "in the middle part"
std::string_view WordsOf(RelationWord word, Manner manner, Random& random);  // "on the left of"
std::string_view LocatedWordsOf(RelationWord word);  // "located at the left of"; directions only

}  // namespace lqvg::scenes
