#include <algorithm>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/eval/data_set.h"
#include "client/load/asked_scene.h"
#include "train/scenes/scene.h"

namespace lqvg::eval {
namespace {

// As training evaluates (train/scene_samples.h).
constexpr int kExpressions = 4;
constexpr float kAbsent = 0.25F;

struct Place {
  std::uint64_t index = 0;
  load::SizeShare size;
};

cli::ListItem ItemOf(const std::string& image, const load::AskedScene& asked, const scenes::ReferringExpression& said) {
  cli::ListItem item{.image = image, .expression = said.text};
  item.absent = said.target < 0;
  item.kind = scenes::NameOf(said.query.kind);
  if (item.absent) return item;
  const scenes::Bounds& b = asked.scene.objects[static_cast<std::size_t>(said.target)].bounds;
  item.truth = TruthOf({b.x_min, b.y_min, b.x_max, b.y_max});
  return item;
}

}  // namespace

DataSet MakeSceneSet(int scenes, std::uint64_t seed, const std::vector<load::SizeShare>& sizes) {
  const load::SceneOptions options{
      .pictures = scenes, .seed = seed, .questions = kExpressions, .absent = kAbsent, .sizes = sizes};
  const std::string size_text = absl::StrJoin(sizes, ", ", [](std::string* out, const load::SizeShare& size) {
    absl::StrAppend(out, size.width, " x ", size.height);
  });
  DataSet data{.name = absl::StrCat(scenes, " scenes of ", size_text, ", seed ", seed),
               .items = {},
               .flaws = {},
               .pictures = {}};
  std::map<std::string, Place> places;  // by the picture's name
  std::uint64_t index = 0;
  for (const load::SizeShare& size : load::DealSizes(sizes, scenes)) {
    const std::string image = absl::StrFormat("seed%d-%05d.png", seed, index);
    const load::AskedScene asked = load::MakeAskedScene(options, index, size);
    for (const scenes::ReferringExpression& said : asked.expressions) data.items.push_back(ItemOf(image, asked, said));
    places.emplace(image, Place{index++, size});
  }
  data.pictures = [options, places](const std::string& image) -> absl::StatusOr<std::string> {
    const auto place = places.find(image);
    if (place == places.end()) return absl::NotFoundError(absl::StrCat(image, ": no such scene"));
    absl::StatusOr<load::Picture> picture =
        load::PictureOf(load::MakeAskedScene(options, place->second.index, place->second.size));
    if (!picture.ok()) return picture.status();
    return std::move(picture->encoded);
  };
  return data;
}

}  // namespace lqvg::eval
