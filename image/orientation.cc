#include "image/orientation.h"

#include <cstddef>
#include <utility>

namespace lqvg {
namespace {

// How the upright picture is walked over the stored one.
struct Walk {
  bool swap_sides;     // a row of the upright picture is a column of the stored one
  bool flip_stored_x;  // begin at the stored picture's right edge
  bool flip_stored_y;  // begin at its bottom edge
};

constexpr Walk kWalks[9] = {
    {},                     // EXIF counts from 1
    {false, false, false},  // 1: upright
    {false, true, false},   // 2: mirrored left to right
    {false, true, true},    // 3: upside down
    {false, false, true},   // 4: mirrored top to bottom
    {true, false, false},   // 5: transposed
    {true, false, true},    // 6: to be turned clockwise
    {true, true, true},     // 7: transposed over the other diagonal
    {true, true, false},    // 8: to be turned anticlockwise
};

}  // namespace

Image TurnUpright(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const Walk walk = kWalks[orientation];
  const std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(image.width) * 3;
  const std::ptrdiff_t step_x = walk.flip_stored_x ? -3 : 3;
  const std::ptrdiff_t step_y = walk.flip_stored_y ? -stride : stride;
  const std::ptrdiff_t along_row = walk.swap_sides ? step_y : step_x;
  const std::ptrdiff_t along_column = walk.swap_sides ? step_x : step_y;

  Image upright;
  upright.width = walk.swap_sides ? image.height : image.width;
  upright.height = walk.swap_sides ? image.width : image.height;
  upright.rgb.resize(image.rgb.size());
  std::ptrdiff_t row = (walk.flip_stored_x ? stride - 3 : 0) + (walk.flip_stored_y ? stride * (image.height - 1) : 0);
  std::uint8_t* out = upright.rgb.data();
  for (int y = 0; y < upright.height; ++y, row += along_column) {
    std::ptrdiff_t from = row;
    for (int x = 0; x < upright.width; ++x, from += along_row) {
      for (int c = 0; c < 3; ++c) *out++ = image.rgb[static_cast<std::size_t>(from + c)];
    }
  }
  return upright;
}

}  // namespace lqvg
