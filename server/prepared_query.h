// A query that is ready for the model: nothing in it can fail for its caller any more.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/grounder.h"
#include "model/letterbox.h"
#include "model/query.h"
#include "server/call.h"
#include "server/clock.h"

namespace lqvg::serving {

struct PreparedQuery {
  std::string image_key;                // equal keys: one picture, read one way, with or without caches; empty: none's
  Canvas canvas;                        // without pixels if `features` are there, or every expression is known
  std::vector<Expression> expressions;  // at least one
  AnswerOptions answer_options;
  GroundAnswer answer;  // what is known of it already: the picture's size, digest and notes

  std::shared_ptr<const ImageFeatures> features = {};        // of the picture, cached; null: to be computed
  std::vector<std::shared_ptr<const Grounding>> known = {};  // one per expression, null: not cached; empty: none is
  bool bypass_caches = false;                                // nothing of it is looked up or kept
  std::string client = {};                                   // who has sent the picture; empty: everybody may call
};

// How many of the query's expressions the model must ground.
inline int CountUnknown(const PreparedQuery& query) {
  const auto is_known = [](const std::shared_ptr<const Grounding>& grounding) { return grounding != nullptr; };
  return static_cast<int>(query.expressions.size()) -
         static_cast<int>(std::count_if(query.known.begin(), query.known.end(), is_known));
}

// What answers need of a picture beside its features: with it, nothing need be decoded again.
struct PictureFacts {
  Canvas canvas;        // without pixels
  GroundAnswer answer;  // as PreparedQuery::answer
};

inline PictureFacts FactsOf(const PreparedQuery& query) {
  return {.canvas = {.side = query.canvas.side, .rgb = {}, .placement = query.canvas.placement},
          .answer = query.answer};
}

// What a call will ask of the device, as far as that is known before its picture is decoded.
struct Demand {
  std::string image_key = {};  // as PreparedQuery's
  int expression_count = 1;    // those to be grounded
  bool picture_known = false;  // its image part need not run
  Duration decoding{};         // until its picture will be decoded
};

inline Demand DemandOf(const PreparedQuery& query) {
  return {.image_key = query.image_key,
          .expression_count = CountUnknown(query),
          .picture_known = query.features != nullptr};
}

// A query of which everything is known but, perhaps, the pixels of its picture: enough to say what it costs.
struct Preparation {
  // Decodes the picture and completes `query`. May block and throw; an error is the call's own.
  using ReadPicture = absl::AnyInvocable<absl::Status(PreparedQuery& query, Call& call)>;

  Preparation(PreparedQuery complete) : query(std::move(complete)) {}  // NOLINT(google-explicit-constructor)
  Preparation(PreparedQuery begun, ReadPicture rest) : query(std::move(begun)), read_picture(std::move(rest)) {}

  PreparedQuery query;
  ReadPicture read_picture;  // empty: `query` is complete
};

// The query, complete. Fails as `read_picture` does.
inline absl::StatusOr<PreparedQuery> Complete(Preparation preparation, Call& call) {
  if (preparation.read_picture) {
    if (absl::Status status = preparation.read_picture(preparation.query, call); !status.ok()) return status;
  }
  return std::move(preparation.query);
}

// Begins to prepare a query, or rejects it. Called by several threads at once, by the transport's too: takes
// microseconds for a small request, never blocks, may throw. Records its stages on `call`, and may stop early with any
// error when that is finished.
using PrepareFunction = std::function<absl::StatusOr<Preparation>(GroundQuery query, Call& call)>;

}  // namespace lqvg::serving
