#include "model/model_digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace lqvg {
namespace {

std::string Directory() {
  const std::string directory = testing::TempDir() + "/model_digest_test";
  std::filesystem::create_directories(directory);
  for (const char* name : {"config.json", "merges.txt", "model.safetensors", "vocab.json"}) {
    std::ofstream(directory + "/" + name) << name;
  }
  return directory;
}

// The expected value is what `sha256sum config.json merges.txt model.safetensors vocab.json | sha256sum` prints.
TEST(ModelDigestTest, IsWhatTheShellCommandSays) {
  EXPECT_EQ(*ModelDigest(Directory()), "3c5a3fa11c7521b85829364e9b93436be03745d5a7fc155fe12103017e9a594a");
}

TEST(ModelDigestTest, ChangesWithAnyFile) {
  const std::string directory = Directory();
  const std::string before = *ModelDigest(directory);
  std::ofstream(directory + "/merges.txt") << "other";
  EXPECT_NE(*ModelDigest(directory), before);
}

TEST(ModelDigestTest, NamesTheMissingFile) {
  const std::string directory = Directory();
  std::filesystem::remove(directory + "/vocab.json");
  const auto digest = ModelDigest(directory);
  EXPECT_EQ(digest.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(digest.status().message()), testing::HasSubstr("vocab.json"));
}

}  // namespace
}  // namespace lqvg
