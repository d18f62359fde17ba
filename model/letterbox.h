// Picture to canvas and back: the official preprocessing's resize and border, and the exact inverse for boxes.
//
// Stateless and thread-safe. The only user of OpenCV in the model room; catches cv::Exception.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "image/image.h"
#include "model/query.h"

namespace lqvg {

// Resizes (INTER_AREA) `image` so that its longer side is `side` and centres it on the grey of ImageNet's mean,
// bit-equal to the official code. INTERNAL when OpenCV fails.
absl::StatusOr<Canvas> Letterbox(const Image& image, int side);

// What a canvas of `side` pixels holds.
std::size_t CanvasBytes(int side);

// A box of a canvas of `side` pixels, in pixels of the picture that was placed on it. Not clipped.
Box ToPicture(const Candidate& candidate, const Placement& placement, int side);

struct AnswerOptions {
  int max_boxes = 1;
  float min_score = 0.0f;   // 0 keeps all
  bool clip_boxes = false;  // intersect with the picture; a box outside it becomes empty on its border
};

// The candidates as boxes of the picture: filtered by min_score, best score first (ties by query order), cut to
// max_boxes.
std::vector<Box> Answer(const Grounding& grounding, const Placement& placement, int side, const AnswerOptions& options);

}  // namespace lqvg
