// main of a fuzz target built without a fuzzer: gives it every file of some folders once.
//
// usage: NAME_fuzz FOLDER... Prints each file's name before it is tried, so that the last one printed is the one that
// crashed. Exit code 1 when a folder holds no file: a corpus that went missing is no success.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <vector>

#include "tests/fuzz/fuzz_target.h"
#include "tests/support/read_file.h"

namespace {

// Returns how many files there were.
std::size_t Replay(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path& file : files) {
    std::fprintf(stderr, "%s\n", file.c_str());
    const std::vector<std::uint8_t> content = lqvg::ReadFile(file.string());
    // A copy of exactly that size, so that the address sanitizer sees the first byte read behind it.
    const std::vector<std::uint8_t> exact(content.begin(), content.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
  }
  std::fprintf(stderr, "%s: %zu files\n", folder.c_str(), files.size());
  return files.size();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FOLDER...\n", argv[0]);
    return 2;
  }
  try {
    bool complete = true;
    for (int i = 1; i < argc; ++i) complete = Replay(argv[i]) > 0 && complete;
    return complete ? 0 : 1;
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "%s\n", exception.what());
    return 1;
  }
}
