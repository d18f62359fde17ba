// What of a batch's calls is the same, and so is done once: pictures, expressions, and pairs of both.
//
// A value, filled in by run_batch as it looks up and computes. Used by the batcher's worker alone.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "model/grounder.h"
#include "server/prepared_query.h"

namespace lqvg::serving {

struct BatchPlan {
  struct Image {
    const PreparedQuery* query;                     // of a call that came with it
    std::shared_ptr<const ImageFeatures> features;  // null: not known yet
    int calls = 0;                                  // that ask about it
    bool cacheable = false;
    bool needed = false;    // by a pair that is to be grounded
    bool computed = false;  // by this batch
    bool healthy = false;   // a usable grounding came of it

    bool missing() const { return needed && features == nullptr; }
  };
  struct Text {
    const Expression* expression;
    std::shared_ptr<const TextFeatures> features;  // null: not known yet
    bool cacheable = false;
    bool needed = false;
    bool computed = false;
    bool healthy = false;

    bool missing() const { return needed && features == nullptr; }
  };
  struct Pair {
    std::size_t image;
    std::size_t text;
    std::shared_ptr<const Grounding> grounding;  // null: not known yet, or not usable
    bool cached = false;                         // the grounding is from the cache

    bool missing() const { return grounding == nullptr; }
  };
  struct CallPart {
    const PreparedQuery* query;
    std::size_t image;
    std::vector<std::size_t> pairs;  // one per expression, in order
  };

  std::vector<Image> images;
  std::vector<Text> texts;
  std::vector<Pair> pairs;
  std::vector<CallPart> calls;  // in the order of the batch
  int expressions = 0;          // of all calls
};

// Pictures are the same by their key, and those without one are all different. Expressions are the same by their
// tokens, but those of calls that bypass the caches are others than the rest. `queries` are borrowed by the plan.
BatchPlan PlanBatch(std::span<const PreparedQuery* const> queries);

}  // namespace lqvg::serving
