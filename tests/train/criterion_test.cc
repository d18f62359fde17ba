#include "train/criterion.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lqvg::train {
namespace {

using Json = nlohmann::json;

// Of sums around 3, and of gradients relative to their largest. Corners of small boxes are differences of like numbers,
// which costs fp32 two digits; the official code ran on another version of the library.
constexpr double kTolerance = 1e-4;

at::Tensor TensorOf(const Json& numbers, at::IntArrayRef shape) {
  return at::tensor(numbers.get<std::vector<float>>(), at::kFloat).view(shape);
}

Json Golden() {
  std::ifstream file(LQVG_SOURCE_DIR "/tests/train/criterion_golden.json");
  return Json::parse(file);
}

// The largest difference, relative to the largest magnitude.
double Difference(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

TEST(Criterion, GivesTheOfficialLossesMatchesAndGradients) {
  const Json golden = Golden();
  const std::int64_t rows = golden["rows"], queries = golden["queries"], layers = golden["layers"];
  ASSERT_EQ(golden["cases"].size(), 2u);
  for (const Json& known : golden["cases"]) {
    std::vector<Proposals> proposals;
    for (std::int64_t i = 0; i < layers; ++i) {
      proposals.push_back({TensorOf(known["logits"][i], {rows, queries}).requires_grad_(),
                           TensorOf(known["boxes"][i], {rows, queries, 4}).requires_grad_()});
    }
    const Targets targets = {TensorOf(known["target"], {rows, 4}), at::ones({rows}, at::kBool)};
    for (std::int64_t i = 0; i < layers; ++i) {
      const at::Tensor matched = Match(proposals[i], targets, {});
      EXPECT_TRUE(at::equal(matched, at::tensor(known["matched"][i].get<std::vector<std::int64_t>>())));
    }
    const Losses losses = Criterion(proposals, targets, {});
    EXPECT_NEAR(losses.focal.item<double>(), known["focal"].get<double>(), kTolerance);
    EXPECT_NEAR(losses.l1.item<double>(), known["l1"].get<double>(), kTolerance);
    EXPECT_NEAR(losses.giou.item<double>(), known["giou"].get<double>(), kTolerance);
    losses.total.backward();
    for (std::int64_t i = 0; i < layers; ++i) {
      EXPECT_LT(Difference(proposals[i].logits.grad(), TensorOf(known["logit_gradients"][i], {rows, queries})),
                kTolerance);
      EXPECT_LT(Difference(proposals[i].boxes.grad(), TensorOf(known["box_gradients"][i], {rows, queries, 4})),
                kTolerance);
    }
  }
}

TEST(Criterion, TeachesLowScoresAndNoBoxWhereNothingIs) {
  const Proposals proposals = {at::zeros({2, 3}).requires_grad_(), at::full({2, 3, 4}, 0.3f).requires_grad_()};
  const Targets targets = {at::full({2, 4}, 0.6f), at::tensor({1, 0}).to(at::kBool)};
  Criterion({proposals}, targets, {}).total.backward();
  const at::Tensor logit_gradient = proposals.logits.grad(), box_gradient = proposals.boxes.grad();
  EXPECT_TRUE((logit_gradient[1] > 0).all().item<bool>());  // every score goes down
  EXPECT_EQ((logit_gradient[0] < 0).sum().item<int>(), 1);  // one goes up
  EXPECT_EQ(box_gradient[1].abs().sum().item<float>(), 0);
  EXPECT_GT(box_gradient[0].abs().sum().item<float>(), 0);
}

TEST(Criterion, IsFiniteWhereNothingIsThereAtAll) {
  const Proposals proposals = {at::zeros({2, 3}).requires_grad_(), at::full({2, 3, 4}, 0.3f).requires_grad_()};
  const Targets targets = {at::full({2, 4}, 0.6f), at::zeros({2}, at::kBool)};
  const Losses losses = Criterion({proposals}, targets, {});
  EXPECT_EQ(losses.l1.item<float>(), 0);
  EXPECT_GT(losses.total.item<float>(), 0);
}

TEST(Criterion, IsFiniteForBoxesWithoutArea) {
  const Proposals proposals = {at::zeros({1, 2}).requires_grad_(), at::zeros({1, 2, 4}).requires_grad_()};
  const Targets targets = {at::zeros({1, 4}), at::ones({1}, at::kBool)};
  const Losses losses = Criterion({proposals}, targets, {});
  losses.total.backward();
  EXPECT_TRUE(at::isfinite(losses.total).item<bool>());
  EXPECT_TRUE(at::isfinite(proposals.boxes.grad()).all().item<bool>());
}

TEST(Overlap, OfBoxesByHand) {
  const at::Tensor a = at::tensor({0.25f, 0.25f, 0.5f, 0.5f}).view({1, 4});
  const at::Tensor shifted = at::tensor({0.5f, 0.25f, 0.5f, 0.5f}).view({1, 4});
  const at::Tensor apart = at::tensor({0.875f, 0.25f, 0.25f, 0.5f}).view({1, 4});
  EXPECT_FLOAT_EQ(Iou(a, a).item<float>(), 1.0f);
  EXPECT_NEAR(Iou(a, shifted).item<float>(), 1.0 / 3, 1e-6);
  EXPECT_EQ(Iou(a, apart).item<float>(), 0.0f);
  const at::Tensor point = at::tensor({0.25f, 0.25f, 0.0f, 0.0f}).view({1, 4});
  EXPECT_EQ(Iou(point, point).item<float>(), 0.0f);
  EXPECT_NEAR(GeneralizedIou(a, shifted).item<float>(), 1.0 / 3, 1e-6);  // no gap: the hull is the union
  EXPECT_NEAR(GeneralizedIou(a, apart).item<float>(), -0.25, 1e-6);      // a quarter of the hull is in neither
}

}  // namespace
}  // namespace lqvg::train
