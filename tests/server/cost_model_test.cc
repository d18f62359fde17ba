#include "server/cost_model.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace lqvg::serving {
namespace {

using std::chrono::milliseconds;

double Milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

// What a made-up device takes: 20 ms, 5 ms a picture, 2 ms a pair.
Duration Took(int images, int expressions) { return milliseconds(20 + 5 * images + 2 * expressions); }

TEST(CostModelTest, KnowsNothingAtFirst) {
  const BatchCost cost = CostModel().cost();
  EXPECT_EQ(cost.Of(8, 32), Duration(0));
  EXPECT_EQ(cost.spread, 0);
}

TEST(CostModelTest, OneBatchIsBelievedAboutItsLike) {
  CostModel model;
  model.Learn(1, 1, milliseconds(27));
  EXPECT_NEAR(Milliseconds(model.cost().Of(1, 1)), 27, 0.5);
  EXPECT_GT(model.cost().spread, 0.05) << "sure of itself after one batch";
}

TEST(CostModelTest, LearnsTheThreeTermsFromBatchesOfAllSizes) {
  CostModel model;
  std::mt19937 random(1);
  for (int i = 0; i < 60; ++i) {
    const int images = std::uniform_int_distribution<int>(0, 8)(random);
    const int expressions = images + std::uniform_int_distribution<int>(1, 24)(random);
    model.Learn(images, expressions, Took(images, expressions));
  }
  const BatchCost cost = model.cost();
  EXPECT_NEAR(cost.fixed_seconds, 0.020, 0.0005);
  EXPECT_NEAR(cost.image_seconds, 0.005, 0.0003);
  EXPECT_NEAR(cost.expression_seconds, 0.002, 0.0001);
  EXPECT_LT(cost.spread, 0.02);
}

TEST(CostModelTest, WhatIsNotSeenApartStaysAsItWasBelieved) {
  CostModel model;
  for (const int size : {1, 8, 4, 2, 8, 1, 4, 2, 8, 1}) model.Learn(size, 2 * size, Took(size, 2 * size));
  const double eight = Milliseconds(model.cost().Of(8, 16));
  EXPECT_NEAR(eight, Milliseconds(Took(8, 16)), 1);
  for (int i = 0; i < 1000; ++i) model.Learn(1, 2, Took(1, 2));
  EXPECT_NEAR(Milliseconds(model.cost().Of(8, 16)), eight, 2) << "forgot what batches cost, from single calls";
}

TEST(CostModelTest, FollowsADeviceThatBecomesSlower) {
  CostModel model;
  for (int i = 0; i < 20; ++i) model.Learn(1, 1, milliseconds(10));
  for (int i = 0; i < 40; ++i) model.Learn(1, 1, milliseconds(100));
  EXPECT_NEAR(Milliseconds(model.cost().Of(1, 1)), 100, 10);
}

TEST(CostModelTest, AStallIsNotTheDevicesCost) {
  CostModel model;
  for (int i = 0; i < 50; ++i) model.Learn(1, 1, milliseconds(10));
  model.Learn(1, 1, std::chrono::seconds(60));
  EXPECT_LT(Milliseconds(model.cost().Of(1, 1)), 12);
}

TEST(CostModelTest, NoTermIsNegative) {
  CostModel model;
  // Larger batches that are quicker would want one to be.
  for (int i = 0; i < 40; ++i) {
    model.Learn(1, 1, milliseconds(30));
    model.Learn(8, 8, milliseconds(20));
  }
  const BatchCost cost = model.cost();
  EXPECT_GE(cost.fixed_seconds, 0);
  EXPECT_GE(cost.image_seconds, 0);
  EXPECT_GE(cost.expression_seconds, 0);
  EXPECT_GT(cost.Of(1, 1), milliseconds(15));
}

TEST(CostModelTest, KnowsHowMuchTheDeviceVaries) {
  CostModel steady, varying;
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    steady.Learn(1, 1, milliseconds(10));
    varying.Learn(1, 1, milliseconds(std::uniform_int_distribution<int>(6, 14)(random)));
  }
  EXPECT_LT(steady.cost().spread, 0.01);
  EXPECT_NEAR(varying.cost().spread, 0.2, 0.1);
}

}  // namespace
}  // namespace lqvg::serving
