#include "absl/strings/str_cat.h"
#include "client/load/protocol.h"
#include "lqvg/v1/grounding.pb.h"

namespace lqvg::load {
namespace {

class LqvgProtocol final : public Protocol {
 public:
  explicit LqvgProtocol(const std::string& nonce) : nonce_(nonce) {}

  const char* name() const override { return "lqvg"; }
  const char* method() const override { return "/lqvg.v1.GroundingService/Ground"; }

  std::string PicturePart(const Picture& picture) const override {
    v1::GroundRequest request;
    request.mutable_image()->set_encoded(picture.encoded);
    return request.SerializeAsString();
  }

  std::string CallPart(const Picture& picture, const PlannedCall& call) const override {
    v1::GroundRequest request;
    for (const std::size_t question : call.questions) request.add_expressions(picture.questions[question].expression);
    request.set_request_id(IdOf(call));
    return request.SerializeAsString();
  }

  void Judge(const std::string& answer, const Picture& picture, const PlannedCall& call,
             Outcome* outcome) const override {
    v1::GroundResponse response;
    outcome->crossed = !response.ParseFromString(answer) || !IsOf(response, picture, call);
    if (outcome->crossed) return;
    for (int i = 0; i < response.results_size(); ++i) {
      const auto& right = picture.questions[call.questions[static_cast<std::size_t>(i)]].answer;
      if (!right) continue;
      ++outcome->answers_known;
      if (response.results(i).boxes().empty()) continue;
      const v1::Box& box = response.results(i).boxes(0);
      outcome->answers_right += Iou({box.x_min(), box.y_min(), box.x_max(), box.y_max()}, *right) > kRightIou;
    }
  }

 private:
  std::string IdOf(const PlannedCall& call) const { return absl::StrCat(nonce_, "-", call.index); }

  bool IsOf(const v1::GroundResponse& response, const Picture& picture, const PlannedCall& call) const {
    return response.request_id() == IdOf(call) &&
           static_cast<std::size_t>(response.results_size()) == call.questions.size() &&
           (picture.width == 0 || (response.image_width() == static_cast<std::uint32_t>(picture.width) &&
                                   response.image_height() == static_cast<std::uint32_t>(picture.height)));
  }

  const std::string nonce_;
};

}  // namespace

std::unique_ptr<Protocol> MakeLqvgProtocol(const std::string& nonce) { return std::make_unique<LqvgProtocol>(nonce); }

}  // namespace lqvg::load
