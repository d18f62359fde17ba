// Where a test finds the files of the source tree: where it was built, or, for a test that was carried to another
// machine, in the folder that the environment variable LQVG_SOURCE_DIR names.
#pragma once

#include <cstdlib>
#include <string>

namespace lqvg {

inline std::string SourceTree() {
  const char* carried = std::getenv("LQVG_SOURCE_DIR");
  return carried != nullptr ? carried : LQVG_SOURCE_DIR;
}

}  // namespace lqvg
