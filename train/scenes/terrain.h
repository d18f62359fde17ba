// The ground of a scene: where its water lies, and its picture without roads, clutter or objects.
//
// Stateless and thread-safe.
#pragma once

#include "image/image.h"
#include "train/scenes/geometry.h"
#include "train/scenes/scene.h"

namespace lqvg::scenes {

// How far `p` lies beyond the shore of a kCoast scene, in pixels: above 0 in the water, below 0 on land. Elsewhere a
// large negative number.
float BeyondShore(const Scene& scene, Point p);

// How far `p` is from the middle of the nearest stroke of `material`, less half the stroke's width: below 0 on it.
float DistanceToStrokes(const Scene& scene, Stroke::Material material, Point p);

// Whether the sea or a river covers `p`.
bool IsWater(const Scene& scene, Point p);

// The land, everywhere. [height, width]
Image PaintLand(const Scene& scene);

// The sea over the land and the roads, with its beach and surf; nothing unless the scene is kCoast.
void PaintSea(const Scene& scene, Image* image);

// Roads and rivers, in order.
void PaintStrokes(const Scene& scene, Image* image);

}  // namespace lqvg::scenes
