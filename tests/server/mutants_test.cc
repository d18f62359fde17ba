// 125,000 damaged pictures and messages sent to a real server: it answers each of them in the contract's words, and
// goes on. A failure names its mutant; MUTANT=number in the environment sends that one alone.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/server/infer_request.h"
#include "tests/server/mutation.h"
#include "tests/server/prepared_serving_fixture.h"
#include "tests/support/read_file.h"

namespace lqvg::serving {
namespace {

constexpr char kGround[] = "/lqvg.v1.GroundingService/Ground";
constexpr char kModelInfer[] = "/inference.GRPCInferenceService/ModelInfer";
constexpr std::uint32_t kMutants = 25'000;  // of each format
constexpr std::uint32_t kGoodCallEvery = 1'000;
constexpr int kAtOnce = 32;  // calls
constexpr int kChannels = 4;

// The names of the mutants that are being answered, so that a crash can name them.
class InFlight {
 public:
  static void Set(std::size_t slot, const std::string& name) {
    std::strncpy(names_[slot].data(), name.c_str(), names_[slot].size() - 2);
  }
  static void Clear(std::size_t slot) { names_[slot][0] = '\0'; }

  // From now on a fatal signal writes them to stderr before it takes its course.
  static void ReportCrashes() {
    for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) {
      struct sigaction action = {};
      action.sa_handler = [](int number) {
        for (auto& name : names_) {
          if (name[0] == '\0') continue;
          static_cast<void>(!write(STDERR_FILENO, name.data(), std::strlen(name.data())));
          static_cast<void>(!write(STDERR_FILENO, "\n", 1));
        }
        sigaction(number, &former_[number], nullptr);
        raise(number);
      };
      sigaction(signal, &action, &former_[signal]);
    }
  }

 private:
  static inline std::array<std::array<char, 200>, kAtOnce> names_ = {};
  static inline std::array<struct sigaction, 65> former_ = {};
};

// What a mutant may be answered with, beside OK, and what it must not.
using Codes = std::vector<std::string>;

class MutantsTest : public PreparedServingTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartServer([this](const FinishedCall& call) {
      MutexLock lock(&mutex_);
      ++reported_[call.reason];
    }));
    OpenPrepared();
    for (int i = 0; i < kChannels; ++i) stubs_.push_back(std::make_unique<grpc::GenericStub>(NewChannel()));
    for (std::size_t i = 0; i < kAtOnce; ++i) free_slots_.push_back(i);
    InFlight::ReportCrashes();
  }

  static std::string Wrap(const std::string& picture) {
    v1::GroundRequest request;
    request.mutable_image()->set_encoded(picture);
    request.add_expressions("the ship");
    return request.SerializeAsString();
  }

  // Sends mutants to `method`, each wrapped into a message by `wrap`.
  void SendMutants(const Mutator& mutator, std::string (*wrap)(const std::string&), Codes allowed,
                   const char* method = kGround) {
    allowed_ = std::move(allowed);
    method_ = method;
    if (const char* only = std::getenv("MUTANT")) {
      std::uint32_t number = 0;
      ASSERT_TRUE(absl::SimpleAtoi(only, &number));
      SendOne(mutator, wrap, number);
      AwaitAll();
      return;
    }
    for (std::uint32_t number = 0; number < kMutants; ++number) {
      SendOne(mutator, wrap, number);
      if ((number + 1) % kGoodCallEvery != 0) continue;
      AwaitAll();
      ASSERT_TRUE(Send(kGround, Wrap(good_picture_)).ok()) << "after mutant " << number;
    }
    ExpectConserved();
  }

 private:
  struct Sent {
    std::size_t slot = 0;
    std::string name;
    grpc::ClientContext context;
    grpc::ByteBuffer request, response;
  };

  void SendOne(const Mutator& mutator, std::string (*wrap)(const std::string&), std::uint32_t number) {
    Mutant mutant = mutator.Make(number);
    auto sent = std::make_shared<Sent>();
    sent->name = absl::StrCat("mutant ", number, ": ", mutant.name);
    const grpc::Slice slice(wrap(mutant.bytes));
    sent->request = grpc::ByteBuffer(&slice, 1);
    {
      MutexLock lock(&mutex_);
      while (free_slots_.empty()) changed_.Wait(&mutex_);
      sent->slot = free_slots_.back();
      free_slots_.pop_back();
    }
    InFlight::Set(sent->slot, sent->name);
    stubs_[number % kChannels]->UnaryCall(&sent->context, method_, {}, &sent->request, &sent->response,
                                          [this, sent](const grpc::Status& status) { Take(*sent, status); });
  }

  void Take(const Sent& sent, const grpc::Status& status) {
    const std::optional<std::string> fault = FaultOf(status);
    InFlight::Clear(sent.slot);
    MutexLock lock(&mutex_);
    ++answered_[status.ok() ? "" : ReasonOf(status)];
    if (fault && ++faults_ <= 10) ADD_FAILURE() << sent.name << "\n" << *fault;
    free_slots_.push_back(sent.slot);
    changed_.NotifyAll();
  }

  // What is wrong with an answer.
  std::optional<std::string> FaultOf(const grpc::Status& status) const {
    if (status.ok()) return std::nullopt;
    const std::string code = NameOf(status.error_code());
    const std::string said = absl::StrCat(code, ": ", status.error_message());
    if (std::find(allowed_.begin(), allowed_.end(), code) == allowed_.end()) return said;
    const auto reason = codes_.find(ReasonOf(status));
    if (reason == codes_.end()) return absl::StrCat("without a reason of the contract: ", said);
    if (reason->second != code) return absl::StrCat(reason->first, " is ", reason->second, ", not ", said);
    if (status.error_message().empty() || status.error_message().size() > 1'024) return "no message, or a long one";
    return std::nullopt;
  }

  void AwaitAll() {
    MutexLock lock(&mutex_);
    while (free_slots_.size() < kAtOnce) changed_.Wait(&mutex_);
  }

  // Both sides have counted the same, and nothing is left inside.
  void ExpectConserved() {
    EXPECT_TRUE(pipeline().WaitIdle(clock().Now() + std::chrono::seconds(30)));
    EXPECT_EQ(pipeline().occupancy().in_flight, 0);
    EXPECT_EQ(pipeline().occupancy().pending, 0);
    EXPECT_EQ(pipeline().occupancy().bytes, 0u);
    MutexLock lock(&mutex_);
    reported_[""] -= kMutants / kGoodCallEvery;
    EXPECT_EQ(answered_, reported_);
    std::uint32_t sum = 0;
    for (const auto& [reason, count] : answered_) {
      sum += count;
      RecordProperty(reason.empty() ? "OK" : reason, static_cast<int>(count));
    }
    EXPECT_EQ(sum, kMutants);
    EXPECT_EQ(faults_, 0);
    EXPECT_GT(answered_[""], 0u) << "no mutant came as far as the model";
    EXPECT_GE(answered_.size(), 3u) << "the mutants exercise little";
  }

  const std::map<std::string, std::string> codes_ = CodesOfTheContract();
  const std::string good_picture_ = ReadText("grey8.png");
  Codes allowed_;
  std::string method_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::size_t> free_slots_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::uint32_t> answered_ ABSL_GUARDED_BY(mutex_), reported_ ABSL_GUARDED_BY(mutex_);
  int faults_ ABSL_GUARDED_BY(mutex_) = 0;

 protected:
  static std::string ReadText(const std::string& fixture) {
    const std::vector<std::uint8_t> bytes = ReadFile(LQVG_SOURCE_DIR "/tests/image/fixtures/" + fixture);
    return {bytes.begin(), bytes.end()};
  }

  static Mutator OfFixtures(SeedFormat format, const std::string& extension) {
    std::map<std::string, Seed> seeds;  // by name: a folder has no order
    for (const auto& entry : std::filesystem::directory_iterator(LQVG_SOURCE_DIR "/tests/image/fixtures")) {
      if (entry.path().extension() != extension) continue;
      const std::string name = entry.path().filename();
      seeds[name] = {.name = name, .bytes = ReadText(name)};
    }
    std::vector<Seed> ordered;
    ordered.reserve(seeds.size());
    for (auto& [name, seed] : seeds) ordered.push_back(std::move(seed));
    EXPECT_GE(ordered.size(), 15u);
    return {format, std::move(ordered)};
  }
};

TEST_F(MutantsTest, JpegMutantsAreAnsweredOrRefusedAsPictures) {
  SendMutants(OfFixtures(SeedFormat::kJpeg, ".jpg"), Wrap, {"INVALID_ARGUMENT"});
}

TEST_F(MutantsTest, PngMutantsAreAnsweredOrRefusedAsPictures) {
  SendMutants(OfFixtures(SeedFormat::kPng, ".png"), Wrap, {"INVALID_ARGUMENT"});
}

TEST_F(MutantsTest, TiffMutantsAreAnsweredOrRefusedAsPictures) {
  SendMutants(OfFixtures(SeedFormat::kTiff, ".tif"), Wrap, {"INVALID_ARGUMENT"});
}

TEST_F(MutantsTest, MessageMutantsAreAnsweredOrRefusedAsRequests) {
  v1::GroundRequest full = GoodRequest();
  full.mutable_image()->set_encoded(ReadText("grey8.png"));
  full.set_max_boxes(2);
  full.set_min_score(0.25f);
  full.set_request_id("a-request");
  full.set_model(grounder().info().name);
  full.set_cache_policy(v1::CACHE_POLICY_BYPASS);
  v1::GroundRequest many = full;
  many.mutable_image()->set_encoded(ReadText("palette2.png"));
  for (int i = 0; i < 31; ++i) many.add_expressions(absl::StrCat("the ship \xc3\xa9 number ", i));
  v1::GroundRequest raw = GoodRequest();
  raw.mutable_image()->mutable_raw()->set_width(20);
  raw.mutable_image()->mutable_raw()->set_height(16);
  raw.mutable_image()->mutable_raw()->set_data(std::string(20 * 16 * 3, '\x80'));
  v1::GroundRequest digest = GoodRequest();
  digest.mutable_image()->set_digest(std::string(32, 'd'));
  const Mutator mutator(SeedFormat::kProtobuf, {{"full", full.SerializeAsString()},
                                                {"many", many.SerializeAsString()},
                                                {"raw", raw.SerializeAsString()},
                                                {"digest", digest.SerializeAsString()}});
  SendMutants(mutator, [](const std::string& message) { return message; },
              {"INVALID_ARGUMENT", "NOT_FOUND", "DATA_LOSS"});
}

TEST_F(MutantsTest, InferMutantsAreAnsweredOrRefusedAsRequests) {
  const std::string grey = ReadText("grey8.png"), palette = ReadText("palette2.png");
  inference::ModelInferRequest pairs = InferRequest({grey, palette, grey}, {"the ship", "the plane", "a tank"});
  pairs.set_id("a-request");
  pairs.set_model_name(grounder().info().name);
  pairs.set_model_version("1");
  pairs.add_outputs()->set_name("SCORES");
  (*pairs.mutable_parameters())["timeout"].set_int64_param(3'600'000'000);
  inference::ModelInferRequest contents;
  AddInput("IMAGE", {1}, contents).mutable_contents()->add_bytes_contents(grey);
  AddInput("EXPRESSION", {2, 1}, contents).mutable_contents()->add_bytes_contents("the ship");
  contents.mutable_inputs(1)->mutable_contents()->add_bytes_contents("the plane \xc3\xa9");
  const Mutator mutator(SeedFormat::kProtobuf,
                        {{"pairs", pairs.SerializeAsString()}, {"contents", contents.SerializeAsString()}});
  // A mutated timeout is a deadline like any other.
  SendMutants(
      mutator, [](const std::string& message) { return message; },
      {"INVALID_ARGUMENT", "NOT_FOUND", "DEADLINE_EXCEEDED"}, kModelInfer);
}

}  // namespace
}  // namespace lqvg::serving
