#include "server/oip_wire.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "image/rejection.h"
#include "inference/grpc_predict_v2.pb.h"
#include "server/wire.h"
#include "server/wire_faults.h"
#include "server/wire_status.h"

namespace lqvg::serving {
namespace {

using inference::ModelInferRequest;

static_assert(std::endian::native == std::endian::little, "raw contents are little-endian");

constexpr int kTensors = 2;  // inputs, and outputs

constexpr char kOutOfRange[] = "PARAMETER_OUT_OF_RANGE";
constexpr std::size_t kMaxSmallRequestBytes = 4'096;  // they are names, parsed on the library's own threads
constexpr auto kLongestTimeout = std::chrono::hours(24);

std::string InputField(const char* name, std::string_view of_it = "") {
  return absl::StrCat("inputs[", name, "]", absl::string_view(of_it.data(), of_it.size()));
}

// Which of the request's inputs are which; -1: not there.
struct Inputs {
  int image = -1;
  int expression = -1;
};

Inputs FindInputs(const ModelInferRequest& request, Faults& faults) {
  Inputs inputs;
  if (request.inputs_size() > kTensors) {
    faults.Add(kOutOfRange, "inputs", absl::StrCat(request.inputs_size(), " tensors; IMAGE and EXPRESSION are wanted"));
    return inputs;
  }
  for (int i = 0; i < request.inputs_size(); ++i) {
    if (request.inputs(i).name() == kImageTensor) {
      inputs.image = i;
    } else if (request.inputs(i).name() == kExpressionTensor) {
      inputs.expression = i;
    } else {
      faults.Add(kOutOfRange, absl::StrCat("inputs[", i, "].name"), "is no input; IMAGE and EXPRESSION are");
    }
  }
  if (inputs.image < 0) faults.Add("FIELD_REQUIRED", InputField(kImageTensor), "is required");
  if (inputs.expression < 0) faults.Add("FIELD_REQUIRED", InputField(kExpressionTensor), "is required");
  return inputs;
}

// The elements that a tensor says it has; 0 when it is none of ours.
std::uint64_t CheckTensor(const ModelInferRequest::InferInputTensor& tensor, const char* name, Faults& faults) {
  if (tensor.datatype() != "BYTES") faults.Add(kOutOfRange, InputField(name, ".datatype"), "is not BYTES");
  const auto& shape = tensor.shape();
  if ((shape.size() == 1 || (shape.size() == 2 && shape[1] == 1)) && shape[0] > 0) {
    return static_cast<std::uint64_t>(shape[0]);
  }
  faults.Add(kOutOfRange, InputField(name, ".shape"), "is neither [n] nor [n,1] with n of at least 1");
  return 0;
}

// Elements, each behind its length.
std::vector<std::string_view> SplitRaw(std::string_view raw, std::uint64_t count, const char* name, Faults& faults) {
  std::vector<std::string_view> elements;
  while (elements.size() < count) {
    std::uint32_t size = 0;
    if (raw.size() < sizeof(size)) {
      faults.Add("MALFORMED_REQUEST", InputField(name),
                 absl::StrCat("its bytes end after ", elements.size(), " elements, its shape says ", count));
      return {};
    }
    std::memcpy(&size, raw.data(), sizeof(size));
    raw.remove_prefix(sizeof(size));
    if (size > raw.size()) {
      faults.Add("MALFORMED_REQUEST", ElementField(name, elements.size()),
                 absl::StrCat("its length is ", size, " bytes, and ", raw.size(), " are left"));
      return {};
    }
    elements.push_back(raw.substr(0, size));
    raw.remove_prefix(size);
  }
  if (!raw.empty()) {
    faults.Add("MALFORMED_REQUEST", InputField(name),
               absl::StrCat(raw.size(), " bytes are left behind the ", count, " elements that its shape says"));
    return {};
  }
  return elements;
}

// Views of the request's bytes; empty when they are not what the shape says.
std::vector<std::string_view> ElementsOf(const ModelInferRequest& request, int input, std::uint64_t count,
                                         const char* name, Faults& faults) {
  if (request.raw_input_contents_size() > 0) return SplitRaw(request.raw_input_contents(input), count, name, faults);
  const auto& contents = request.inputs(input).contents().bytes_contents();
  if (static_cast<std::uint64_t>(contents.size()) == count) return {contents.begin(), contents.end()};
  faults.Add("MALFORMED_REQUEST", InputField(name),
             absl::StrCat(contents.size(), " elements in bytes_contents, its shape says ", count));
  return {};
}

// Raw contents are for all tensors or for none.
void CheckContents(const ModelInferRequest& request, Faults& faults) {
  const int raw = request.raw_input_contents_size();
  if (raw == 0) return;
  if (raw != request.inputs_size()) {
    faults.Add("MALFORMED_REQUEST", "raw_input_contents",
               absl::StrCat(raw, " of them for ", request.inputs_size(), " inputs"));
  }
  const auto& inputs = request.inputs();
  if (std::any_of(inputs.begin(), inputs.end(), [](const auto& input) { return input.has_contents(); })) {
    faults.Add("MALFORMED_REQUEST", "raw_input_contents", "together with an input's own contents");
  }
}

std::vector<InferOutput> FindOutputs(const ModelInferRequest& request, Faults& faults) {
  if (request.outputs().empty()) return {InferOutput::kBoxes, InferOutput::kScores};
  std::vector<InferOutput> outputs;
  if (request.outputs_size() > kTensors) {
    faults.Add(kOutOfRange, "outputs", absl::StrCat(request.outputs_size(), " tensors; BOXES and SCORES are served"));
    return outputs;
  }
  for (int i = 0; i < request.outputs_size(); ++i) {
    const auto& output = request.outputs(i);
    const std::string field = absl::StrCat("outputs[", i, "]");
    if (output.name() != kBoxesTensor && output.name() != kScoresTensor) {
      faults.Add(kOutOfRange, field + ".name", "is no output; BOXES and SCORES are");
      continue;
    }
    // These would change what the caller gets, so they are not passed over.
    for (const char* const parameter : {"classification", "shared_memory_region"}) {
      if (output.parameters().contains(parameter)) {
        faults.Add(kOutOfRange, absl::StrCat(field, ".parameters[", parameter, "]"), "is not served");
      }
    }
    const InferOutput found = output.name() == kBoxesTensor ? InferOutput::kBoxes : InferOutput::kScores;
    if (std::find(outputs.begin(), outputs.end(), found) != outputs.end()) {
      faults.Add(kOutOfRange, field + ".name", "is asked for twice");
    }
    outputs.push_back(found);
  }
  return outputs;
}

std::optional<Duration> FindTimeout(const ModelInferRequest& request, Faults& faults) {
  const auto found = request.parameters().find("timeout");
  if (found == request.parameters().end()) return std::nullopt;
  const inference::InferParameter& timeout = found->second;
  if (timeout.parameter_choice_case() != inference::InferParameter::kInt64Param || timeout.int64_param() < 0) {
    faults.Add(kOutOfRange, "parameters[timeout]", "is not an int64 of at least 0: microseconds, 0 is none");
    return std::nullopt;
  }
  if (timeout.int64_param() == 0) return std::nullopt;
  const std::chrono::microseconds longest = kLongestTimeout;
  return std::chrono::microseconds(std::min<std::int64_t>(timeout.int64_param(), longest.count()));
}

// Pictures and expressions as views of the request's bytes.
struct Elements {
  std::vector<std::string_view> images;  // one, or as many as there are expressions
  std::vector<std::string_view> expressions;
};

Elements FindElements(const ModelInferRequest& request, const Inputs& inputs, const RequestLimits& limits,
                      Faults& faults) {
  const std::uint64_t images = CheckTensor(request.inputs(inputs.image), kImageTensor, faults);
  const std::uint64_t expressions = CheckTensor(request.inputs(inputs.expression), kExpressionTensor, faults);
  CheckContents(request, faults);
  if (expressions > static_cast<std::uint64_t>(limits.max_expressions)) {
    faults.Add("TOO_MANY_EXPRESSIONS", InputField(kExpressionTensor),
               AboveLimit(expressions, "", static_cast<std::uint64_t>(limits.max_expressions)));
  } else if (images > 1 && expressions > 0 && images != expressions) {
    faults.Add(kOutOfRange, InputField(kImageTensor, ".shape"),
               absl::StrCat(images, " images for ", expressions, " expressions; one for all, or one for each"));
  }
  if (!faults.empty()) return {};
  return {.images = ElementsOf(request, inputs.image, images, kImageTensor, faults),
          .expressions = ElementsOf(request, inputs.expression, expressions, kExpressionTensor, faults)};
}

void CheckElements(const Elements& elements, const RequestLimits& limits, Faults& faults) {
  for (std::size_t i = 0; i < elements.images.size(); ++i) {
    if (elements.images[i].empty()) faults.Add("FIELD_REQUIRED", ElementField(kImageTensor, i), "is empty");
  }
  const auto max_bytes = static_cast<std::size_t>(limits.max_expression_bytes);
  for (std::size_t i = 0; i < elements.expressions.size(); ++i) {
    const std::size_t bytes = elements.expressions[i].size();
    if (bytes <= max_bytes) continue;
    faults.Add("EXPRESSION_TOO_LONG", ElementField(kExpressionTensor, i), AboveLimit(bytes, " bytes", max_bytes));
  }
}

// One query for each different picture: what is sent twice is decoded and computed once.
void AddQueries(const Elements& elements, const std::string& request_id, InferQuery& infer) {
  std::unordered_map<std::string_view, std::size_t> query_of;
  for (std::size_t i = 0; i < elements.expressions.size(); ++i) {
    const std::size_t element = elements.images.size() == 1 ? 0 : i;
    const std::string_view image = elements.images[element];
    const auto [found, is_new] = query_of.try_emplace(image, infer.queries.size());
    if (is_new) {
      infer.queries.push_back({.request_id = request_id, .image = std::string(image)});
      infer.layout.images.push_back(element);
    }
    std::vector<std::string>& expressions = infer.queries[found->second].expressions;
    infer.layout.places.push_back({.query = found->second, .expression = expressions.size()});
    expressions.emplace_back(elements.expressions[i]);
  }
}

absl::StatusOr<InferQuery> ToInferQuery(const ModelInferRequest& request, const RequestLimits& limits,
                                        const ModelInfo& model, const std::string& request_id) {
  Faults faults;
  InferQuery infer;
  infer.layout.id = request.id();
  infer.layout.request_id = request_id;
  infer.layout.outputs = FindOutputs(request, faults);
  infer.timeout = FindTimeout(request, faults);
  const Inputs inputs = FindInputs(request, faults);
  Elements elements;
  if (inputs.image >= 0 && inputs.expression >= 0) elements = FindElements(request, inputs, limits, faults);
  CheckElements(elements, limits, faults);
  if (absl::Status status = faults.ToStatus(); !status.ok()) return status;
  if (absl::Status status =
          CheckServed(request.model_name(), request.model_version(), model, "model_name", "model_version");
      !status.ok()) {
    return status;
  }
  AddQueries(elements, request_id, infer);
  return infer;
}

}  // namespace

std::string ElementField(const char* tensor, std::size_t element) {
  return InputField(tensor, absl::StrCat("[", element, "]"));
}

absl::StatusOr<InferQuery> ParseModelInferRequest(grpc::ByteBuffer& bytes, const RequestLimits& limits,
                                                  const ModelInfo& model, std::string_view fallback_request_id) {
  ModelInferRequest request;
  const bool parsed = ParseMessage(bytes, request);
  bytes.Clear();
  if (!parsed) return WithRequestId(Malformed("inference.ModelInferRequest"), fallback_request_id);
  const std::string request_id = IsIdentifier(request.id()) ? request.id() : std::string(fallback_request_id);
  absl::StatusOr<InferQuery> infer = ToInferQuery(request, limits, model, request_id);
  if (!infer.ok()) return WithRequestId(infer.status(), request_id);
  return infer;
}

absl::Status ParseSmallRequest(const grpc::ByteBuffer& bytes, std::string_view type,
                               google::protobuf::MessageLite& message) {
  if (bytes.Length() > kMaxSmallRequestBytes || !ParseMessage(bytes, message)) return Malformed(type);
  return absl::OkStatus();
}

absl::Status CheckServed(const std::string& name, const std::string& version, const ModelInfo& model,
                         const std::string& name_field, const std::string& version_field) {
  if (absl::Status status = CheckModel(name, model, name_field); !status.ok()) return status;
  if (version.empty() || version == kModelVersion) return absl::OkStatus();
  const std::string served = absl::StrCat("the version served here is ", kModelVersion);
  return Reject(absl::StatusCode::kNotFound, "MODEL_NOT_FOUND", served, {{version_field, served}});
}

}  // namespace lqvg::serving
