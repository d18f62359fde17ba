// Referring expressions for a made-up scene, each with its answer: one object, or none.
//
// A pure function of scene, seed and options; any number of threads may call it. A scene of some dozen objects takes
// a fraction of a millisecond. docs/scenes.md tells the grammar and its shares.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/scenes/query.h"
#include "train/scenes/scene.h"

namespace lqvg::scenes {

// kAbsentKind: nothing of that kind is in the picture. kAbsentAttribute: there is, but colour, zone, order or a
// relation is false of each: the hard negatives.
enum class Presence : std::uint8_t { kPresent, kAbsentKind, kAbsentAttribute };

struct ReferringExpression {
  std::string text;
  int target = -1;  // index into Scene::objects; -1 when absent
  Presence presence = Presence::kPresent;
  bool has_distractor = false;  // another object of the target's kind is in the picture
  Query query;                  // what the text says
};

// Shares are 0..1 and hold on the average of many scenes, as far as a scene allows.
struct DescribeOptions {
  int count = 4;
  float absent_share = 0.25F;     // of all expressions
  float hard_share = 2.0F / 3;    // of the absent ones
  float distractor_share = 0.8F;  // of the present ones: the target is not the only one of its kind
  float comparing_share = 0;      // of the present ones: must name a size or an ordinal; the others may. For training
  float counting_share = 0;   // of the present ones: must count, the second to the last of three or more. For training
  float nearness_share = 0;   // of the present ones: must say "near", "between" or "surrounded by". For training
  float formal_share = 0.5F;  // in the manner of RSVG-HR; the others are short noun phrases
};

// Up to `count` distinct expressions, spread over different targets. Of the present ones each is satisfied clearly by
// its target and by nothing else, not even perhaps; of the absent ones by nothing, not even perhaps. Fewer, where the
// scene has too little to tell its objects apart; an empty scene gives absent ones only.
std::vector<ReferringExpression> Describe(const Scene& scene, std::uint64_t seed, const DescribeOptions& options = {});

}  // namespace lqvg::scenes
