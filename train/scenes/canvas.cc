#include "train/scenes/canvas.h"

#include <cmath>
#include <cstddef>

#include "train/scenes/random.h"

namespace lqvg::scenes {
namespace {

constexpr int kLines = 4;            // sampled in each row of pixels
constexpr int kFull = 256;           // cover of a whole pixel
constexpr std::uint64_t kGrain = 7;  // the seed of grain: it need not differ between scenes

// Adds the part of each pixel that lies in [from, to) of one line.
void AddSpan(float from, float to, std::vector<int>* cover) {
  const int limit = static_cast<int>(cover->size());
  from = std::clamp(from, 0.0F, static_cast<float>(limit));
  to = std::clamp(to, 0.0F, static_cast<float>(limit));
  if (to <= from) return;
  constexpr float kOne = static_cast<float>(kFull) / kLines;
  const int first = static_cast<int>(from);
  const int last = static_cast<int>(to);
  const auto add = [cover](int x, float part) {
    (*cover)[static_cast<std::size_t>(x)] += static_cast<int>(part * kOne + 0.5F);
  };
  if (first == last) return add(first, to - from);
  add(first, static_cast<float>(first + 1) - from);
  for (int x = first + 1; x < last; ++x) (*cover)[static_cast<std::size_t>(x)] += kFull / kLines;
  if (last < limit) add(last, to - static_cast<float>(last));
}

}  // namespace

void Canvas::Fill(std::span<const Point> polygon, const Ink& ink) {
  if (polygon.size() < 3) return;
  float x_min = polygon[0].x, x_max = x_min, y_min = polygon[0].y, y_max = y_min;
  for (const Point p : polygon) {
    x_min = std::min(x_min, p.x);
    x_max = std::max(x_max, p.x);
    y_min = std::min(y_min, p.y);
    y_max = std::max(y_max, p.y);
  }
  if (extent_ != nullptr) {
    extent_->x_min = std::min(extent_->x_min, x_min);
    extent_->x_max = std::max(extent_->x_max, x_max);
    extent_->y_min = std::min(extent_->y_min, y_min);
    extent_->y_max = std::max(extent_->y_max, y_max);
    return;
  }
  if (x_max <= 0 || y_max <= 0 || x_min >= static_cast<float>(width_) || y_min >= static_cast<float>(height_)) return;
  const int first = std::max(0, static_cast<int>(y_min));
  const int end = std::min(height_, static_cast<int>(std::ceil(std::min(y_max, 1e6F))));
  for (int y = first; y < end; ++y) FillRow(y, polygon, ink);
}

void Canvas::FillRow(int y, std::span<const Point> polygon, const Ink& ink) {
  cover_.resize(static_cast<std::size_t>(width_));  // all 0 between rows
  float least = static_cast<float>(width_);
  float most = 0;
  for (int line = 0; line < kLines; ++line) {
    const float at = static_cast<float>(y) + (static_cast<float>(line) + 0.5F) / kLines;
    crossings_.clear();
    Point a = polygon.back();
    for (const Point b : polygon) {
      if ((a.y <= at) != (b.y <= at)) crossings_.push_back(a.x + (b.x - a.x) * ((at - a.y) / (b.y - a.y)));
      a = b;
    }
    std::sort(crossings_.begin(), crossings_.end());
    for (std::size_t i = 0; i + 1 < crossings_.size(); i += 2) AddSpan(crossings_[i], crossings_[i + 1], &cover_);
    if (!crossings_.empty()) {
      least = std::min(least, crossings_.front());
      most = std::max(most, crossings_.back());
    }
  }
  const int end = std::min(width_, static_cast<int>(std::clamp(most, 0.0F, 1e6F)) + 1);
  for (int x = std::max(0, static_cast<int>(least)); x < end; ++x) {
    int& cover = cover_[static_cast<std::size_t>(x)];
    if (cover > 0) Put(x, y, std::min(cover, kFull), ink);
    cover = 0;
  }
}

void Canvas::Put(int x, int y, int cover, const Ink& ink) {
  const std::size_t at = static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x);
  if (mask_ != nullptr) {
    mask_->cover[at] = std::max(mask_->cover[at], static_cast<std::uint8_t>(std::min(cover, 255)));
    return;
  }
  const int weight = static_cast<int>(static_cast<float>(cover) * ink.alpha + 0.5F);
  int lift = 0;
  if (ink.grain > 0) lift = static_cast<int>((UnitOf(HashOf(kGrain, x, y)) - 0.5F) * 2 * ink.grain);
  std::uint8_t* pixel = &image_->rgb[at * 3];
  const int colour[3] = {ink.colour.red, ink.colour.green, ink.colour.blue};
  for (int c = 0; c < 3; ++c) {
    const int target = std::clamp(colour[c] + lift, 0, 255);
    pixel[c] = static_cast<std::uint8_t>((pixel[c] * (kFull - weight) + target * weight + kFull / 2) / kFull);
  }
}

}  // namespace lqvg::scenes
