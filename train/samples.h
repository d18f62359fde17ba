// What a trainer learns from, before it becomes tensors: pictures with expressions and the boxes that they mean.
//
// No torch. A source is a pure function of an index, so a resumed run sees what an uninterrupted one would have seen.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "model/query.h"
#include "train/scenes/facets.h"

namespace lqvg::train {

// An object that an expression speaks of: what it means, another of the kind, a landmark; and what holds of it.
struct Mentioned {
  std::array<float, 4> cxcywh;
  scenes::Facets facets;
};

struct Phrase {
  Expression expression;
  std::array<float, 4> cxcywh = {0.5f, 0.5f, 0.5f, 0.5f};  // centre and size, 0..1 of the canvas; unused when absent
  bool present = true;                                     // false: nothing in the picture satisfies it
  std::vector<Mentioned> mentioned;  // what it means first, if present; empty where none are known
};

struct Sample {
  Canvas canvas;
  std::vector<Phrase> phrases;  // at least one
};

// Thread-safe: samples are made by a thread of their own while a step runs.
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  // Any index is good; sources that end begin again, in another order. Errors name the file at fault.
  virtual absl::StatusOr<Sample> Make(std::uint64_t index) const = 0;
};

// A box of a picture, in units of its canvas.
std::array<float, 4> ToCanvas(const Box& box, const Placement& placement, int side);

}  // namespace lqvg::train
