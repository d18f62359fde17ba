// The figures of the official protocol (LANMNG/LQVG, inference_rsvg.py) over answered expressions, and what it does not
// know: expressions that nothing satisfies, and calls that failed.
//
// Pure functions, thread-safe.
//
// As the official code: boxes are corners in pixels of the original picture, areas and IoU are computed in float32, and
// a box that reaches over the picture's edge is not clipped. It runs on Python 3.7, whose NumPy compares an IoU with
// 0.6 and adds areas up in float64. The official code moves both boxes to the canvas and back first, in float32; here
// the truth is taken as the data set has it and the answer as the server sent it. That differs
//  - by at most 0.0002 pixels a corner through rounding, for pictures of up to 1024 pixels that fill the canvas, as
//    those of both data sets do;
//  - where a picture of DIOR-RSVG had to be resized: the official code cuts the true corners off to whole pixels of the
//    canvas. At 800 x 800 pixels, the size of all pictures of the set, nothing is cut off.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/eval/answered.h"
#include "client/eval/reliability.h"
#include "train/datasets/annotation.h"

namespace lqvg::eval {

inline constexpr std::array<double, 5> kThresholds = {0.5, 0.6, 0.7, 0.8, 0.9};

struct Overlap {
  float intersection = 0, union_area = 0;  // square pixels
  float iou = 0;                           // (intersection + 1e-6) / (union + 1e-6)
};

// Of finite corners. A box that is turned inside out has an area below 0, as in the official code.
Overlap OverlapOf(const datasets::PixelBox& answer, const datasets::PixelBox& truth);

// Of expressions with a true box; all 0 where there is none.
struct Accuracy {
  std::int64_t expressions = 0;
  std::array<double, 5> above = {};  // part of them with an IoU above each of kThresholds, 0..1
  double mean_iou = 0;               // mean of their IoU, 0..1
  double cumulative_iou = 0;         // sum of their intersections over the sum of their unions, 0..1
};

struct Figures {
  std::int64_t expressions = 0;                     // of which:
  std::int64_t present = 0;                         // have a true box
  std::int64_t absent = 0;                          // are satisfied by nothing
  std::int64_t answered = 0;                        // have a box, of both sorts
  std::map<std::string, std::int64_t> failed = {};  // have none, by reason

  // Of all present ones. One that failed counts as an empty box: an IoU of 0, no intersection, the truth's area as
  // union.
  Accuracy overall = {};
  Accuracy over_answered = {};                   // of the present ones that were answered
  std::map<std::string, Accuracy> by_kind = {};  // as `overall`, of each kind that the data set names
  // The probability that the score of a present one is above that of an absent one, ties counting half; of those that
  // were answered. Empty without both.
  std::optional<double> auroc = {};
  Reliability reliability = {};  // of the answered ones, absent ones too
};

// INVALID_ARGUMENT names the expression, the box and the corner that is not a finite number, or the score; or that its
// areas are beyond float32.
absl::StatusOr<Figures> MeasureFigures(const std::vector<Answered>& answers);

}  // namespace lqvg::eval
