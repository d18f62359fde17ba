// The real preparation of a query: tokens, digest, pixels, canvas.
//
// Owned by the pipeline. Immutable and thread-safe; blocks for as long as hashing, decoding and resizing take.
#pragma once

#include "absl/status/statusor.h"
#include "image/image_decoder.h"
#include "model/prepare.h"
#include "model/tokenizer.h"
#include "server/call.h"
#include "server/clock.h"
#include "server/prepared_query.h"

namespace lqvg::serving {

struct PrepareOptions {
  int canvas_side = 0;  // pixels: the model's input_size
  ImageLimits image_limits = {};
  ExpressionLimits expression_limits = {};  // max_tokens not above the model's
};

// Expressions first, since they cost least to reject; then the digest, the picture, its canvas. Fails as
// PrepareExpressions, DecodeImage and Letterbox do; CANCELLED when `call` ended meanwhile. Raw pixels are taken as
// valid: parsing has checked their size.
absl::StatusOr<PreparedQuery> PrepareQuery(GroundQuery query, Call& call, const Tokenizer& tokenizer,
                                           const PrepareOptions& options, const Clock& clock);

}  // namespace lqvg::serving
