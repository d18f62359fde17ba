#include "server/batch_plan.h"

#include <algorithm>
#include <utility>

namespace lqvg::serving {
namespace {

// Index of the first entry that `same` says yes to, at the end if there is none. A batch has few: a linear search will
// do.
template <typename Entry, typename Same>
std::size_t Find(const std::vector<Entry>& entries, Same same) {
  return static_cast<std::size_t>(std::find_if(entries.begin(), entries.end(), same) - entries.begin());
}

std::size_t AddImage(const PreparedQuery& query, std::vector<BatchPlan::Image>& images) {
  const std::size_t index = Find(images, [&](const BatchPlan::Image& image) {
    return !query.image_key.empty() && image.query->image_key == query.image_key;
  });
  if (index == images.size()) {
    images.push_back({.query = &query, .features = {}, .cacheable = !query.bypass_caches && !query.image_key.empty()});
  }
  BatchPlan::Image& image = images[index];
  ++image.calls;
  if (image.features == nullptr) image.features = query.features;
  return index;
}

std::size_t AddText(const Expression& expression, bool cacheable, std::vector<BatchPlan::Text>& texts) {
  const std::size_t index = Find(texts, [&](const BatchPlan::Text& text) {
    return text.cacheable == cacheable && text.expression->token_ids == expression.token_ids;
  });
  if (index == texts.size()) texts.push_back({.expression = &expression, .features = {}, .cacheable = cacheable});
  return index;
}

std::size_t AddPair(std::size_t image, std::size_t text, std::vector<BatchPlan::Pair>& pairs) {
  const std::size_t index =
      Find(pairs, [&](const BatchPlan::Pair& pair) { return pair.image == image && pair.text == text; });
  if (index == pairs.size()) pairs.push_back({.image = image, .text = text, .grounding = {}});
  return index;
}

}  // namespace

BatchPlan PlanBatch(std::span<const PreparedQuery* const> queries) {
  BatchPlan plan;
  for (const PreparedQuery* const query : queries) {
    BatchPlan::CallPart call{.query = query, .image = AddImage(*query, plan.images), .pairs = {}};
    for (std::size_t i = 0; i < query->expressions.size(); ++i) {
      const std::size_t text = AddText(query->expressions[i], !query->bypass_caches, plan.texts);
      const std::size_t index = AddPair(call.image, text, plan.pairs);
      BatchPlan::Pair& pair = plan.pairs[index];
      if (pair.grounding == nullptr && !query->known.empty()) pair.grounding = query->known[i];
      pair.cached = pair.grounding != nullptr;
      call.pairs.push_back(index);
    }
    plan.expressions += static_cast<int>(call.pairs.size());
    plan.calls.push_back(std::move(call));
  }
  return plan;
}

}  // namespace lqvg::serving
