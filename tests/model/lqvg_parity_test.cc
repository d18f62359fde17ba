// The official code's answers, stage by stage, for pictures and expressions from file to box.
//
// Tolerances: token ids exactly, logits 1e-3, normalised boxes 2e-4, each probe 2e-4 of its largest magnitude, so that
// a failure says where. LQVG_PARITY_REPORT=1 prints the worst difference of every stage, LQVG_PARITY_DEVICE=cuda runs
// the model on a GPU, LQVG_REFERENCE_MODEL names the folder of the model's two directories where it is not the build's.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "image/image_decoder.h"
#include "model/device.h"
#include "model/letterbox.h"
#include "model/network.h"
#include "model/prepare.h"
#include "model/safetensors.h"
#include "model/tokenizer.h"
#include "nlohmann/json.hpp"
#include "tests/support/source_tree.h"

namespace lqvg {
namespace {

constexpr double kLogitTolerance = 1e-3, kBoxTolerance = 2e-4, kProbeTolerance = 2e-4;

const std::string kCases = SourceTree() + "/tests/reference/cases/";

struct Case {
  std::string name, image, expression;
  int input_size = 0;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::vector<Case> ReadCases() {
  std::ifstream file(kCases + "cases.json");
  std::vector<Case> cases;
  for (const auto& entry : nlohmann::json::parse(file)) {
    cases.push_back({entry.at("case"), entry.at("image"), entry.at("expression"), entry.at("input_size")});
  }
  return cases;
}

// The device is the first thing that this process asks of LibTorch.
at::Device Device() {
  static const at::Device device = [] {
    const char* name = std::getenv("LQVG_PARITY_DEVICE");
    return OpenDevice(name != nullptr ? name : "cpu").value();
  }();
  return device;
}

std::string ModelDirectory(int input_size) {
  const char* folder = std::getenv("LQVG_REFERENCE_MODEL");
  return std::string(folder != nullptr ? folder : LQVG_REFERENCE_MODEL) + "/" + std::to_string(input_size);
}

// The models of both input sizes share their weights; loading one takes a fraction of a second.
const Network& NetworkOf(int input_size) {
  static std::map<int, std::unique_ptr<const Network>> networks;
  auto& network = networks[input_size];
  if (network == nullptr) network = LoadNetwork(ModelDirectory(input_size), Device()).value();
  return *network;
}

at::Tensor ToTensor(const StoredTensor& stored) {
  const at::ScalarType type = stored.type == StoredType::kI64 ? at::kLong : at::kFloat;
  return at::from_blob(const_cast<std::byte*>(stored.data.data()), stored.shape, type).clone();
}

std::map<std::string, double>& Worst() {
  static std::map<std::string, double> worst;
  return worst;
}

void Note(const std::string& stage, double difference) {
  double& worst = Worst()[stage];
  worst = std::max(worst, difference);
}

class ParityTest : public testing::TestWithParam<Case> {
 public:
  static void TearDownTestSuite() {
    if (std::getenv("LQVG_PARITY_REPORT") == nullptr) return;
    for (const auto& [stage, difference] : Worst()) std::printf("%-22s %.2e\n", stage.c_str(), difference);
  }

 protected:
  ParityTest() : expected_(*Safetensors::Open(kCases + GetParam().name + ".safetensors")) {}

  at::Tensor Expected(const std::string& name) const { return ToTensor(expected_->tensors().at(name)); }

  // Compares a stage with what the official code had there, whole or at the places that were kept.
  void ExpectStage(const std::string& name, const at::Tensor& value) const {
    const std::string key = "probe." + name;
    at::Tensor want, have = value.cpu().contiguous().flatten();
    if (expected_->tensors().contains(key)) {
      want = Expected(key).flatten();
    } else if (expected_->tensors().contains(key + ".value")) {
      want = Expected(key + ".value");
      have = have.index_select(0, Expected(key + ".index").to(at::kLong));
    } else {
      return;  // a stage that was not kept
    }
    const double difference = ((have - want).abs().max() / want.abs().max()).item<double>();
    Note(name, difference);
    EXPECT_LE(difference, kProbeTolerance) << "stage " << name;
  }

  const std::shared_ptr<const Safetensors> expected_;
};

TEST_P(ParityTest, GivesWhatTheOfficialCodeGives) {
  const c10::InferenceMode inference;
  const Network& network = NetworkOf(GetParam().input_size);
  const auto tokenizer = Tokenizer::Load(ModelDirectory(GetParam().input_size));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();

  const std::vector<std::string> expressions = {GetParam().expression};
  const auto prepared = PrepareExpressions(expressions, **tokenizer, {});
  ASSERT_TRUE(prepared.ok()) << prepared.status();
  const at::Tensor ids = at::tensor((*prepared)[0].token_ids, at::kLong);
  ASSERT_TRUE(at::equal(ids, Expected("token_ids").to(at::kLong)));

  std::ifstream file(kCases + GetParam().image, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
  const auto decoded = DecodeImage({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, {});
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  const auto canvas = Letterbox(decoded->image, GetParam().input_size);
  ASSERT_TRUE(canvas.ok()) << canvas.status();

  const std::int64_t side = canvas->side;
  const at::Tensor pixels = at::from_blob(const_cast<std::uint8_t*>(canvas->rgb.data()), {1, side, side, 3}, at::kByte);
  const Probe probe = [this](const std::string& name, const at::Tensor& value) { ExpectStage(name, value); };
  const ImageLevels image = Forward(network.image_encoder, pixels.to(Device()), probe);
  const at::Tensor row = ids.unsqueeze(0).to(Device());
  const TextWords text = Forward(network.text_encoder, row, at::ones_like(row, at::kBool), probe);
  Proposals proposals = Ground(network, image, text, probe);
  proposals = {proposals.logits.cpu(), proposals.boxes.cpu()};

  const double logits = (proposals.logits[0] - Expected("logits")).abs().max().item<double>();
  const double boxes = (proposals.boxes[0] - Expected("boxes_cxcywh")).abs().max().item<double>();
  Note("logits (absolute)", logits);
  Note("boxes (absolute)", boxes);
  EXPECT_LE(logits, kLogitTolerance);
  EXPECT_LE(boxes, kBoxTolerance);

  const at::Tensor in_picture = Expected("boxes_image_xyxy");
  const double pixels_tolerance =
      1.5 * kBoxTolerance * canvas->side / canvas->placement.ratio;  // an edge is centre -+ size / 2
  for (std::int64_t q = 0; q < proposals.boxes.size(1); ++q) {
    Candidate candidate;
    for (int k = 0; k < 4; ++k) candidate.cxcywh[k] = proposals.boxes[0][q][k].item<float>();
    const Box box = ToPicture(candidate, canvas->placement, canvas->side);
    const float edges[] = {box.x_min, box.y_min, box.x_max, box.y_max};
    for (int k = 0; k < 4; ++k) EXPECT_NEAR(edges[k], in_picture[q][k].item<float>(), pixels_tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(Official, ParityTest, testing::ValuesIn(ReadCases()), [](const auto& instance) {
  std::string name = instance.param.name;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
});

}  // namespace
}  // namespace lqvg
