#include "train/list_samples.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "image/image_decoder.h"
#include "model/letterbox.h"
#include "train/scenes/random.h"

namespace lqvg::train {
namespace {

absl::Status WithPlace(const std::string& place, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(place, ": ", status.message()));
}

absl::StatusOr<Image> ReadPicture(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  const std::vector<std::uint8_t> bytes(std::istreambuf_iterator<char>(file), {});
  absl::StatusOr<DecodedImage> decoded = DecodeImage(bytes, {});
  if (!decoded.ok()) return WithPlace(path, decoded.status());
  return std::move(decoded->image);
}

// Which picture comes at `place` of turn `turn`.
std::size_t Shuffled(std::size_t count, std::uint64_t seed, std::uint64_t turn, std::size_t place) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  scenes::Random random(scenes::Scramble(seed) ^ turn);
  for (std::size_t i = count - 1; i > 0; --i) {
    std::swap(order[i], order[static_cast<std::size_t>(random.Below(static_cast<int>(i) + 1))]);
  }
  return order[place];
}

}  // namespace

absl::StatusOr<std::unique_ptr<ListSamples>> ListSamples::Create(const datasets::AnnotationSet& set,
                                                                 const Tokenizer& tokenizer, int max_tokens,
                                                                 ListSampleOptions options) {
  auto source = std::unique_ptr<ListSamples>(new ListSamples(std::move(options)));
  std::map<std::string, std::size_t> index_of;
  for (const datasets::Annotation& annotation : set.annotations) {
    absl::StatusOr<std::string> normalized = NormalizeExpression(annotation.expression);
    if (!normalized.ok()) return WithPlace(annotation.picture, normalized.status());
    absl::StatusOr<std::vector<std::int32_t>> ids = tokenizer.Encode(*normalized);
    if (!ids.ok()) return WithPlace(annotation.picture, ids.status());
    if (ids->size() > static_cast<std::size_t>(max_tokens)) {
      return absl::InvalidArgumentError(absl::StrCat(annotation.picture, ": an expression of ", ids->size(),
                                                     " tokens, the model reads at most ", max_tokens));
    }
    const auto [found, is_new] = index_of.try_emplace(annotation.picture, source->pictures_.size());
    if (is_new) source->pictures_.push_back({annotation.picture, {}});
    source->pictures_[found->second].meant.push_back({{*std::move(ids)}, annotation.box});
  }
  if (source->pictures_.empty()) return absl::InvalidArgumentError("the list holds no expression to learn from");
  return source;
}

absl::StatusOr<Sample> ListSamples::Make(std::uint64_t index) const {
  const std::uint64_t turn = index / pictures_.size();
  const std::size_t place = static_cast<std::size_t>(index % pictures_.size());
  const Picture& picture =
      pictures_[options_.shuffled ? Shuffled(pictures_.size(), options_.seed, turn, place) : place];
  absl::StatusOr<Image> image = ReadPicture(options_.pictures + "/" + picture.name);
  if (!image.ok()) return image.status();
  absl::StatusOr<Canvas> canvas = Letterbox(*image, options_.input_size);
  if (!canvas.ok()) return canvas.status();

  Sample sample{*std::move(canvas), {}};
  const std::size_t count = std::min(picture.meant.size(), static_cast<std::size_t>(options_.expressions));
  for (std::size_t i = 0; i < count; ++i) {
    const Meant& meant = picture.meant[(static_cast<std::size_t>(turn) * count + i) % picture.meant.size()];
    const Box box = {meant.box.x_min, meant.box.y_min, meant.box.x_max, meant.box.y_max};
    sample.phrases.push_back({.expression = meant.expression,
                              .cxcywh = ToCanvas(box, sample.canvas.placement, options_.input_size),
                              .present = true,
                              .mentioned = {}});
  }
  return sample;
}

}  // namespace lqvg::train
