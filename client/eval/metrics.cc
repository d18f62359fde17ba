#include "client/eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "train/curves/roc.h"

namespace lqvg::eval {
namespace {

using datasets::PixelBox;

constexpr float kEpsilon = 1e-6F;

float AreaOf(const PixelBox& box) { return (box.x_max - box.x_min) * (box.y_max - box.y_min); }

class Sums {
 public:
  void Add(const Overlap& overlap) {
    ++count_;
    const double iou = static_cast<double>(overlap.iou);
    for (std::size_t i = 0; i < above_.size(); ++i) above_[i] += iou > kThresholds[i];
    iou_ += iou;
    intersection_ += static_cast<double>(overlap.intersection);
    union_ += static_cast<double>(overlap.union_area);
  }

  Accuracy Mean() const {
    if (count_ == 0) return {};
    const auto count = static_cast<double>(count_);
    Accuracy accuracy{.expressions = count_, .mean_iou = iou_ / count};
    for (std::size_t i = 0; i < above_.size(); ++i) accuracy.above[i] = static_cast<double>(above_[i]) / count;
    if (union_ > 0) accuracy.cumulative_iou = intersection_ / union_;
    return accuracy;
  }

 private:
  std::int64_t count_ = 0;
  std::array<std::int64_t, 5> above_ = {};
  double iou_ = 0, intersection_ = 0, union_ = 0;
};

absl::Status Refuse(const Answered& answered, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(answered.image, ", \"", answered.expression, "\": ", what));
}

absl::Status JudgeBox(const Answered& answered, const char* name, const PixelBox& box) {
  const std::pair<const char*, float> corners[] = {
      {"x_min", box.x_min}, {"y_min", box.y_min}, {"x_max", box.x_max}, {"y_max", box.y_max}};
  for (const auto& [corner, value] : corners) {
    if (!std::isfinite(value)) {
      return Refuse(answered, absl::StrCat(name, ".", corner, " is ", value, ", not a finite number"));
    }
  }
  return absl::OkStatus();
}

absl::Status Judge(const Answered& answered) {
  if (answered.truth) {
    if (absl::Status judged = JudgeBox(answered, "truth", *answered.truth); !judged.ok()) return judged;
  }
  if (!answered.box) return absl::OkStatus();
  if (absl::Status judged = JudgeBox(answered, "box", *answered.box); !judged.ok()) return judged;
  if (!std::isfinite(answered.score)) {
    return Refuse(answered, absl::StrCat("score is ", answered.score, ", not a finite number"));
  }
  return absl::OkStatus();
}

// The reason in "NO_SUCH_FILE: a.jpg: no such file".
std::string ReasonOf(const Answered& answered) { return answered.failure.substr(0, answered.failure.find(':')); }

}  // namespace

Overlap OverlapOf(const PixelBox& answer, const PixelBox& truth) {
  const float width = std::min(answer.x_max, truth.x_max) - std::max(answer.x_min, truth.x_min);
  const float height = std::min(answer.y_max, truth.y_max) - std::max(answer.y_min, truth.y_min);
  Overlap overlap;
  overlap.intersection = std::max(width, 0.0F) * std::max(height, 0.0F);
  overlap.union_area = AreaOf(answer) + AreaOf(truth) - overlap.intersection;
  overlap.iou = (overlap.intersection + kEpsilon) / (overlap.union_area + kEpsilon);
  return overlap;
}

absl::StatusOr<Figures> MeasureFigures(const std::vector<Answered>& answers) {
  Figures figures;
  Sums overall, over_answered;
  std::map<std::string, Sums> by_kind;
  std::vector<float> present_scores, absent_scores;
  std::vector<Judged> judged_answers;
  for (const Answered& answered : answers) {
    if (absl::Status judged = Judge(answered); !judged.ok()) return judged;
    ++figures.expressions;
    ++(answered.truth ? figures.present : figures.absent);
    if (answered.box) {
      ++figures.answered;
      (answered.truth ? present_scores : absent_scores).push_back(answered.score);
    } else {
      ++figures.failed[ReasonOf(answered)];
    }
    if (!answered.truth) {
      if (answered.box) judged_answers.push_back({.score = answered.score, .is_right = false});
      continue;
    }
    Overlap overlap{.union_area = AreaOf(*answered.truth)};
    if (answered.box) overlap = OverlapOf(*answered.box, *answered.truth);
    if (!std::isfinite(overlap.union_area) || !std::isfinite(overlap.iou)) {
      return Refuse(answered, "the areas of its boxes are beyond float32");
    }
    overall.Add(overlap);
    if (answered.box) {
      over_answered.Add(overlap);
      judged_answers.push_back(
          {.score = answered.score, .is_right = static_cast<double>(overlap.iou) > kThresholds[0]});
    }
    if (!answered.kind.empty()) by_kind[answered.kind].Add(overlap);
  }
  figures.overall = overall.Mean();
  figures.over_answered = over_answered.Mean();
  for (const auto& [kind, sums] : by_kind) figures.by_kind[kind] = sums.Mean();
  figures.reliability = MeasureReliability(judged_answers);
  if (!present_scores.empty() && !absent_scores.empty()) {
    figures.auroc = curves::Auroc(present_scores, std::move(absent_scores));
  }
  return figures;
}

}  // namespace lqvg::eval
