// What may be there: the colours in which a kind is found, and what the ground of a scene looks like from above.
//
// Pure functions. They keep made-up absences honest: "the red pond" is no near miss, and a bridge is not absent where a
// road crosses a river.
#pragma once

#include <optional>

#include "train/scenes/random.h"
#include "train/scenes/scene.h"

namespace lqvg::scenes {

// One of the colours in which people see that kind; none for a kind whose colour nobody mentions.
std::optional<Colour> AnyColourOf(Kind kind, Random& random);

// Whether the ground, a stroke or what lies in an object of the scene may be taken for one of that kind, though it is
// no object: boats in a harbour.
bool MayBeTakenFor(const Scene& scene, Kind kind);

}  // namespace lqvg::scenes
