#include "train/recipe.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lqvg::train {
namespace {

TEST(Recipe, OfTheDemoModelIsRead) {
  const auto recipe = ReadRecipe(LQVG_SOURCE_DIR "/train/recipes/demo.json");
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  EXPECT_EQ(recipe->lists.format, "");
  EXPECT_EQ(recipe->model_dir, "models/demo");
  EXPECT_TRUE(recipe->from_scratch);
  EXPECT_GT(recipe->facets, 0);
}

TEST(Recipe, ToGoOnFromTheDemoModelSeesOtherScenes) {
  const auto recipe = ReadRecipe(LQVG_SOURCE_DIR "/train/recipes/demo-further.json");
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  EXPECT_FALSE(recipe->from_scratch);
  EXPECT_NE(recipe->seed, ReadRecipe(LQVG_SOURCE_DIR "/train/recipes/demo.json")->seed);
}

TEST(Recipe, OfAListIsRead) {
  const auto recipe = ParseRecipe(R"({"model_dir": "m", "from_scratch": false, "frozen": ["text_encoder"],
      "lists": {"format": "rsvg-hr", "train": "a.txt", "pictures": "p"},
      "begin_anew": ["poolout_module"], "rates": [{"parts": ["backbone.0"], "rate": 0.5}]})");
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  EXPECT_EQ(recipe->lists.train, "a.txt");
  EXPECT_EQ(recipe->frozen, std::vector<std::string>{"text_encoder"});
  EXPECT_EQ(recipe->begin_anew, std::vector<std::string>{"poolout_module"});
  ASSERT_EQ(recipe->rates.size(), 1u);
  EXPECT_EQ(recipe->rates[0].rate, 0.5);
  EXPECT_EQ(recipe->facets, 0) << "the official criterion alone, unless more is asked for";
}

struct Fault {
  const char* json;
  const char* message;
};

TEST(Recipe, FaultsAreNamed) {
  const Fault faults[] = {
      {"[]", "not a JSON object"},
      {R"({"model_dir": "m"})", "exactly one of \"scenes\" and \"lists\""},
      {R"({"model_dir": "m", "scenes": {}, "lists": {}})", "exactly one of"},
      {R"({"scenes": {}})", "model_dir must name"},
      {R"({"model_dir": "m", "scenes": {}, "steps": 0})", "steps is 0, must be a whole number in 1.."},
      {R"({"model_dir": "m", "scenes": {}, "steps": 1.5})", "steps is 1.5, must be a whole number"},
      {R"({"model_dir": "m", "scenes": {}, "step": 5})", "step is 5, must be left out: there is no such key"},
      {R"({"model_dir": "m", "scenes": {"absent": 1}})", "scenes.absent is 1, must be left out"},
      {R"({"model_dir": "m", "scenes": {"absent_share": 1}})", "scenes.absent_share is 1, must be a number in 0..0.9"},
      {R"({"model_dir": "m", "scenes": {}, "precision": "fp16"})",
       "precision is \"fp16\", must be auto or bf16 or fp32"},
      {R"({"model_dir": "m", "scenes": {}, "from_scratch": 1})", "from_scratch is 1, must be true or false"},
      {R"({"model_dir": "m", "scenes": {}, "rates": [{"part": []}]})", "rates[].part is an array, must be left out"},
      {R"({"model_dir": "m", "scenes": {}, "facets": -1})", "facets is -1, must be a number in 0..1000"},
      {R"({"model_dir": "m", "lists": {"format": "rsvg-hr"}, "facets": 1})", "facets is 1, must be 0 with lists"},
      {R"({"model_dir": "m", "scenes": {}, "parts_per_step": 7})",
       "parts_per_step is 7, must be at most pictures_per_step, which is 6"},
      {R"({"model_dir": "m", "scenes": {}, "parts_per_step": 2})",
       "parts_per_step is 2, must be 1 unless batch norms are frozen"},
      {R"({"model_dir": "m", "lists": {"format": "coco"}})", "lists.format is \"coco\", must be dior-rsvg or rsvg-hr"},
  };
  for (const Fault& fault : faults) {
    const auto recipe = ParseRecipe(fault.json);
    ASSERT_FALSE(recipe.ok()) << fault.json;
    EXPECT_NE(std::string(recipe.status().message()).find(fault.message), std::string::npos) << recipe.status();
  }
  EXPECT_EQ(ReadRecipe("/nowhere.json").status().code(), absl::StatusCode::kNotFound);
}

TEST(LearningRate, RisesHoldsAndFallsToZero) {
  Recipe recipe;
  recipe.steps = 1000;
  recipe.warm_up_steps = 100;
  recipe.learning_rate = 1.0;
  recipe.decay_from = 0.5;
  EXPECT_DOUBLE_EQ(LearningRate(recipe, 1), 0.01);
  EXPECT_DOUBLE_EQ(LearningRate(recipe, 50), 0.5);
  EXPECT_DOUBLE_EQ(LearningRate(recipe, 100), 1.0);
  EXPECT_DOUBLE_EQ(LearningRate(recipe, 501), 1.0);
  EXPECT_NEAR(LearningRate(recipe, 751), 0.5, 1e-12);
  EXPECT_GT(LearningRate(recipe, 1000), 0.0);
  EXPECT_LT(LearningRate(recipe, 1000), 1e-4);
}

}  // namespace
}  // namespace lqvg::train
