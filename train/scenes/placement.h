// Finds places for objects in a scene that is being laid out.
//
// Borrows the scene and changes it. Not thread-safe.
#pragma once

#include "train/scenes/geometry.h"
#include "train/scenes/random.h"
#include "train/scenes/scene.h"

namespace lqvg::scenes {

class Placement {
 public:
  // `gap`: pixels at least between the boxes of two objects.
  Placement(float gap, Scene* scene, Random* random) : gap_(gap), scene_(scene), random_(random) {}

  // Adds `object` to the scene where it fits, with what it needs there: a bridge's road, a roundabout's arms. False,
  // and nothing changed, where no place was found; half of the tries are made with a smaller object.
  bool Place(SceneObject object);

 private:
  // Each proposes one place: sets centre and angle, or answers false.
  bool Propose(SceneObject* object);
  bool ProposeHarbor(SceneObject* object);
  bool ProposeShip(SceneObject* object);
  bool ProposeVehicle(SceneObject* object);
  bool ProposeBridge(SceneObject* object);
  bool ProposeRoundabout(SceneObject* object);

  void MoveTo(Point centre, SceneObject* object) const;
  bool Fits(const SceneObject& object) const;       // inside the picture and clear of the others
  bool LiesRight(const SceneObject& object) const;  // ships in water, houses beside the road
  bool RoadsAreClear(const SceneObject& object) const;
  Point AnyPoint();

  float gap_;
  Scene* scene_;
  Random* random_;
};

}  // namespace lqvg::scenes
