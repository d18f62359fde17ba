#include "train/evaluation.h"

#include <gtest/gtest.h>

#include <vector>

namespace lqvg::train {
namespace {

TEST(MeasureAccuracy, CountsWhatIsThereAndNothingElse) {
  Sample sample;
  sample.phrases = {{{}, {0.5f, 0.5f, 0.2f, 0.2f}, true, {}},
                    {{}, {0.5f, 0.5f, 0.2f, 0.2f}, true, {}},
                    {{}, {0.5f, 0.5f, 0.2f, 0.2f}, false, {}}};
  // Right; over to the side by a fifth of its width, which is an IoU of 2/3; and a box that no truth asked for.
  const std::vector<std::vector<BestBox>> boxes = {
      {{0.9f, {0.5f, 0.5f, 0.2f, 0.2f}}, {0.8f, {0.54f, 0.5f, 0.2f, 0.2f}}, {0.1f, {0.1f, 0.1f, 0.1f, 0.1f}}}};
  const Accuracy accuracy = MeasureAccuracy({sample}, boxes);
  EXPECT_EQ(accuracy.expressions, 2);
  EXPECT_EQ(accuracy.above[0], 1.0);
  EXPECT_EQ(accuracy.above[1], 1.0);
  EXPECT_EQ(accuracy.above[2], 0.5);
  EXPECT_NEAR(accuracy.mean_iou, (1 + 2.0 / 3) / 2, 1e-5);
}

TEST(SceneFigures, AreTold) {
  SceneFigures figures;
  figures.scenes = 3;
  figures.accuracy.above[0] = 0.125;
  figures.kinds = {{"ship", {7, {0.5, 0, 0, 0, 0}, 0.25}}};
  figures.parts = {{"zone", {9, {0.75, 0, 0, 0, 0}, 0.5}}};
  const std::string text = ToText(figures), json = ToJson(figures);
  EXPECT_NE(text.find("0.125"), std::string::npos) << text;
  EXPECT_NE(text.find("ship                      7  0.500"), std::string::npos) << text;
  EXPECT_NE(text.find("says zone                 9  0.750"), std::string::npos) << text;
  EXPECT_NE(json.find("\"zone\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"ship\""), std::string::npos) << json;
}

}  // namespace
}  // namespace lqvg::train
