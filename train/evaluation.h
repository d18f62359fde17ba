// How well a network grounds made-up scenes that it has not seen, and what that is worth beside those who do not read
// the expression, or do not look at the picture.
//
// Stateless; runs without gradient.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/network.h"
#include "train/samples.h"
#include "train/scene_samples.h"

namespace lqvg::train {

// A network's best box for an expression.
struct BestBox {
  float score = 0;                   // 0..1
  std::array<float, 4> cxcywh = {};  // 0..1 of the canvas
};

// One per phrase of each sample, in order.
std::vector<std::vector<BestBox>> BestBoxes(const Network& network, const std::vector<Sample>& samples);

// Of expressions that something satisfies.
struct Accuracy {
  std::int64_t expressions = 0;
  std::array<double, 5> above = {};  // part of the boxes with IoU > 0.5, 0.6, 0.7, 0.8, 0.9
  double mean_iou = 0;
};

struct AccuracyRow {
  std::string name;
  Accuracy accuracy;
};

struct SceneFigures {
  std::int64_t scenes = 0, expressions = 0;
  Accuracy accuracy;
  double with_distractor = 0;      // part of the present expressions that have another object of the target's kind
  double class_only = 0;           // accuracy of drawing lots among the true boxes of the target's kind
  double shuffled = 0;             // accuracy (IoU > 0.5) when each picture gets another picture's expressions
  double auroc = 0;                // of the score: present against all that are absent
  double auroc_hard = 0;           // present against those whose kind is there
  std::vector<AccuracyRow> kinds;  // in the order of scenes::Kind, those that occurred
  std::vector<AccuracyRow>
      parts;  // "kind alone", "colour" ...: expressions that say so, each in every row it belongs to
};

Accuracy MeasureAccuracy(const std::vector<Sample>& samples, const std::vector<std::vector<BestBox>>& boxes);

// Scenes first..first + count - 1 of `source`.
absl::StatusOr<SceneFigures> EvaluateScenes(const Network& network, const SceneSamples& source, std::uint64_t first,
                                            std::int64_t count);

// The figures as a table for people, and as JSON.
std::string ToText(const SceneFigures& figures);
std::string ToJson(const SceneFigures& figures);

}  // namespace lqvg::train
