#include "server/oip_wire_answer.h"

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "image/rejection.h"

namespace lqvg::serving {
namespace {

static_assert(std::endian::native == std::endian::little, "raw contents are little-endian");

// "expressions[2]..." of a query -> "inputs[EXPRESSION][5]..." and "image..." -> "inputs[IMAGE][3]..."; else as it is.
std::string FieldInTermsOfInfer(const std::string& field, const InferLayout& layout, std::size_t query) {
  absl::string_view rest = field;
  if (absl::ConsumePrefix(&rest, "image")) return absl::StrCat(ElementField(kImageTensor, layout.images[query]), rest);
  if (!absl::ConsumePrefix(&rest, "expressions[")) return field;
  std::size_t expression = 0;
  const std::size_t end = rest.find(']');
  if (end == rest.npos || !absl::SimpleAtoi(rest.substr(0, end), &expression)) return field;
  for (std::size_t i = 0; i < layout.places.size(); ++i) {
    if (layout.places[i].query != query || layout.places[i].expression != expression) continue;
    return absl::StrCat(ElementField(kExpressionTensor, i), rest.substr(end + 1));
  }
  return field;
}

void AddOutput(const char* name, std::initializer_list<std::int64_t> shape, const std::vector<float>& values,
               inference::ModelInferResponse& response) {
  auto* const output = response.add_outputs();
  output->set_name(name);
  output->set_datatype("FP32");
  for (const std::int64_t size : shape) output->add_shape(size);
  response.add_raw_output_contents(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

}  // namespace

absl::Status InTermsOfInfer(const absl::Status& rejection, const InferLayout& layout, std::size_t query) {
  std::vector<Violation> violations = ViolationsOf(rejection);
  if (violations.empty()) return rejection;
  std::string message(rejection.message());
  const std::string first = violations.front().field;
  for (Violation& violation : violations) violation.field = FieldInTermsOfInfer(violation.field, layout, query);
  // A message that begins with the first field says it in the same terms.
  if (absl::StartsWith(message, first + ":")) message.replace(0, first.size(), violations.front().field);
  return Reject(rejection.code(), ReasonOf(rejection), message, std::move(violations));
}

inference::ModelInferResponse ToModelInferResponse(const std::vector<CallOutcome>& parts, const InferLayout& layout,
                                                   const ModelInfo& model) {
  std::vector<float> boxes, scores;
  for (const InferLayout::Place& place : layout.places) {
    // One box, because a query without min_score has as many as max_boxes says; at() throws if ever not.
    const Box& box = parts.at(place.query).answer->results.at(place.expression)->at(0);
    boxes.insert(boxes.end(), {box.x_min, box.y_min, box.x_max, box.y_max});
    scores.push_back(box.score);
  }
  inference::ModelInferResponse response;
  response.set_model_name(model.name);
  response.set_model_version(kModelVersion);
  response.set_id(layout.id);
  const auto count = static_cast<std::int64_t>(layout.places.size());
  for (const InferOutput output : layout.outputs) {
    if (output == InferOutput::kBoxes) AddOutput(kBoxesTensor, {count, 4}, boxes, response);
    if (output == InferOutput::kScores) AddOutput(kScoresTensor, {count}, scores, response);
  }
  return response;
}

inference::ModelMetadataResponse ToModelMetadataResponse(const ModelInfo& model) {
  inference::ModelMetadataResponse response;
  response.set_name(model.name);
  response.add_versions(std::string(kModelVersion));  // g++ 12 warns of a literal of one character
  response.set_platform("lqvg_safetensors");
  const auto add = [](const char* name, const char* datatype, std::initializer_list<std::int64_t> shape,
                      auto* tensors) {
    auto* const tensor = tensors->Add();
    tensor->set_name(name);
    tensor->set_datatype(datatype);
    for (const std::int64_t size : shape) tensor->add_shape(size);
  };
  add(kImageTensor, "BYTES", {-1}, response.mutable_inputs());
  add(kExpressionTensor, "BYTES", {-1}, response.mutable_inputs());
  add(kBoxesTensor, "FP32", {-1, 4}, response.mutable_outputs());
  add(kScoresTensor, "FP32", {-1}, response.mutable_outputs());
  return response;
}

}  // namespace lqvg::serving
