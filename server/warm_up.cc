#include "server/warm_up.h"

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "model/query.h"

namespace lqvg::serving {
namespace {

Canvas GreyCanvas(int side) {
  Canvas canvas;
  canvas.side = side;
  canvas.rgb.assign(static_cast<std::size_t>(side) * static_cast<std::size_t>(side) * 3, 128);
  canvas.placement.image_width = side;
  canvas.placement.image_height = side;
  return canvas;
}

// `expression` with its words repeated until it has `tokens` tokens.
Expression Lengthened(const Expression& expression, std::size_t tokens) {
  Expression longer = expression;
  if (expression.token_ids.size() < 3) return longer;
  while (longer.token_ids.size() < tokens) longer.token_ids.insert(longer.token_ids.end() - 1, expression.token_ids[1]);
  return longer;
}

absl::Status RunOnce(Grounder& grounder, const Canvas& canvas, int images, const Expression& expression) {
  const std::vector<const Canvas*> canvases(static_cast<std::size_t>(images), &canvas);
  const auto image_features = grounder.EncodeImages(canvases);
  if (!image_features.ok()) return image_features.status();
  const Expression* const expressions[] = {&expression};
  const auto text_features = grounder.EncodeTexts(expressions);
  if (!text_features.ok()) return text_features.status();
  if (image_features->size() != canvases.size() || text_features->size() != 1) {
    return absl::InternalError("the model encodes another number of pictures or expressions than it is given");
  }

  std::vector<GroundingPair> pairs;
  for (const auto& image : *image_features)
    pairs.push_back({.image = image.get(), .text = text_features->front().get()});
  const absl::StatusOr<GroundingBatch> batch = grounder.Ground(pairs);
  if (!batch.ok()) return batch.status();
  if (batch->groundings.size() != pairs.size()) {
    return absl::InternalError(
        absl::StrCat("the model answers ", pairs.size(), " pairs with ", batch->groundings.size(), " groundings"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WarmUp(const LoadedModel& model, int max_images) {
  const ModelInfo& info = model.grounder->info();
  const Canvas canvas = GreyCanvas(info.input_size);
  absl::StatusOr<std::vector<std::int32_t>> token_ids = model.tokenizer->Encode("a ship");
  if (!token_ids.ok()) return token_ids.status();
  const Expression expression{.token_ids = *std::move(token_ids)};
  if (absl::Status status = RunOnce(*model.grounder, canvas, 1, expression); !status.ok()) return status;
  return RunOnce(*model.grounder, canvas, max_images,
                 Lengthened(expression, static_cast<std::size_t>(info.max_tokens)));
}

}  // namespace lqvg::serving
