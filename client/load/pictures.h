// The pictures that a load is made of, each as a file's bytes with what may be asked about it and, where the picture is
// a made-up scene, the right answers.
//
// Plain data, made before the load begins and only read while it runs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace lqvg::load {

// Corners in pixels of the picture: x_min, y_min, x_max, y_max.
using Corners = std::array<float, 4>;

struct Question {
  std::string expression;
  std::optional<Corners> answer;  // of the one object that satisfies it; empty: not known, or nothing satisfies it
};

struct Picture {
  std::string encoded;              // a whole file, PNG unless it was read from one
  int width = 0, height = 0;        // pixels; 0: not known
  std::vector<Question> questions;  // at least one
};

struct SizeShare {
  int width = 256, height = 256;  // pixels, 128 to 1024 each
  double share = 1;               // above 0, in proportion to the others'
};

struct SceneOptions {
  int pictures = 100;
  std::uint64_t seed = 1;
  int questions = 8;  // per picture, as far as a scene has as many
  float absent = 0;   // share of the questions that nothing in the picture satisfies, 0..1
  std::vector<SizeShare> sizes = {SizeShare{}};
};

// Made-up scenes (train/scenes), as PNG. The same options give the same pictures. INVALID_ARGUMENT says which option is
// out of its range.
absl::StatusOr<std::vector<Picture>> MakeScenes(const SceneOptions& options);

// The sizes of so many scenes: they take turns by their shares, so that the first n have these too.
std::vector<SizeShare> DealSizes(const std::vector<SizeShare>& sizes, int pictures);

// Pictures from files, sent as they are, each with all of `expressions`; no answers are known.
// NOT_FOUND, PERMISSION_DENIED, or RESOURCE_EXHAUSTED (more than 64 MiB, which no server takes) names the file;
// INVALID_ARGUMENT: an empty file, no paths, or no expressions.
absl::StatusOr<std::vector<Picture>> ReadPictures(const std::vector<std::string>& paths,
                                                  const std::vector<std::string>& expressions);

// Text of this form is what the command line says: "256", "512x384", "256:3,512x384:1" (share after the colon,
// above 0 and at most 1000000). INVALID_ARGUMENT says what is wrong with which part.
absl::StatusOr<std::vector<SizeShare>> ParseSizes(const std::string& text);

// Overlap over union of two boxes, 0..1; 0 where either has no area.
double Iou(const Corners& a, const Corners& b);

}  // namespace lqvg::load
