// The words of a query, as annotators write them.
//
// Pure functions of the query and the random numbers. Two manners: that of RSVG-HR ("find a tennis court on the upper
// left and it is on the right of a parking lot") and the short noun phrases of DIOR-RSVG and RefCOCO ("the larger white
// tank left of the pier"). A wording never says more or less than its query.
#pragma once

#include <string>

#include "train/scenes/query.h"
#include "train/scenes/random.h"

namespace lqvg::scenes {

enum class Manner : std::uint8_t { kFormal, kPlain };

// The formal manner orders among a group only by kind, colour and zone: not for `order_among_related`.
std::string Word(const Query& query, Manner manner, Random& random);

}  // namespace lqvg::scenes
