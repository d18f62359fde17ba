// Answered expressions for tests.
#pragma once

#include <optional>
#include <string>

#include "client/eval/gallery.h"

namespace lqvg::eval {

// A case with a truth: the answered box has that IoU, as far as anybody asks.
inline GalleryCase Present(const std::string& expression, double iou, float score) {
  GalleryCase shown;
  shown.answered = {.image = "port.png",
                    .expression = expression,
                    .kind = "ship",
                    .truth = datasets::PixelBox{20, 30, 70, 60},
                    .box = datasets::PixelBox{25, 35, 75, 65},
                    .score = score,
                    .failure = ""};
  shown.iou = iou;
  return shown;
}

inline GalleryCase Absent(const std::string& expression, float score) {
  GalleryCase shown = Present(expression, 0, score);
  shown.answered.truth.reset();
  shown.iou.reset();
  return shown;
}

inline GalleryCase Failed(const std::string& expression, const std::string& failure) {
  GalleryCase shown = Present(expression, 0, 0);
  shown.answered.box.reset();
  shown.answered.failure = failure;
  shown.iou.reset();
  return shown;
}

}  // namespace lqvg::eval
