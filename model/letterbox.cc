#include "model/letterbox.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lqvg {
namespace {

// ImageNet's mean (123.7, 116.3, 103.5) as OpenCV's copyMakeBorder stores it: rounded, halves to even.
constexpr std::uint8_t kBorder[3] = {124, 116, 104};

// Our threads come from the decode pool, one picture each. OpenCV's own would fight with them and with the model's for
// the cores. The setting is the process's; this is the one place that makes it.
void KeepOpenCvOnCallersThread() {
  static const bool kept = [] {
    cv::setNumThreads(1);
    return true;
  }();
  static_cast<void>(kept);
}

// Python's round(): halves to even, which is the default rounding mode of the processor.
int PythonRound(double value) { return static_cast<int>(std::nearbyint(value)); }

// A side of the picture on the canvas. An extreme aspect would leave nothing of the shorter one.
int SideOnCanvas(int picture_side, double ratio) { return std::max(1, PythonRound(picture_side * ratio)); }

float Sigmoid(float logit) { return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(logit)))); }

void Clip(const Placement& placement, Box* box) {
  const auto width = static_cast<float>(placement.image_width);
  const auto height = static_cast<float>(placement.image_height);
  box->x_min = std::clamp(box->x_min, 0.0f, width);
  box->x_max = std::clamp(box->x_max, 0.0f, width);
  box->y_min = std::clamp(box->y_min, 0.0f, height);
  box->y_max = std::clamp(box->y_max, 0.0f, height);
}

}  // namespace

absl::StatusOr<Canvas> Letterbox(const Image& image, int side) {
  if (image.width <= 0 || image.height <= 0 || image.rgb.size() != image.ByteCount() || side <= 0) {
    return absl::InternalError("the picture's size and its pixels do not fit");
  }
  KeepOpenCvOnCallersThread();
  Canvas canvas;
  canvas.side = side;
  Placement& placement = canvas.placement;
  placement.image_width = image.width;
  placement.image_height = image.height;
  placement.ratio = static_cast<double>(side) / std::max(image.width, image.height);
  const int width = SideOnCanvas(image.width, placement.ratio);
  const int height = SideOnCanvas(image.height, placement.ratio);
  placement.pad_left = (side - width) / 2.0;
  placement.pad_top = (side - height) / 2.0;
  // Half a pixel of padding goes to the right and to the bottom; boxes are shifted by the exact half.
  const cv::Rect inside(PythonRound(placement.pad_left - 0.1), PythonRound(placement.pad_top - 0.1), width, height);
  canvas.rgb.resize(CanvasBytes(side));
  try {
    cv::Mat pixels(side, side, CV_8UC3, canvas.rgb.data());
    pixels.setTo(cv::Scalar(kBorder[0], kBorder[1], kBorder[2]));
    // OpenCV has no const view; the source is only read.
    const cv::Mat source(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.rgb.data()));
    cv::Mat target = pixels(inside);
    if (source.size() == target.size()) {
      source.copyTo(target);
    } else {
      cv::resize(source, target, target.size(), 0, 0, cv::INTER_AREA);
    }
  } catch (const cv::Exception& exception) {
    return absl::InternalError(absl::StrCat("OpenCV could not resize the picture: error ", exception.code));
  }
  return canvas;
}

std::size_t CanvasBytes(int side) { return static_cast<std::size_t>(side) * static_cast<std::size_t>(side) * 3; }

Box ToPicture(const Candidate& candidate, const Placement& placement, int side) {
  const double cx = candidate.cxcywh[0];
  const double cy = candidate.cxcywh[1];
  const double half_width = candidate.cxcywh[2] / 2.0;
  const double half_height = candidate.cxcywh[3] / 2.0;
  const auto x_in_picture = [&](double x) {
    return static_cast<float>((x * side - placement.pad_left) / placement.ratio);
  };
  const auto y_in_picture = [&](double y) {
    return static_cast<float>((y * side - placement.pad_top) / placement.ratio);
  };
  Box box;
  box.x_min = x_in_picture(cx - half_width);
  box.y_min = y_in_picture(cy - half_height);
  box.x_max = x_in_picture(cx + half_width);
  box.y_max = y_in_picture(cy + half_height);
  box.score = Sigmoid(candidate.logit);
  return box;
}

std::vector<Box> Answer(const Grounding& grounding, const Placement& placement, int side,
                        const AnswerOptions& options) {
  std::vector<Box> boxes;
  for (const Candidate& candidate : grounding.candidates) {
    const Box box = ToPicture(candidate, placement, side);
    if (box.score >= options.min_score) boxes.push_back(box);
  }
  std::stable_sort(boxes.begin(), boxes.end(), [](const Box& a, const Box& b) { return a.score > b.score; });
  if (boxes.size() > static_cast<std::size_t>(std::max(options.max_boxes, 0))) {
    boxes.resize(static_cast<std::size_t>(std::max(options.max_boxes, 0)));
  }
  if (options.clip_boxes) {
    for (Box& box : boxes) Clip(placement, &box);
  }
  return boxes;
}

}  // namespace lqvg
