#include "client/load/pictures.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "client/load/asked_scene.h"
#include "files/file_bytes.h"

namespace lqvg::load {
namespace {

constexpr int kLeastSide = 128, kMostSide = 1024;    // pixels, of a scene
constexpr double kMostShare = 1e6;                   // so that sums stay finite
constexpr std::size_t kMaxPictureBytes = 64u << 20;  // the most that a server can be set to take

absl::Status JudgeSize(const SizeShare& size) {
  for (const int side : {size.width, size.height}) {
    if (side < kLeastSide || side > kMostSide) {
      return absl::InvalidArgumentError(
          absl::StrCat("a side of ", side, " pixels is not between ", kLeastSide, " and ", kMostSide));
    }
  }
  if (!(size.share > 0 && size.share <= kMostShare)) {
    return absl::InvalidArgumentError(absl::StrCat("a share of ", size.share, " is not above 0 and at most 1000000"));
  }
  return absl::OkStatus();
}

absl::Status Judge(const SceneOptions& options) {
  if (options.pictures < 1) return absl::InvalidArgumentError("at least one picture is needed");
  if (options.questions < 1) return absl::InvalidArgumentError("at least one question per picture is needed");
  if (!(options.absent >= 0 && options.absent <= 1)) {
    return absl::InvalidArgumentError(absl::StrCat("a share of absent things of ", options.absent, " is not 0 to 1"));
  }
  if (options.sizes.empty()) return absl::InvalidArgumentError("at least one size is needed");
  for (const SizeShare& size : options.sizes) {
    if (absl::Status judged = JudgeSize(size); !judged.ok()) return judged;
  }
  return absl::OkStatus();
}

// Deals sizes out so that each has its share of however many pictures: next comes what lags furthest behind. Drawn by
// lot, the most popular pictures of a workload could all be of one size.
class SizeTurns {
 public:
  explicit SizeTurns(const std::vector<SizeShare>& sizes) : sizes_(sizes), given_(sizes.size(), 0) {
    for (const SizeShare& size : sizes) sum_ += size.share;
  }

  const SizeShare& Next() {
    ++all_;
    std::size_t next = 0;
    for (std::size_t i = 1; i < sizes_.size(); ++i) {
      if (Lag(i) > Lag(next)) next = i;
    }
    ++given_[next];
    return sizes_[next];
  }

 private:
  double Lag(std::size_t i) const { return sizes_[i].share / sum_ * all_ - given_[i]; }

  const std::vector<SizeShare>& sizes_;
  std::vector<int> given_;
  int all_ = 0;
  double sum_ = 0;
};

// "512", "512x384", "512x384:3".
absl::StatusOr<SizeShare> ParseSize(absl::string_view part) {
  SizeShare size;
  const std::size_t colon = part.find(':');
  if (colon != absl::string_view::npos && !absl::SimpleAtod(part.substr(colon + 1), &size.share)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", part.substr(colon + 1), "\" is not a share"));
  }
  const absl::string_view sides = part.substr(0, colon);
  const std::size_t cross = sides.find('x');
  const bool is_square = cross == absl::string_view::npos;
  if (!absl::SimpleAtoi(sides.substr(0, cross), &size.width) ||
      !absl::SimpleAtoi(is_square ? sides : sides.substr(cross + 1), &size.height)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", sides, "\" is not SIDE or WIDTHxHEIGHT"));
  }
  if (absl::Status judged = JudgeSize(size); !judged.ok()) return judged;
  return size;
}

double Area(const Corners& box) {
  return std::max(0.0, static_cast<double>(box[2]) - static_cast<double>(box[0])) *
         std::max(0.0, static_cast<double>(box[3]) - static_cast<double>(box[1]));
}

}  // namespace

std::vector<SizeShare> DealSizes(const std::vector<SizeShare>& sizes, int pictures) {
  SizeTurns turns(sizes);
  std::vector<SizeShare> dealt;
  dealt.reserve(static_cast<std::size_t>(pictures));
  for (int i = 0; i < pictures; ++i) dealt.push_back(turns.Next());
  return dealt;
}

absl::StatusOr<std::vector<Picture>> MakeScenes(const SceneOptions& options) {
  if (absl::Status judged = Judge(options); !judged.ok()) return judged;
  std::vector<Picture> pictures;
  pictures.reserve(static_cast<std::size_t>(options.pictures));
  for (const SizeShare& size : DealSizes(options.sizes, options.pictures)) {
    absl::StatusOr<Picture> picture = PictureOf(MakeAskedScene(options, pictures.size(), size));
    if (!picture.ok()) return picture.status();
    pictures.push_back(*std::move(picture));
  }
  return pictures;
}

absl::StatusOr<std::vector<Picture>> ReadPictures(const std::vector<std::string>& paths,
                                                  const std::vector<std::string>& expressions) {
  if (paths.empty()) return absl::InvalidArgumentError("no pictures");
  if (expressions.empty()) return absl::InvalidArgumentError("no expressions to ask about the pictures");
  std::vector<Question> questions;
  questions.reserve(expressions.size());
  for (const std::string& expression : expressions) questions.push_back({expression, std::nullopt});
  std::vector<Picture> pictures;
  pictures.reserve(paths.size());
  for (const std::string& path : paths) {
    absl::StatusOr<std::string> bytes = ReadBytes(path, kMaxPictureBytes);
    if (!bytes.ok()) return bytes.status();
    if (bytes->empty()) return absl::InvalidArgumentError(absl::StrCat(path, " is empty"));
    pictures.push_back({.encoded = *std::move(bytes), .questions = questions});
  }
  return pictures;
}

absl::StatusOr<std::vector<SizeShare>> ParseSizes(const std::string& text) {
  std::vector<SizeShare> sizes;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const absl::StatusOr<SizeShare> size = ParseSize(absl::StripAsciiWhitespace(part));
    if (!size.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("size ", sizes.size() + 1, ": ", size.status().message()));
    }
    sizes.push_back(*size);
  }
  return sizes;
}

double Iou(const Corners& a, const Corners& b) {
  const double area_a = Area(a), area_b = Area(b);
  // Not "== 0": a corner that is not a number makes an area that is none.
  if (!(area_a > 0 && area_b > 0)) return 0;
  const double overlap = Area({std::max(a[0], b[0]), std::max(a[1], b[1]), std::min(a[2], b[2]), std::min(a[3], b[3])});
  return overlap / (area_a + area_b - overlap);
}

}  // namespace lqvg::load
