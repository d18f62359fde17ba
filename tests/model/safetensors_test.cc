#include "model/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <ostream>
#include <string>

#include "tests/support/temporary_folder.h"

namespace lqvg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string File(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string file(sizeof length, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  return file + header + data;
}

auto Parse(const std::string& file) { return Safetensors::Parse(std::as_bytes(std::span(file.data(), file.size()))); }

TEST(SafetensorsTest, ReadsShapesTypesAndBytes) {
  const std::string file = File(
      R"({"__metadata__": {"format": "pt"}, "a": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]},)"
      R"( "b": {"dtype": "BF16", "shape": [], "data_offsets": [8, 10]}, "none": {"dtype": "F16", "shape": [0, 5], "data_offsets": [10, 10]}})",
      "12345678ab");
  const auto tensors = Parse(file);
  ASSERT_TRUE(tensors.ok()) << tensors.status();
  ASSERT_EQ(tensors->size(), 3u);
  EXPECT_THAT(tensors->at("a").shape, ElementsAre(1, 2));
  EXPECT_EQ(std::memcmp(tensors->at("a").data.data(), "12345678", 8), 0);
  EXPECT_EQ(tensors->at("b").type, StoredType::kBF16);
  EXPECT_EQ(tensors->at("b").data.size(), 2u);
  EXPECT_EQ(tensors->at("none").data.size(), 0u);
}

TEST(SafetensorsTest, EveryTruncationIsAnErrorAndNeverACrash) {
  const std::string whole = File(R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})", "12345678");
  ASSERT_TRUE(Parse(whole).ok());
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(Parse(whole.substr(0, size)).ok()) << size;
}

// Showing such a value in full takes a stack as deep as the header is long.
TEST(SafetensorsTest, ShowsADeeplyNestedValueByItsKind) {
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  const auto tensors = Parse(File("{\"w\": {\"dtype\": " + deep + ", \"shape\": [], \"data_offsets\": [0, 0]}}", ""));
  EXPECT_EQ(tensors.status().message(), "tensor w: dtype an array is not F32, F16, BF16 or I64");
}

TEST(SafetensorsTest, ShowsALongNameInPart) {
  const std::string name = "\xC3\xA9" + std::string(10'000, 'n');
  const absl::Status status = Parse(File("{\"" + name + "\": 1}", "")).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("tensor \\303\\251nnn"));
  EXPECT_LT(status.message().size(), 200u);
}

struct Fault {
  std::string header;
  const char* named;
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.header; }

class SafetensorsFaultTest : public testing::TestWithParam<Fault> {};

TEST_P(SafetensorsFaultTest, NamesTheTensor) {
  const auto tensors = Parse(File(GetParam().header, "12345678"));
  ASSERT_EQ(tensors.status().code(), absl::StatusCode::kInvalidArgument) << GetParam().header;
  EXPECT_THAT(std::string(tensors.status().message()), HasSubstr(GetParam().named));
}

INSTANTIATE_TEST_SUITE_P(
    Faults, SafetensorsFaultTest,
    testing::Values(
        Fault{"[1]", "not a JSON object"}, Fault{R"({"w": 3})", "tensor w"},
        Fault{R"({"w": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}})", "tensor w: dtype \"F64\""},
        Fault{R"({"w": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}})",
              "tensor w: holds 8 bytes, its shape and dtype need 12"},
        Fault{R"({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}})",
              "tensor w: data_offsets 0..16 lie outside"},
        Fault{R"({"w": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}})", "tensor w: data_offsets"},
        Fault{R"({"w": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}})", "tensor w: shape"},
        Fault{R"({"w": {"dtype": "F32", "shape": [4294967296, 4294967296, 4294967296], "data_offsets": [0, 8]}})",
              "tensor w: shape overflows"},
        Fault{R"({"w": {"dtype": "F32", "shape": [1,1,1,1,1,1,1,1,2], "data_offsets": [0, 8]}})", "tensor w: shape"}));

TEST(SafetensorsTest, OpenNamesTheFile) {
  EXPECT_EQ(Safetensors::Open("/nonexistent.safetensors").status().code(), absl::StatusCode::kNotFound);
  const TemporaryFolder folder;
  const auto opened = Safetensors::Open(folder.Write("broken.safetensors", "not a model"));
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(opened.status().message()), HasSubstr("broken.safetensors"));
}

}  // namespace
}  // namespace lqvg
