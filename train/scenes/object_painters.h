// Paints single objects: each function draws one kind in the frame of its pen, sizes as the object says.
//
// The answer to an expression is the box of what these functions draw, so shadows, wakes and aprons are elsewhere
// (PaintBelow). Stateless and thread-safe.
#pragma once

#include "train/scenes/canvas.h"
#include "train/scenes/pen.h"
#include "train/scenes/random.h"
#include "train/scenes/scene.h"

namespace lqvg::scenes {

void PaintAirplane(const SceneObject& object, Pen* pen);
void PaintStorageTank(const SceneObject& object, Pen* pen);
void PaintSwimmingPool(const SceneObject& object, Pen* pen);
void PaintTennisCourt(const SceneObject& object, Pen* pen);
void PaintBasketballCourt(const SceneObject& object, Pen* pen);
void PaintBaseballField(const SceneObject& object, Pen* pen);
void PaintGroundTrackField(const SceneObject& object, Pen* pen);
void PaintShip(const SceneObject& object, Pen* pen);
void PaintHarbor(const SceneObject& object, Pen* pen);
void PaintRoundabout(const SceneObject& object, Pen* pen);
void PaintBuilding(const SceneObject& object, Pen* pen);
void PaintVehicle(const SceneObject& object, Pen* pen);
void PaintBridge(const SceneObject& object, Pen* pen);
void PaintParkingLot(const SceneObject& object, Pen* pen);
void PaintWindmill(const SceneObject& object, Pen* pen);
void PaintPond(const SceneObject& object, Pen* pen);

// A car seen from above, its front towards +x; parking lots are full of them.
void PaintCar(float length, float width, Rgb colour, Pen* pen);
// A hull with its bow towards +x and a cabin; piers have them alongside.
void PaintBoat(float length, float width, Rgb hull, Pen* pen);

// The paint of a colour's name; `random`, if any, varies it a little, never so far that it could pass for another.
Rgb PaintOf(Colour colour, Random* random);

// Whichever of the above draws the object's kind.
void PaintObject(const SceneObject& object, Canvas* canvas);

// What belongs to an object and is not part of it: a wake, a worn track, the ground around a tank.
void PaintBelow(const SceneObject& object, Canvas* canvas);

// The object as its shadow sees it.
void PaintShadow(const SceneObject& object, float sun_angle, Canvas* canvas);

// The tight upright box of what PaintObject draws.
Bounds MeasureObject(const SceneObject& object);

}  // namespace lqvg::scenes
