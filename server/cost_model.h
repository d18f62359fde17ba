// What a batch costs: a straight line through its pictures and its pairs of picture and expression, learned from the
// batches that ran.
#pragma once

#include <array>

#include "absl/base/thread_annotations.h"
#include "server/clock.h"
#include "server/mutex.h"

namespace lqvg::serving {

// The line, as it is believed to be now. A value: what decides with it is a pure function. All zero: nothing is known,
// and nothing seems to cost anything.
struct BatchCost {
  double fixed_seconds = 0;
  double image_seconds = 0;       // for each distinct picture that must be encoded
  double expression_seconds = 0;  // for each pair
  // By how much batches differed from the line of late, on average, as a part of it.
  double spread = 0;

  // What such a batch takes.
  Duration Of(int images, int expressions) const;
};

// Learns by least squares, over some twenty batches back. What those batches do not tell apart,
// such as the picture from its expression when there was always one of each, stays as it was believed before.
//
// Thread-safe; nothing blocks.
class CostModel {
 public:
  // A batch of this size, at least one of either, took this long. One that took over four times what was expected
  // counts as four times: a stall of the machine is not the model's cost, and what lasts is learned all the same.
  void Learn(int images, int expressions, Duration took);

  BatchCost cost() const;

 private:
  using Vector = std::array<double, 3>;

  mutable Mutex mutex_;
  // The matrix and the right side of the normal equations, weighted by age.
  std::array<Vector, 3> matrix_ ABSL_GUARDED_BY(mutex_) = {};
  Vector right_ ABSL_GUARDED_BY(mutex_) = {};
  BatchCost cost_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lqvg::serving
