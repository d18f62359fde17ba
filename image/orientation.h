// Turns a picture as its EXIF orientation asks.
//
// Stateless and thread-safe.
#pragma once

#include "image/image.h"

namespace lqvg {

// The picture upright: what a viewer that obeys `orientation` (1 to 8, as EXIF numbers them) shows. 5 to 8 swap the
// sides. Holds both pictures until it returns; orientation 1 copies nothing.
Image TurnUpright(Image image, int orientation);

}  // namespace lqvg
