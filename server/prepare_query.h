// The real preparation of a query: tokens, digest, what the caches know of it, else pixels and canvas.
//
// Owned by the pipeline. Immutable and thread-safe; only reading a picture blocks.
#pragma once

#include "absl/status/statusor.h"
#include "image/image_decoder.h"
#include "model/prepare.h"
#include "model/tokenizer.h"
#include "server/call.h"
#include "server/clock.h"
#include "server/prepared_query.h"

namespace lqvg::serving {

struct Caches;
class DecodeBudget;
class SharedDecode;

struct PrepareOptions {
  int canvas_side = 0;  // pixels: the model's input_size
  ImageLimits image_limits = {};
  ExpressionLimits expression_limits = {};  // max_tokens not above the model's
  DecodeBudget* decode_budget = nullptr;    // outlives all calls; null: pictures are decoded without asking
  Caches* caches = nullptr;                 // likewise; null: there are none
  SharedDecode* shared_decode = nullptr;    // likewise; null: everybody decodes for himself
};

// Expressions first, since they cost least to reject; then the digest and the caches, which may know it all: then the
// query is complete. A picture named by its digest alone is NOT_FOUND, IMAGE_NOT_CACHED unless its features are cached
// and this client has sent them. Fails as PrepareExpressions does, too; CANCELLED when `call` ended meanwhile.
//
// What is left to do decodes the picture, which becomes a canvas, once for all who ask for it at the same time. Before
// the pixels exist it waits for their share of the budget, and counts that as decoding; the share is given back with
// the pixels. Fails as DecodeBudget::Reserve, DecodeImage and Letterbox do; CANCELLED when `call` ended meanwhile. Raw
// pixels are taken as valid, since parsing has checked their size, and need no share: they came in the request.
//
// `tokenizer` is used during the call only; `clock`, and what the options point to, until the picture is read.
absl::StatusOr<Preparation> PrepareQuery(GroundQuery query, Call& call, const Tokenizer& tokenizer,
                                         const PrepareOptions& options, const Clock& clock);

}  // namespace lqvg::serving
