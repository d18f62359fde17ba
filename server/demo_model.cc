#include "server/demo_model.h"

#include <system_error>

namespace lqvg::serving {

std::string DemoModelDirectory(const std::filesystem::path& program) {
  const std::filesystem::path prefix = program.parent_path().parent_path();
  const std::filesystem::path installed = prefix / "share" / "lqvg-serve" / "models" / "demo";
  std::error_code ignored;
  return std::filesystem::is_directory(installed, ignored) ? installed.string() : "models/demo";
}

}  // namespace lqvg::serving
