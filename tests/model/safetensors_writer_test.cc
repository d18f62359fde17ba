#include "model/safetensors_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/support/temporary_folder.h"

namespace lqvg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::span<const std::byte> Bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string Text(const StoredTensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size()};
}

std::uint64_t HeaderBytes(const std::string& file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  return length;
}

TEST(SafetensorsWriterTest, IsReadBackByOurReader) {
  const TemporaryFolder folder;
  const std::string words = "12345678", halves = "abcdef", number = "ABCDEFGH", brains = "xy";
  const std::vector<NamedTensor> tensors = {{"w.weight", StoredType::kF32, {2, 1}, Bytes(words)},
                                            {"h", StoredType::kF16, {3}, Bytes(halves)},
                                            {"\xC3\xA9\"", StoredType::kBF16, {}, Bytes(brains)},
                                            {"none", StoredType::kF32, {0, 5}, {}},
                                            {"steps", StoredType::kI64, {1}, Bytes(number)}};
  const std::string path = folder.Path("model.safetensors");
  const absl::Status status = WriteSafetensors(path, tensors);
  ASSERT_TRUE(status.ok()) << status;

  const auto file = Safetensors::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  const auto& read = (*file)->tensors();
  ASSERT_THAT(read, SizeIs(tensors.size()));
  for (const NamedTensor& tensor : tensors) {
    ASSERT_TRUE(read.contains(tensor.name)) << tensor.name;
    EXPECT_EQ(read.at(tensor.name).type, tensor.type) << tensor.name;
    EXPECT_EQ(read.at(tensor.name).shape, tensor.shape) << tensor.name;
    EXPECT_EQ(Text(read.at(tensor.name)),
              std::string(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size()))
        << tensor.name;
  }
}

TEST(SafetensorsWriterTest, AlignsEveryTensorToItsType) {
  const TemporaryFolder folder;
  const std::string two = "ab", four = "abcd", eight = "abcdefgh";
  ASSERT_TRUE(WriteSafetensors(folder.Path("f"), std::vector<NamedTensor>{{"a", StoredType::kF16, {1}, Bytes(two)},
                                                                          {"b", StoredType::kF32, {1}, Bytes(four)},
                                                                          {"c", StoredType::kI64, {1}, Bytes(eight)},
                                                                          {"d", StoredType::kBF16, {1}, Bytes(two)}})
                  .ok());
  const auto file = Safetensors::Open(folder.Path("f"));
  ASSERT_TRUE(file.ok()) << file.status();
  for (const auto& [name, tensor] : (*file)->tensors()) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data.data()) % BytesOf(tensor.type), 0u) << name;
  }
}

TEST(SafetensorsWriterTest, PadsTheHeaderWithSpacesWhateverItsLength) {
  const TemporaryFolder folder;
  const std::string data = "1234";
  for (std::size_t length = 1; length <= 8; ++length) {
    const NamedTensor tensor = {std::string(length, 'n'), StoredType::kF32, {1}, Bytes(data)};
    ASSERT_TRUE(WriteSafetensors(folder.Path("f"), std::span(&tensor, 1)).ok());
    const std::string file = folder.Read("f");
    const std::uint64_t header = HeaderBytes(file);
    EXPECT_EQ(header % 8, 0u);
    ASSERT_EQ(file.size(), 8 + header + 4);
    EXPECT_EQ(file.substr(8 + header), data);
    const std::string text = file.substr(8, header);
    const std::size_t end = text.find_last_not_of(' ');
    EXPECT_EQ(text[end], '}');
    EXPECT_LT(text.size() - end - 1, 8u);
  }
}

TEST(SafetensorsWriterTest, TheOrderOfTheTensorsDoesNotMatter) {
  const TemporaryFolder folder;
  const std::string data = "1234", more = "5678";
  std::vector<NamedTensor> tensors = {{"b", StoredType::kF32, {1}, Bytes(data)},
                                      {"a", StoredType::kF32, {1}, Bytes(more)}};
  ASSERT_TRUE(WriteSafetensors(folder.Path("one"), tensors).ok());
  std::swap(tensors[0], tensors[1]);
  ASSERT_TRUE(WriteSafetensors(folder.Path("two"), tensors).ok());
  EXPECT_EQ(folder.Read("one"), folder.Read("two"));
  EXPECT_EQ(folder.Read("one").substr(folder.Read("one").size() - 8), "56781234");
}

TEST(SafetensorsWriterTest, SaysThatItIsPyTorchsUnlessToldOtherwise) {
  const TemporaryFolder folder;
  const auto metadata = [&](const char* name) {
    const std::string file = folder.Read(name);
    return nlohmann::json::parse(file.substr(8, HeaderBytes(file))).value("__metadata__", nlohmann::json());
  };
  ASSERT_TRUE(WriteSafetensors(folder.Path("plain"), {}).ok());
  EXPECT_EQ(metadata("plain"), (nlohmann::json{{"format", "pt"}}));
  ASSERT_TRUE(WriteSafetensors(folder.Path("told"), {}, {{"format", "pt"}, {"step", "12"}}).ok());
  EXPECT_EQ(metadata("told"), (nlohmann::json{{"format", "pt"}, {"step", "12"}}));
  ASSERT_TRUE(WriteSafetensors(folder.Path("none"), {}, {}).ok());
  EXPECT_TRUE(metadata("none").is_null());
}

struct Fault {
  NamedTensor tensor;
  const char* message;
};

const std::string kFour = "1234";

class SafetensorsWriterFaultTest : public testing::TestWithParam<Fault> {};

TEST_P(SafetensorsWriterFaultTest, NamesFileAndTensorAndWritesNothing) {
  const TemporaryFolder folder;
  const std::string path = folder.Path("f.safetensors");
  const std::vector<NamedTensor> tensors = {{"first", StoredType::kF32, {1}, Bytes(kFour)}, GetParam().tensor};
  const absl::Status status = WriteSafetensors(path, tensors);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), path + ": tensor " + GetParam().message);
  EXPECT_TRUE(std::filesystem::is_empty(folder.Path("")));
}

constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();

INSTANTIATE_TEST_SUITE_P(
    Faults, SafetensorsWriterFaultTest,
    testing::Values(Fault{{"w", StoredType::kF32, {2}, Bytes(kFour)}, "w: holds 4 bytes, its shape and type need 8"},
                    Fault{{"w", StoredType::kF32, {-1}, Bytes(kFour)}, "w: its shape holds a negative size"},
                    Fault{{"w", StoredType::kF32, {kHuge, kHuge}, Bytes(kFour)}, "w: its shape overflows"},
                    Fault{{"w", StoredType::kF32, {1, 1, 1, 1, 1, 1, 1, 1, 1}, Bytes(kFour)},
                          "w: its shape has more than 8 sizes"},
                    Fault{{"first", StoredType::kF16, {2}, Bytes(kFour)}, "first: is there twice"},
                    Fault{{"__metadata__", StoredType::kF32, {1}, Bytes(kFour)},
                          "__metadata__: the format keeps this name for itself"},
                    Fault{{"\xFF", StoredType::kF32, {1}, Bytes(kFour)}, "\\377: its name is not UTF-8"}));

TEST(SafetensorsWriterTest, RefusesMetadataThatIsNotUtf8) {
  const TemporaryFolder folder;
  const absl::Status value = WriteSafetensors(folder.Path("f"), {}, {{"note", "\xFF"}});
  EXPECT_EQ(value.message(), folder.Path("f") + ": metadata note: is not UTF-8");
  const absl::Status key = WriteSafetensors(folder.Path("f"), {}, {{"\xFF", "note"}});
  EXPECT_EQ(key.message(), folder.Path("f") + ": metadata \\377: is not UTF-8");
}

TEST(SafetensorsWriterTest, PassesOnWhyTheFileCannotBeWritten) {
  const absl::Status status = WriteSafetensors("/nonexistent/f.safetensors", {});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nonexistent/f.safetensors"));
}

}  // namespace
}  // namespace lqvg
