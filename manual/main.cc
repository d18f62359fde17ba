// lqvg-manual: writes the manual pages of the programs, and the completion of bash, zsh and fish, where a package
// installs them from. Part of the build; the only file that sees both server and client.
//
// usage: lqvg-manual SHARE_DIR
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "client/cli/manual.h"
#include "client/eval/manual.h"
#include "client/load/manual.h"
#include "manual/completion.h"
#include "manual/man_page.h"
#include "server/manual.h"

namespace {

bool Write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) std::cerr << "lqvg-manual: cannot write " << path << "\n";
  return static_cast<bool>(file);
}

bool WriteAll(const std::filesystem::path& share, const lqvg::manual::Program& program) {
  return Write(share / "man" / "man1" / (program.name + ".1"), lqvg::manual::ManPage(program)) &&
         Write(share / "bash-completion" / "completions" / program.name, lqvg::manual::BashCompletion(program)) &&
         Write(share / "zsh" / "site-functions" / ("_" + program.name), lqvg::manual::ZshCompletion(program)) &&
         Write(share / "fish" / "vendor_completions.d" / (program.name + ".fish"),
               lqvg::manual::FishCompletion(program));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: lqvg-manual SHARE_DIR\n";
    return 2;
  }
  try {
    const bool written =
        WriteAll(argv[1], lqvg::serving::DescribeServer()) && WriteAll(argv[1], lqvg::cli::DescribeLqvg()) &&
        WriteAll(argv[1], lqvg::eval::DescribeLqvgEval()) && WriteAll(argv[1], lqvg::load::DescribeLqvgLoad());
    return written ? 0 : 1;
  } catch (const std::filesystem::filesystem_error& error) {
    std::cerr << "lqvg-manual: " << error.what() << "\n";
    return 1;
  }
}
