#include <array>
#include <bit>
#include <cstring>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "client/load/protocol.h"
#include "inference/grpc_predict_v2.pb.h"

namespace lqvg::load {
namespace {

static_assert(std::endian::native == std::endian::little, "raw contents are little-endian");

// An element of a BYTES tensor: its length in four bytes, then itself.
void AppendElement(std::string_view element, std::string* tensor) {
  const auto size = static_cast<std::uint32_t>(element.size());
  tensor->append(reinterpret_cast<const char*>(&size), sizeof(size));
  tensor->append(element);
}

void AddInput(const char* name, std::int64_t count, std::string raw, inference::ModelInferRequest* request) {
  auto* input = request->add_inputs();
  input->set_name(name);
  input->set_datatype("BYTES");
  input->add_shape(count);
  input->add_shape(1);
  *request->add_raw_input_contents() = std::move(raw);
}

// The output's bytes, or nothing where it is not there in that size.
std::string_view RawOutput(const inference::ModelInferResponse& response, std::string_view name, std::size_t bytes) {
  for (int i = 0; i < response.outputs_size() && i < response.raw_output_contents_size(); ++i) {
    if (response.outputs(i).name() == name && response.raw_output_contents(i).size() == bytes) {
      return response.raw_output_contents(i);
    }
  }
  return {};
}

class OipProtocol final : public Protocol {
 public:
  OipProtocol(const std::string& model, const std::string& nonce) : model_(model), nonce_(nonce) {}

  const char* name() const override { return "oip"; }
  const char* method() const override { return "/inference.GRPCInferenceService/ModelInfer"; }

  std::string PicturePart(const Picture& picture) const override {
    inference::ModelInferRequest request;
    request.set_model_name(model_);
    std::string raw;
    AppendElement(picture.encoded, &raw);
    AddInput("IMAGE", 1, std::move(raw), &request);
    return request.SerializeAsString();
  }

  std::string CallPart(const Picture& picture, const PlannedCall& call) const override {
    inference::ModelInferRequest request;
    request.set_id(IdOf(call));
    std::string raw;
    for (const std::size_t question : call.questions) AppendElement(picture.questions[question].expression, &raw);
    AddInput("EXPRESSION", static_cast<std::int64_t>(call.questions.size()), std::move(raw), &request);
    return request.SerializeAsString();
  }

  void Judge(const std::string& answer, const Picture& picture, const PlannedCall& call,
             Outcome* outcome) const override {
    inference::ModelInferResponse response;
    outcome->crossed = true;
    if (!response.ParseFromString(answer) || response.id() != IdOf(call)) return;
    const std::size_t count = call.questions.size();
    const std::string_view boxes = RawOutput(response, "BOXES", count * sizeof(Corners));
    if (boxes.empty()) return;
    outcome->crossed = false;
    for (std::size_t i = 0; i < count; ++i) {
      const auto& right = picture.questions[call.questions[i]].answer;
      if (!right) continue;
      ++outcome->answers_known;
      Corners box;
      std::memcpy(box.data(), boxes.data() + i * sizeof(Corners), sizeof(Corners));
      outcome->answers_right += Iou(box, *right) > kRightIou;
    }
  }

 private:
  std::string IdOf(const PlannedCall& call) const { return absl::StrCat(nonce_, "-", call.index); }

  const std::string model_, nonce_;
};

}  // namespace

std::unique_ptr<Protocol> MakeOipProtocol(const std::string& model, const std::string& nonce) {
  return std::make_unique<OipProtocol>(model, nonce);
}

}  // namespace lqvg::load
