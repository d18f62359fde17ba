// What passes through the door between serving and model: plain owning structs, std only, no tensors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lqvg {

// Where a picture lies on its canvas: canvas = picture * ratio + padding.
struct Placement {
  int image_width = 0;    // pixels
  int image_height = 0;   // pixels
  double ratio = 1.0;     // canvas pixels per picture pixel
  double pad_left = 0.0;  // canvas pixels, may be x.5 (as the official code computes it)
  double pad_top = 0.0;   // canvas pixels, may be x.5
};

// A picture letterboxed to the model's square input, still 8-bit RGB.
struct Canvas {
  int side = 0;                   // pixels
  std::vector<std::uint8_t> rgb;  // [side, side, 3]
  Placement placement;
};

// An expression as the text encoder reads it, with the tokens that mark its ends.
struct Expression {
  std::vector<std::int32_t> token_ids;  // [tokens]
};

// One query's proposal, in units of the canvas.
struct Candidate {
  float logit = 0.0f;                          // score = sigmoid(logit)
  std::array<float, 4> cxcywh = {0, 0, 0, 0};  // centre and size, 0..1 of the canvas
};

// The answer to one expression: every query's proposal, in the order of the queries.
struct Grounding {
  std::vector<Candidate> candidates;
};

// A rectangle in picture pixels; (0, 0) is the top left corner of the top left pixel. May reach beyond the picture.
struct Box {
  float x_min = 0, y_min = 0, x_max = 0, y_max = 0;
  float score = 0;  // 0..1
};

}  // namespace lqvg
