// Where the demo model is: what --model means when it is left empty.
#pragma once

#include <filesystem>
#include <string>

namespace lqvg::serving {

// `program` is the executable's own path. An installed PREFIX/bin/lqvg-server has its demo model in
// PREFIX/share/lqvg-serve/models/demo, wherever PREFIX was moved to; one that was only built is run from the root of
// the source tree, and finds it in models/demo. Looks at the file system, never fails.
std::string DemoModelDirectory(const std::filesystem::path& program);

}  // namespace lqvg::serving
