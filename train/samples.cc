#include "train/samples.h"

namespace lqvg::train {

std::array<float, 4> ToCanvas(const Box& box, const Placement& placement, int side) {
  const double scale = placement.ratio / side;
  const double left = placement.pad_left / side, top = placement.pad_top / side;
  const double x_min = box.x_min * scale + left, x_max = box.x_max * scale + left;
  const double y_min = box.y_min * scale + top, y_max = box.y_max * scale + top;
  return {static_cast<float>((x_min + x_max) / 2), static_cast<float>((y_min + y_max) / 2),
          static_cast<float>(x_max - x_min), static_cast<float>(y_max - y_min)};
}

}  // namespace lqvg::train
