#include <array>
#include <cstddef>

#include "train/scenes/scene.h"

namespace lqvg::scenes {

std::string_view NameOf(Kind kind) {
  static constexpr std::array<std::string_view, kKinds> kNames = {
      "airplane",         "storage tank",   "swimming pool",      "tennis court",
      "basketball court", "baseball field", "ground track field", "ship",
      "harbor",           "roundabout",     "building",           "vehicle",
      "bridge",           "parking lot",    "windmill",           "pond"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view NameOf(Colour colour) {
  static constexpr std::array<std::string_view, kColours> kNames = {"",     "white", "gray",   "black", "red",
                                                                    "blue", "green", "yellow", "brown"};
  return kNames[static_cast<std::size_t>(colour)];
}

}  // namespace lqvg::scenes
