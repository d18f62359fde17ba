// Draws answers on a picture: a box for each, with a label. For eyes, not for measurements.
//
// Stateless and thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "image/image.h"

namespace lqvg {

using RgbColour = std::array<std::uint8_t, 3>;

// A rectangle in picture pixels; (0, 0) is the top left corner of the top left pixel.
struct LabelledBox {
  float x_min = 0, y_min = 0, x_max = 0, y_max = 0;
  std::string label = {};  // drawn in ASCII, other characters as question marks; empty: none
  RgbColour colour = {255, 255, 255};
};

// Colours that are easy to tell apart, on aerial pictures and from each other; they repeat after 8.
RgbColour DistinctColour(std::size_t index);

// Draws the outline inwards from the box's edges, clipped to the picture, and the label above it (or inside, at the
// picture's top). A box outside the picture, or with a coordinate that is not a number, leaves no mark.
void DrawBox(const LabelledBox& box, Image* image);

}  // namespace lqvg
