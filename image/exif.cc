#include "image/exif.h"

#include <optional>

namespace lqvg {
namespace {

constexpr int kOrientationTag = 274;

}  // namespace

int OrientationOf(const TiffDirectory& directory) {
  const std::uint64_t orientation = directory.Value(kOrientationTag).value_or(1);
  return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
}

int ExifOrientation(std::span<const std::uint8_t> block) {
  const std::optional<TiffStructure> structure = ReadTiffStructure(block);
  if (!structure) return 1;
  const std::optional<TiffDirectory> directory = TiffDirectory::Read(*structure, structure->first_directory);
  return directory ? OrientationOf(*directory) : 1;
}

}  // namespace lqvg
