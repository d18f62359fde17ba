// Any bytes as a config.json: what is accepted can be built, what is not is explained.
#include <string_view>

#include "model/architecture.h"
#include "tests/fuzz/fuzz_target.h"

namespace lqvg::fuzz {
namespace {

void RequireBuildable(const Architecture& architecture) {
  Require(architecture.hidden_dim > 0 && architecture.hidden_dim % 32 == 0, "the channels are whole groups");
  Require(architecture.nheads > 0 && architecture.hidden_dim % architecture.nheads == 0,
          "the heads share the channels");
  Require(architecture.num_queries >= 1 && architecture.num_queries <= 1'000, "there are queries");
  Require(architecture.input_size >= 64 && architecture.input_size <= 4'096, "the canvas has a size");
  for (std::size_t stage = 0; stage < architecture.backbone.widths.size(); ++stage) {
    Require(architecture.backbone.widths[stage] >= 1 && architecture.backbone.blocks[stage] >= 1,
            "every stage of the backbone has channels and blocks");
  }
  const TextEncoderShape& text = architecture.text_encoder;
  Require(text.num_attention_heads > 0 && text.hidden_size % text.num_attention_heads == 0,
          "the text encoder's heads share its channels");
  Require(text.layer_norm_eps > 0, "the layer norm cannot divide by zero");
  Require(text.MaxTokens() >= 2, "an expression has room for the tokens of its ends");
}

}  // namespace
}  // namespace lqvg::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto architecture = lqvg::ParseArchitecture({reinterpret_cast<const char*>(data), size});
  if (architecture.ok()) {
    lqvg::fuzz::RequireBuildable(*architecture);
  } else {
    const absl::Status& status = architecture.status();
    lqvg::fuzz::Require(status.code() == absl::StatusCode::kInvalidArgument, "a fault is INVALID_ARGUMENT");
    lqvg::fuzz::RequireReadable({status.message().data(), status.message().size()});
  }
  return 0;
}
