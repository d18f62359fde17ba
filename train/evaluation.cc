#include "train/evaluation.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "train/batch.h"
#include "train/criterion.h"
#include "train/curves/roc.h"
#include "train/trainer.h"

namespace lqvg::train {
namespace {

constexpr std::size_t kPicturesAtOnce = 4;
constexpr double kRightIou = 0.5;

struct Sums {
  std::int64_t count = 0;
  std::array<std::int64_t, 5> above = {};
  double iou = 0;

  void Add(double value) {
    ++count;
    for (std::size_t i = 0; i < above.size(); ++i) above[i] += value > 0.5 + 0.1 * static_cast<double>(i);
    iou += value;
  }
  Accuracy Mean() const {
    Accuracy accuracy;
    accuracy.expressions = count;
    const double n = static_cast<double>(std::max<std::int64_t>(count, 1));
    for (std::size_t i = 0; i < above.size(); ++i) accuracy.above[i] = static_cast<double>(above[i]) / n;
    accuracy.mean_iou = iou / n;
    return accuracy;
  }
};

// Every picture with the expressions of the one before it: pictures and expressions are as before, but do not belong
// together.
std::vector<Sample> WithOthersExpressions(const std::vector<Sample>& samples) {
  std::vector<Sample> shuffled;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    Sample sample = samples[i];
    const std::vector<Phrase>& others = samples[(i + 1) % samples.size()].phrases;
    for (std::size_t j = 0; j < sample.phrases.size(); ++j) {
      sample.phrases[j].expression = others[j % others.size()].expression;
    }
    shuffled.push_back(std::move(sample));
  }
  return shuffled;
}

double IouOf(const std::array<float, 4>& a, const std::array<float, 4>& b) {
  return Iou(at::tensor(at::ArrayRef<float>(a)), at::tensor(at::ArrayRef<float>(b))).item<double>();
}

std::vector<std::string> PartsOf(const scenes::Query& query) {
  std::vector<std::string> parts;
  if (scenes::ModifiersOf(query) == 0) parts.push_back("kind alone");
  if (query.colour) parts.push_back("colour");
  if (query.zone) parts.push_back("zone");
  if (query.size) parts.push_back("size");
  if (query.ordinal) parts.push_back("ordinal");
  if (!query.relations.empty()) parts.push_back("relation");
  return parts;
}

std::int64_t CountKind(const scenes::Scene& scene, scenes::Kind kind) {
  return std::count_if(scene.objects.begin(), scene.objects.end(),
                       [&](const scenes::SceneObject& object) { return object.kind == kind; });
}

}  // namespace

std::vector<std::vector<BestBox>> BestBoxes(const Network& network, const std::vector<Sample>& samples) {
  const c10::InferenceMode inference;
  std::vector<std::vector<BestBox>> answers;
  for (std::size_t begin = 0; begin < samples.size(); begin += kPicturesAtOnce) {
    const std::size_t end = std::min(samples.size(), begin + kPicturesAtOnce);
    const std::vector<Sample> some(samples.begin() + static_cast<std::ptrdiff_t>(begin),
                                   samples.begin() + static_cast<std::ptrdiff_t>(end));
    const Batch batch = Collate(some, network.architecture.text_encoder.pad_token_id, network.device);
    const Proposals proposals = Propose(network, batch).back();
    const auto [best, index] = proposals.logits.max(1);  // [B]
    const at::Tensor scores = at::sigmoid(best).to(at::kCPU).contiguous();
    const at::Tensor boxes =
        proposals.boxes.gather(1, index.view({-1, 1, 1}).expand({-1, 1, 4})).squeeze(1).to(at::kCPU).contiguous();
    std::int64_t row = 0;
    for (const Sample& sample : some) {
      std::vector<BestBox>& of_sample = answers.emplace_back(sample.phrases.size());
      for (BestBox& box : of_sample) {
        box.score = scores.const_data_ptr<float>()[row];
        std::memcpy(box.cxcywh.data(), boxes.const_data_ptr<float>() + 4 * row++, sizeof(box.cxcywh));
      }
    }
  }
  return answers;
}

Accuracy MeasureAccuracy(const std::vector<Sample>& samples, const std::vector<std::vector<BestBox>>& boxes) {
  Sums sums;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    for (std::size_t j = 0; j < samples[i].phrases.size(); ++j) {
      const Phrase& phrase = samples[i].phrases[j];
      if (phrase.present) sums.Add(IouOf(boxes[i][j].cxcywh, phrase.cxcywh));
    }
  }
  return sums.Mean();
}

absl::StatusOr<SceneFigures> EvaluateScenes(const Network& network, const SceneSamples& source, std::uint64_t first,
                                            std::int64_t count) {
  std::vector<DescribedScene> scenes;
  std::vector<Sample> samples;
  for (std::int64_t i = 0; i < count; ++i) {
    absl::StatusOr<DescribedScene> scene = source.Describe(first + static_cast<std::uint64_t>(i));
    if (!scene.ok()) return scene.status();
    samples.push_back(std::move(scene->sample));
    scenes.push_back(*std::move(scene));
  }
  const std::vector<std::vector<BestBox>> boxes = BestBoxes(network, samples);

  SceneFigures figures;
  figures.scenes = count;
  std::map<scenes::Kind, Sums> kinds;
  std::map<std::string, Sums> parts;
  std::vector<float> present, absent, hard;
  std::int64_t distracted = 0;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    for (std::size_t j = 0; j < scenes[i].expressions.size(); ++j) {
      const scenes::ReferringExpression& said = scenes[i].expressions[j];
      ++figures.expressions;
      if (said.target < 0) {
        absent.push_back(boxes[i][j].score);
        if (said.presence == scenes::Presence::kAbsentAttribute) hard.push_back(boxes[i][j].score);
        continue;
      }
      present.push_back(boxes[i][j].score);
      const scenes::Kind kind = scenes[i].scene.objects[static_cast<std::size_t>(said.target)].kind;
      const double iou = IouOf(boxes[i][j].cxcywh, samples[i].phrases[j].cxcywh);
      kinds[kind].Add(iou);
      for (const std::string& part : PartsOf(said.query)) parts[part].Add(iou);
      distracted += said.has_distractor;
      figures.class_only += 1.0 / static_cast<double>(CountKind(scenes[i].scene, kind));
    }
  }
  figures.accuracy = MeasureAccuracy(samples, boxes);
  const double n = static_cast<double>(std::max<std::size_t>(present.size(), 1));
  figures.class_only /= n;
  figures.with_distractor = static_cast<double>(distracted) / n;
  figures.auroc = curves::Auroc(present, absent);
  figures.auroc_hard = curves::Auroc(present, hard);
  const std::vector<Sample> shuffled = WithOthersExpressions(samples);
  figures.shuffled = MeasureAccuracy(shuffled, BestBoxes(network, shuffled)).above[0];
  for (const auto& [kind, sums] : kinds) figures.kinds.push_back({std::string(NameOf(kind)), sums.Mean()});
  for (const auto& [part, sums] : parts) figures.parts.push_back({part, sums.Mean()});
  return figures;
}

std::string ToText(const SceneFigures& f) {
  const auto row = [](const std::string& name, const Accuracy& a) {
    return absl::StrFormat("  %-20s %6d  %5.3f %5.3f %5.3f %5.3f %5.3f  %5.3f\n", name, a.expressions, a.above[0],
                           a.above[1], a.above[2], a.above[3], a.above[4], a.mean_iou);
  };
  std::string text = absl::StrFormat("%d scenes, %d expressions\n  %-20s %6s  @0.5  @0.6  @0.7  @0.8  @0.9   mIoU\n",
                                     f.scenes, f.expressions, "", "number");
  text += row("all present", f.accuracy);
  for (const AccuracyRow& kind : f.kinds) text += row(kind.name, kind.accuracy);
  for (const AccuracyRow& part : f.parts) text += row("says " + part.name, part.accuracy);
  text += absl::StrFormat(
      "  with a distractor of the kind   %5.3f\n  knowing the kind alone   @0.5   %5.3f\n"
      "  others' expressions      @0.5   %5.3f\n  AUROC of the score, all absent  %5.3f\n"
      "  AUROC, the kind is there        %5.3f\n",
      f.with_distractor, f.class_only, f.shuffled, f.auroc, f.auroc_hard);
  return text;
}

std::string ToJson(const SceneFigures& f) {
  const auto accuracy = [](const Accuracy& a) {
    return nlohmann::json{{"expressions", a.expressions}, {"accuracy_at", a.above}, {"mean_iou", a.mean_iou}};
  };
  nlohmann::json json = {{"scenes", f.scenes},
                         {"expressions", f.expressions},
                         {"present", accuracy(f.accuracy)},
                         {"with_distractor", f.with_distractor},
                         {"class_only", f.class_only},
                         {"shuffled", f.shuffled},
                         {"auroc", f.auroc},
                         {"auroc_hard", f.auroc_hard}};
  for (const AccuracyRow& kind : f.kinds) json["kinds"][kind.name] = accuracy(kind.accuracy);
  for (const AccuracyRow& part : f.parts) json["parts"][part.name] = accuracy(part.accuracy);
  return json.dump(2) + "\n";
}

}  // namespace lqvg::train
