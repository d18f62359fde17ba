#include "image/draw.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace lqvg {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;

// Pixels from x_min and y_min up to, not including, x_max and y_max.
struct PixelRect {
  int x_min, y_min, x_max, y_max;

  bool Empty() const { return x_min >= x_max || y_min >= y_max; }
};

// Floats beyond int do not convert; NaN becomes 0.
int ClampToPixel(float value, int limit) {
  if (!(value > 0.0f)) return 0;
  return value < static_cast<float>(limit) ? static_cast<int>(value) : limit;
}

PixelRect ClippedTo(const Image& image, const LabelledBox& box) {
  return {ClampToPixel(std::floor(box.x_min), image.width), ClampToPixel(std::floor(box.y_min), image.height),
          ClampToPixel(std::ceil(box.x_max), image.width), ClampToPixel(std::ceil(box.y_max), image.height)};
}

void Fill(const PixelRect& rect, const RgbColour& colour, Image* image) {
  for (int y = std::max(rect.y_min, 0); y < std::min(rect.y_max, image->height); ++y) {
    for (int x = std::max(rect.x_min, 0); x < std::min(rect.x_max, image->width); ++x) {
      const std::size_t pixel =
          static_cast<std::size_t>(y) * static_cast<std::size_t>(image->width) + static_cast<std::size_t>(x);
      std::copy(colour.begin(), colour.end(), image->rgb.begin() + static_cast<std::ptrdiff_t>(pixel * 3));
    }
  }
}

// Lines and letters grow with the picture, so that they are seen when a viewer shrinks it to the screen.
int LineWidth(const Image& image) { return std::max(2, std::max(image.width, image.height) / 400); }

void DrawLabel(const PixelRect& box, const LabelledBox& labelled, int line, Image* image) {
  const double scale = 0.25 * line;
  const int stroke = std::max(1, line / 2);
  int below_baseline = 0;
  const cv::Size text = cv::getTextSize(labelled.label, kFont, scale, stroke, &below_baseline);
  const int height = text.height + below_baseline + line;
  const int top = box.y_min >= height ? box.y_min - height : box.y_min;
  const int left = std::max(0, std::min(box.x_min, image->width - text.width - line));
  Fill({left, top, left + text.width + line, top + height}, labelled.colour, image);
  const int brightness = (labelled.colour[0] * 299 + labelled.colour[1] * 587 + labelled.colour[2] * 114) / 1000;
  const cv::Scalar ink = cv::Scalar::all(brightness > 128 ? 0 : 255);
  cv::Mat pixels(image->height, image->width, CV_8UC3, image->rgb.data());
  cv::putText(pixels, labelled.label, {left + line / 2, top + text.height + line / 2}, kFont, scale, ink, stroke,
              cv::LINE_AA);
}

}  // namespace

RgbColour DistinctColour(std::size_t index) {
  constexpr RgbColour kColours[] = {{255, 64, 64},  {64, 224, 255}, {255, 224, 0},  {224, 64, 255},
                                    {255, 144, 16}, {64, 96, 255},  {128, 255, 64}, {255, 255, 255}};
  return kColours[index % std::size(kColours)];
}

void DrawBox(const LabelledBox& box, Image* image) {
  const PixelRect rect = ClippedTo(*image, box);
  if (rect.Empty() || std::isnan(box.x_min + box.y_min + box.x_max + box.y_max)) return;
  const int line = LineWidth(*image);
  Fill({rect.x_min, rect.y_min, rect.x_max, std::min(rect.y_min + line, rect.y_max)}, box.colour, image);
  Fill({rect.x_min, std::max(rect.y_max - line, rect.y_min), rect.x_max, rect.y_max}, box.colour, image);
  Fill({rect.x_min, rect.y_min, std::min(rect.x_min + line, rect.x_max), rect.y_max}, box.colour, image);
  Fill({std::max(rect.x_max - line, rect.x_min), rect.y_min, rect.x_max, rect.y_max}, box.colour, image);
  if (!box.label.empty()) DrawLabel(rect, box, line, image);
}

}  // namespace lqvg
