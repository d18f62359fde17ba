// One expression of a data set, with what a server answered: what figures and gallery are made from.
//
// Plain data.
#pragma once

#include <optional>
#include <string>

#include "train/datasets/annotation.h"

namespace lqvg::eval {

struct Answered {
  std::string image;       // the picture's file, or the scene's name, as the data set has it
  std::string expression;  // as the data set has it
  std::string kind;        // category of the object meant; empty where the data set does not say
  // Pixels of the picture. Empty: the data set says that nothing in the picture satisfies the expression.
  std::optional<datasets::PixelBox> truth;
  // The best box of the answer, pixels of the picture, as it came: it may reach over the picture's edge. Empty: the
  // call failed, and `failure` says why.
  std::optional<datasets::PixelBox> box;
  float score = 0;      // of that box, 0..1
  std::string failure;  // "NO_SUCH_FILE: ..."; empty with a box
};

}  // namespace lqvg::eval
