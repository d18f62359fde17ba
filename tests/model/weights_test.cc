#include "model/weights.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "tests/support/temporary_folder.h"

namespace lqvg {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A file that holds w = [1, 2] as F32, h = [0.5, -2] as F16, b = [3] as BF16 and n = [7] as I64.
std::shared_ptr<const Safetensors> SomeWeights() {
  const std::string header =
      R"({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "h": {"dtype": "F16", "shape": [2], "data_offsets": [8, 12]},)"
      R"( "b": {"dtype": "BF16", "shape": [1], "data_offsets": [12, 14]}, "n": {"dtype": "I64", "shape": [1], "data_offsets": [14, 22]}})";
  std::string data(22, '\0');
  const float w[2] = {1, 2};
  const std::uint16_t h[2] = {0x3800, 0xC000}, b = 0x4040;
  std::memcpy(data.data(), w, 8);
  std::memcpy(data.data() + 8, h, 4);
  std::memcpy(data.data() + 12, &b, 2);
  data[14] = 7;
  const std::uint64_t length = header.size();
  std::string file(sizeof length, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  const TemporaryFolder folder;  // the mapping outlives the file
  return *Safetensors::Open(folder.Write("model.safetensors", file + header + data));
}

TEST(WeightsTest, EveryStoredTypeArrivesAsFp32) {
  Weights weights(SomeWeights(), at::kCPU);
  EXPECT_TRUE(at::equal(weights.Take("w", {2}), at::tensor({1.0f, 2.0f})));
  EXPECT_TRUE(at::equal(weights.Take("h", {2}), at::tensor({0.5f, -2.0f})));
  EXPECT_TRUE(at::equal(weights.Take("b", {1}), at::tensor({3.0f})));
  EXPECT_TRUE(weights.Finish({"n"}).ok());
}

TEST(WeightsTest, TensorsOutliveTheWeightsThatGaveThem) {
  at::Tensor w;
  {
    Weights weights(SomeWeights(), at::kCPU);
    w = weights.Take("w", {2});
  }
  EXPECT_TRUE(at::equal(w, at::tensor({1.0f, 2.0f})));
}

TEST(WeightsTest, FinishNamesEveryFault) {
  Weights weights(SomeWeights(), at::kCPU);
  weights.Take("w", {1, 2});
  weights.Take("absent", {3});
  weights.Take("n", {1});
  const absl::Status status = weights.Finish({"b"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr("w has shape [2], must be [1, 2]"));
  EXPECT_THAT(message, HasSubstr("absent is missing"));
  EXPECT_THAT(message, HasSubstr("n holds whole numbers"));
  EXPECT_THAT(message, HasSubstr("h is not part of the model"));
  EXPECT_THAT(message, Not(HasSubstr("b is not part")));
}

TEST(WeightsTest, ScopesAreDottedNames) {
  Weights weights(SomeWeights(), at::kCPU);
  Scope(weights).In("encoder.layers", 3).In("norm1").Take("weight", {2});
  EXPECT_THAT(std::string(weights.Finish({}).message()), HasSubstr("encoder.layers.3.norm1.weight is missing"));
}

}  // namespace
}  // namespace lqvg
