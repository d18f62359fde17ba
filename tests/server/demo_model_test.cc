#include "server/demo_model.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace lqvg::serving {
namespace {

TEST(DemoModelTest, IsBesideTheInstalledProgram) {
  const std::filesystem::path prefix = std::filesystem::path(testing::TempDir()) / "demo_model_test_prefix";
  const std::filesystem::path model = prefix / "share" / "lqvg-serve" / "models" / "demo";
  std::filesystem::create_directories(model);
  EXPECT_EQ(DemoModelDirectory(prefix / "bin" / "lqvg-server"), model.string());
  std::filesystem::remove_all(prefix);
}

TEST(DemoModelTest, IsInTheSourceTreeForAProgramThatIsNotInstalled) {
  EXPECT_EQ(DemoModelDirectory("/nowhere/build/bin/lqvg-server"), "models/demo");
}

}  // namespace
}  // namespace lqvg::serving
