#include "model/architecture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "tests/support/temporary_folder.h"

namespace lqvg {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<Architecture> Read(const std::string& json) {
  const TemporaryFolder folder;
  return ReadArchitecture(folder.Write("config.json", json));
}

TEST(ArchitectureTest, DefaultsAreTheOfficialModel) {
  const auto architecture = Read("{}");
  ASSERT_TRUE(architecture.ok()) << architecture.status();
  EXPECT_EQ(architecture->hidden_dim, 256);
  EXPECT_EQ(architecture->dim_feedforward, 2048);
  EXPECT_EQ(architecture->text_encoder.MaxTokens(), 512);
  EXPECT_EQ(architecture->backbone.blocks[2], 6);
  EXPECT_FALSE(architecture->made_up_weights);
}

TEST(ArchitectureTest, ReadsASmallBackbone) {
  const auto architecture = Read(
      R"({"format_version": 1, "backbone": {"stem": 24, "widths": [24, 48, 96, 192], "blocks": [2, 2, 2, 2]}, "input_size": 384})");
  ASSERT_TRUE(architecture.ok()) << architecture.status();
  EXPECT_EQ(architecture->backbone.stem, 24);
  EXPECT_EQ(architecture->backbone.widths[3], 192);
  EXPECT_EQ(architecture->input_size, 384);
}

TEST(ArchitectureTest, AMissingFileIsNotFound) {
  const auto architecture = ReadArchitecture("/nonexistent/config.json");
  EXPECT_EQ(architecture.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(architecture.status().message()), HasSubstr("/nonexistent/config.json"));
}

// Showing such a value in full takes a stack as deep as the file is long.
TEST(ArchitectureTest, ShowsADeeplyNestedValueByItsKind) {
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  EXPECT_EQ(ParseArchitecture("{\"enc_layers\": " + deep + "}").status().message(),
            "config.json: enc_layers is an array, must be a whole number in 1..24");
}

TEST(ArchitectureTest, ShowsALongTextInPart) {
  std::string text;
  for (int i = 0; i < 1'000; ++i) text += "\xC3\xA9";
  const absl::Status status = ParseArchitecture("{\"model_type\": \"" + text + "\"}").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("model_type is \"\\u00e9\\u00e9"));
  EXPECT_LT(status.message().size(), 200u);
}

struct Fault {
  const char* json;
  const char* named;
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.json; }

class ArchitectureFaultTest : public testing::TestWithParam<Fault> {};

TEST_P(ArchitectureFaultTest, NamesTheKey) {
  const auto architecture = Read(GetParam().json);
  ASSERT_EQ(architecture.status().code(), absl::StatusCode::kInvalidArgument) << GetParam().json;
  EXPECT_THAT(std::string(architecture.status().message()), HasSubstr(GetParam().named));
}

INSTANTIATE_TEST_SUITE_P(
    Faults, ArchitectureFaultTest,
    testing::Values(
        Fault{"", "not valid JSON"}, Fault{"[]", "not a JSON object"}, Fault{"{\"enc_layers\": 4", "not valid JSON"},
        Fault{R"({"format_version": 2})", "format_version is 2, must be 1"},
        Fault{R"({"model_type": "detr"})", "model_type"}, Fault{R"({"with_box_refine": false})", "with_box_refine"},
        Fault{R"({"num_feature_levels": 3})", "num_feature_levels is 3, must be 4"},
        Fault{R"({"hidden_dim": 250})", "hidden_dim is 250, must be a multiple of 32"},
        Fault{R"({"hidden_dim": 256, "nheads": 7})", "multiple of nheads"},
        Fault{R"({"enc_layers": 0})", "enc_layers is 0, must be a whole number in 1..24"},
        Fault{R"({"num_queries": 2.5})", "num_queries is 2.5"},
        Fault{R"({"input_size": 99999999999})", "input_size is 99999999999"},
        Fault{R"({"backbone": "swin"})", "backbone is \"swin\""},
        Fault{R"({"backbone": {"stem": 8, "widths": [1, 2, 3], "blocks": [1, 1, 1, 1]}})", "backbone.widths"},
        Fault{R"({"backbone": {"stem": 8, "widths": [1, 2, 3, 0], "blocks": [1, 1, 1, 1]}})", "backbone.widths[3]"},
        Fault{R"({"text_encoder": {"model_type": "bert"}})", "text_encoder.model_type"},
        Fault{R"({"text_encoder": {"hidden_size": 100, "num_attention_heads": 12}})", "text_encoder.hidden_size"},
        Fault{R"({"text_encoder": {"layer_norm_eps": -1}})", "text_encoder.layer_norm_eps"},
        Fault{R"({"made_up_weights": "yes"})", "made_up_weights"}));

}  // namespace
}  // namespace lqvg
