#include "train/facet_loss.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "train/scenes/facets.h"

namespace lqvg::train {
namespace {

constexpr std::int64_t kDim = 4;

// One expression, one layer, three queries that lie on three objects; heads that read nothing.
class FacetLossTest : public testing::Test {
 protected:
  FacetLossTest() {
    facets_ = at::full({1, 3, scenes::kFacets}, -1.0F);
    facets_[0].select(-1, 0).fill_(1);  // all are of the kind
    boxes_ = at::tensor({0.2F, 0.2F, 0.1F, 0.1F, 0.5F, 0.5F, 0.1F, 0.1F, 0.8F, 0.8F, 0.1F, 0.1F}).view({1, 3, 4});
    proposals_ = {at::tensor({0.0F, 3.0F, 0.0F}).view({1, 3}).requires_grad_(),
                  (boxes_ + 0.01F).detach().requires_grad_()};
    queries_ = at::zeros({1, 3, kDim});
    heads_.facets = {at::zeros({scenes::kFacets, kDim}), at::zeros({scenes::kFacets}).requires_grad_()};
    heads_.place = {at::zeros({4, kDim}), at::zeros({4}).requires_grad_()};
  }

  // `mentioned`: the rows of boxes_, what is meant first.
  void Run(const std::vector<std::int64_t>& mentioned, bool present) {
    const at::Tensor rows = at::tensor(mentioned);
    const Mentions mentions = {boxes_.index_select(1, rows), facets_.index_select(1, rows),
                               at::ones({1, rows.size(0)}, at::kBool)};
    const Targets targets = {mentions.boxes.select(1, 0), at::full({1}, present, at::kBool)};
    loss_ = FacetLoss({proposals_}, {queries_}, {heads_}, targets, mentions, {});
    loss_.backward();
  }
  // Per query.
  std::vector<bool> LearnsABox() const {
    std::vector<bool> learns;
    learns.reserve(3);
    for (int q = 0; q < 3; ++q) learns.push_back(proposals_.boxes.grad()[0][q].abs().sum().item<float>() > 0);
    return learns;
  }

  at::Tensor boxes_, facets_, queries_, loss_;
  Proposals proposals_;
  FacetHeads heads_;
};

TEST_F(FacetLossTest, TeachesTheOtherQueriesTheOtherObjects) {
  Run({1, 2, 0}, /*present=*/true);
  EXPECT_EQ(LearnsABox(), (std::vector<bool>{true, false, true}));  // the official criterion teaches query 1
  EXPECT_FALSE(proposals_.logits.grad().defined());
}

TEST_F(FacetLossTest, TeachesAllWhereNothingIsMeant) {
  Run({1, 2, 0}, /*present=*/false);
  EXPECT_EQ(LearnsABox(), (std::vector<bool>{true, true, true}));
}

TEST_F(FacetLossTest, LeavesQueriesWithoutAnObjectAlone) {
  Run({1, 2}, /*present=*/true);
  EXPECT_EQ(LearnsABox(), (std::vector<bool>{false, false, true}));
}

TEST_F(FacetLossTest, LearnsOnlyWhatIsKnown) {
  facets_[0][2][static_cast<int>(scenes::Facet::kZone)] = 0;  // one object is known to lie elsewhere
  Run({1, 2, 0}, /*present=*/true);
  const at::Tensor gradient = heads_.facets.bias.grad();
  const auto of = [&](scenes::Facet facet) { return gradient[static_cast<int>(facet)].item<float>(); };
  EXPECT_LT(of(scenes::Facet::kKind), 0);  // to be raised
  EXPECT_GT(of(scenes::Facet::kZone), 0);  // to be lowered
  EXPECT_EQ(of(scenes::Facet::kColour), 0);
  EXPECT_EQ(of(scenes::Facet::kOrdinal), 0);
}

TEST_F(FacetLossTest, QueriesWithoutAnObjectAreOfNoKind) {
  Run({1}, /*present=*/true);
  // Two of three queries have none: the bias falls.
  EXPECT_GT(heads_.facets.bias.grad()[static_cast<int>(scenes::Facet::kKind)].item<float>(), 0);
}

TEST_F(FacetLossTest, QueriesLearnWhereTheyAreWithoutMoving) {
  Run({1}, /*present=*/true);
  // On the mean the boxes lie in the middle, but are smaller than the half that a bias of 0 says.
  EXPECT_GT(heads_.place.bias.grad()[2].item<float>(), 0);
  EXPECT_EQ(proposals_.boxes.grad().defined() ? proposals_.boxes.grad().abs().sum().item<float>() : 0, 0);
}

TEST_F(FacetLossTest, LeavesOutWhatNoQueryIsFreeFor) {
  boxes_ = at::cat({boxes_, boxes_ + 0.05F}, 1);
  facets_ = at::cat({facets_, facets_}, 1);
  Run({1, 0, 2, 3, 4, 5}, /*present=*/true);
  EXPECT_TRUE(at::isfinite(loss_).item<bool>());
  EXPECT_EQ(LearnsABox(), (std::vector<bool>{true, false, true}));
}

TEST_F(FacetLossTest, IsNoNumberWhereProposalsAreNone) {
  proposals_.boxes = at::full({1, 3, 4}, std::numeric_limits<float>::quiet_NaN()).requires_grad_();
  Run({1, 2, 0}, /*present=*/true);
  EXPECT_TRUE(std::isnan(loss_.item<float>()));
}

TEST_F(FacetLossTest, TeachesPlacesAloneWhereNothingIsKnown) {
  const Mentions none = {at::zeros({1, 0, 4}), at::zeros({1, 0, scenes::kFacets}), at::zeros({1, 0}, at::kBool)};
  const at::Tensor loss =
      FacetLoss({proposals_}, {queries_}, {heads_}, {boxes_.select(1, 0), at::ones({1}, at::kBool)}, none, {});
  loss.backward();
  EXPECT_GT(loss.item<float>(), 0);
  EXPECT_FALSE(heads_.facets.bias.grad().defined());
}

}  // namespace
}  // namespace lqvg::train
