#include "client/cli/draw_result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "files/atomic_file.h"
#include "image/draw.h"
#include "image/image_decoder.h"
#include "image/png_writer.h"

namespace lqvg::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kPlaceholder[] = "{}";

bool IsFolder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> DrawingPaths(const std::string& out, const std::vector<std::string>& images) {
  const bool is_folder = IsFolder(out);
  std::vector<std::string> paths;
  std::set<std::string> taken;
  for (const std::string& image : images) {
    const std::string name = image == "-" ? "stdin" : fs::path(image).stem().string();
    const std::string path =
        is_folder ? (fs::path(out) / (name + ".png")).string() : absl::StrReplaceAll(out, {{kPlaceholder, name}});
    if (!taken.insert(path).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--draw would write ", path, " twice: give a folder or a name with {}, and pictures with different names"));
    }
    if (const fs::path folder = fs::path(path).parent_path(); !folder.empty() && !IsFolder(folder)) {
      return absl::InvalidArgumentError(absl::StrCat("--draw: there is no folder ", folder.string()));
    }
    paths.push_back(path);
  }
  return paths;
}

absl::Status DrawResult(const std::string& encoded, const v1::GroundResponse& response, const std::string& path) {
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(encoded.data()), encoded.size());
  auto decoded = DecodeImage(bytes, DecodeOptions{});
  if (!decoded.ok()) return decoded.status();
  for (int i = 0; i < response.results_size(); ++i) {
    for (const v1::Box& box : response.results(i).boxes()) {
      const std::string label = absl::StrFormat("%d: %.2f", i + 1, box.score());
      DrawBox({box.x_min(), box.y_min(), box.x_max(), box.y_max(), label, DistinctColour(static_cast<std::size_t>(i))},
              &decoded->image);
    }
  }
  const auto png = EncodePng(decoded->image);
  if (!png.ok()) return png.status();
  const std::span<const std::byte> content = std::as_bytes(std::span(*png));
  return WriteAtomically(path, std::span(&content, 1));
}

}  // namespace lqvg::cli
