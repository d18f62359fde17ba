#include "model/model_digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/temporary_folder.h"

namespace lqvg {
namespace {

// A directory whose files hold their own names.
void Fill(const TemporaryFolder& folder) {
  for (const char* name : {"config.json", "merges.txt", "model.safetensors", "vocab.json"}) folder.Write(name, name);
}

// The expected value is what `sha256sum config.json merges.txt model.safetensors vocab.json | sha256sum` prints.
TEST(ModelDigestTest, IsWhatTheShellCommandSays) {
  const TemporaryFolder folder;
  Fill(folder);
  EXPECT_EQ(*ModelDigest(folder.Path("")), "3c5a3fa11c7521b85829364e9b93436be03745d5a7fc155fe12103017e9a594a");
}

TEST(ModelDigestTest, ChangesWithAnyFile) {
  const TemporaryFolder folder;
  Fill(folder);
  const std::string before = *ModelDigest(folder.Path(""));
  folder.Write("merges.txt", "other");
  EXPECT_NE(*ModelDigest(folder.Path("")), before);
}

TEST(ModelDigestTest, NamesTheMissingFile) {
  const TemporaryFolder folder;
  Fill(folder);
  std::filesystem::remove(folder.Path("vocab.json"));
  const auto digest = ModelDigest(folder.Path(""));
  EXPECT_EQ(digest.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(digest.status().message()), testing::HasSubstr("vocab.json"));
}

}  // namespace
}  // namespace lqvg
