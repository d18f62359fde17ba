// Every row of the contract's table of errors, provoked over a socket: code, reason, fields, words and trailers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "image/rejection.h"
#include "tests/image/crafted_files.h"
#include "tests/server/prepared_serving_fixture.h"
#include "tests/support/gate.h"

namespace lqvg::serving {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kExpression[] = "a secret of the caller";
constexpr char kRequestId[] = "the-callers-id";

// What the server is like when the request comes.
enum class Situation {
  kReady,
  kLoading,
  kDraining,
  kFull,              // one call may be inside, and is
  kOutOfBytes,        // ten bytes may be inside
  kBusyAndImpatient,  // the model is held by another call, and a call without a deadline gets a short one
  kHeldAndImpatient,  // the same, but it is held by this call
  kDeviceFull,        // the device has no memory even for one
  kBroken,            // the model fails
};

struct Row {
  const char* name;
  const char* reason;
  std::vector<std::string> fields;  // at fault
  std::vector<std::string> words;   // of the message: values and limits
  std::function<void(v1::GroundRequest&)> spoil = [](v1::GroundRequest&) {};
  Situation situation = Situation::kReady;
  const char* bytes = nullptr;  // instead of a request
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

using Spoil = std::function<void(v1::GroundRequest&)>;

Spoil Picture(const Bytes& bytes) {
  return [bytes](v1::GroundRequest& request) {
    request.mutable_image()->set_encoded(std::string(bytes.begin(), bytes.end()));
  };
}

Bytes TiffOf(int tag, const std::vector<std::uint32_t>& values) {
  TiffRecipe recipe;
  recipe.tags[tag] = values;
  return TiffFile(recipe);
}

Bytes FirstBytes(const Bytes& bytes, std::size_t count) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

Bytes ManyChunks(int count) {
  Bytes chunks;
  for (int i = 0; i < count; ++i) Append(&chunks, PngChunk("tEXt", {'a', 0, 'b'}));
  return PngFile({.before_data = chunks});
}

std::vector<Row> Rows() {
  const std::string long_text(4'097, 'x');
  std::string many_words;
  for (int i = 0; i < 1'000; ++i) many_words += "q ";
  return {
      {"NotAMessage", "MALFORMED_REQUEST", {}, {}, {}, Situation::kReady, "\xff\xff\xff"},
      {"NotUtf8", "MALFORMED_REQUEST", {}, {"UTF-8"}, {}, Situation::kReady, "\x12\x02\xc3\x28"},
      {"NoPicture", "FIELD_REQUIRED", {"image"}, {}, [](auto& r) { r.clear_image(); }},
      {"NoExpression", "FIELD_REQUIRED", {"expressions"}, {}, [](auto& r) { r.clear_expressions(); }},
      {"BlankExpression",
       "EXPRESSION_EMPTY",
       {"expressions[1]"},
       {"3 bytes"},
       [](auto& r) { r.add_expressions(" \t "); }},
      {"ManyBytes",
       "EXPRESSION_TOO_LONG",
       {"expressions[1]"},
       {"4097", "4096"},
       [=](auto& r) { r.add_expressions(long_text); }},
      {"ManyTokens",
       "EXPRESSION_TOO_LONG",
       {"expressions[1]"},
       {"tokens", "512"},
       [=](auto& r) { r.add_expressions(many_words); }},
      {"ManyExpressions",
       "TOO_MANY_EXPRESSIONS",
       {"expressions"},
       {"33", "32"},
       [](auto& r) {
         while (r.expressions_size() < 33) r.add_expressions("ship");
       }},
      {"NoBoxes", "PARAMETER_OUT_OF_RANGE", {"max_boxes"}, {"0", "1..3"}, [](auto& r) { r.set_max_boxes(0); }},
      {"ThreeFaults",
       "PARAMETER_OUT_OF_RANGE",
       {"max_boxes", "min_score", "cache_policy"},
       {"4", "1..3", "2 more"},
       [](auto& r) {
         r.set_max_boxes(4);
         r.set_min_score(2);
         r.set_cache_policy(static_cast<v1::CachePolicy>(9));
       }},
      {"Gif",
       "UNSUPPORTED_IMAGE_FORMAT",
       {"image"},
       {"GIF", "JPEG, PNG and TIFF"},
       [](auto& r) { r.mutable_image()->set_encoded("GIF89a.........."); }},
      {"SixteenBits", "UNSUPPORTED_PIXEL_FORMAT", {"image"}, {"16", "8"}, Picture(PngFile({.bits = 16}))},
      {"FloatTiff", "UNSUPPORTED_PIXEL_FORMAT", {"image"}, {"format 3"}, Picture(TiffOf(339, {3}))},
      {"FiveBands", "UNSUPPORTED_PIXEL_FORMAT", {"image"}, {"5 samples"}, Picture(TiffOf(277, {5}))},
      {"Animation",
       "MULTI_FRAME_UNSUPPORTED",
       {"image"},
       {"animated"},
       Picture(PngFile({.before_data = PngChunk("acTL", Bytes(8, 1))}))},
      {"TwoPages", "MULTI_FRAME_UNSUPPORTED", {"image"}, {"more than one page"}, Picture(TiffFileOfTwo({}, {}))},
      {"Wide", "IMAGE_TOO_LARGE", {"image"}, {"16385", "16384"}, Picture(PngFile({.width = 16'385, .height = 300}))},
      {"ManyPixels",
       "IMAGE_TOO_LARGE",
       {"image"},
       {"8192 x 8192", "64000000"},
       Picture(PngFile({.width = 8'192, .height = 8'192, .bits = 1}))},
      {"Strip", "IMAGE_TOO_LARGE", {"image"}, {"1025", "64 times"}, Picture(PngFile({.width = 1'025, .height = 16}))},
      {"Tiny", "IMAGE_TOO_SMALL", {"image"}, {"15", "16"}, Picture(PngFile({.width = 15, .height = 16}))},
      {"CutJpeg", "IMAGE_CORRUPT", {"image"}, {"cut off"}, Picture(FirstBytes(Fixture("rgb420.jpg"), 600))},
      {"CutPng", "IMAGE_CORRUPT", {"image"}, {"end chunk"}, Picture(FirstBytes(PngFile({}), 60))},
      {"CutTiff", "IMAGE_CORRUPT", {"image"}, {"directory"}, Picture(FirstBytes(TiffFile({}), 900))},
      {"ManyChunks", "IMAGE_LIMIT_EXCEEDED", {"image"}, {"1000 chunks"}, Picture(ManyChunks(998))},
      {"WrongChecksum",
       "IMAGE_CHECKSUM_MISMATCH",
       {"image.crc32c"},
       {"0x00000000"},
       [](auto& r) { r.mutable_image()->set_crc32c(0); }},
      {"Digest",
       "IMAGE_NOT_CACHED",
       {"image.digest"},
       {"send its bytes"},
       [](auto& r) { r.mutable_image()->set_digest(std::string(32, 'x')); }},
      {"OtherModel", "MODEL_NOT_FOUND", {"model"}, {"fake"}, [](auto& r) { r.set_model("another"); }},
      {"Full", "QUEUE_FULL", {}, {"1 calls", "limit is 1"}, [](auto&) {}, Situation::kFull},
      {"OutOfBytes", "MEMORY_BUDGET", {}, {"limit of 10"}, [](auto&) {}, Situation::kOutOfBytes},
      {"Loading", "MODEL_LOADING", {}, {}, [](auto&) {}, Situation::kLoading},
      {"Draining", "SHUTTING_DOWN", {}, {}, [](auto&) {}, Situation::kDraining},
      {"DeviceFull", "DEVICE_MEMORY", {}, {"one picture"}, [](auto&) {}, Situation::kDeviceFull},
      {"ExpiredInQueue", "EXPIRED_IN_QUEUE", {}, {"before the model"}, [](auto&) {}, Situation::kBusyAndImpatient},
      {"ExpiredRunning", "EXPIRED_WHILE_RUNNING", {}, {"while the model"}, [](auto&) {}, Situation::kHeldAndImpatient},
      {"Broken", "INTERNAL_ERROR", {}, {kRequestId}, [](auto&) {}, Situation::kBroken},
  };
}

class ErrorTableTest : public PreparedServingTest, public testing::WithParamInterface<Row> {
 protected:
  void Arrange(Situation situation) {
    constexpr auto kSoon = std::chrono::milliseconds(50);
    if (situation == Situation::kFull) pipeline_options().admission.max_calls = 1;
    if (situation == Situation::kOutOfBytes) pipeline_options().admission.max_bytes = 10;
    const bool impatient = situation == Situation::kBusyAndImpatient || situation == Situation::kHeldAndImpatient;
    if (impatient) pipeline_options().default_deadline = kSoon;
    const bool busy = situation == Situation::kFull || situation == Situation::kBusyAndImpatient;
    if (busy || impatient) grounder().before_encode_images = [this] { gate_.Pass(); };
    if (situation == Situation::kDeviceFull) {
      grounder().before_ground = [] {
        return Reject(absl::StatusCode::kResourceExhausted, "DEVICE_MEMORY", "one picture alone does not fit");
      };
    }
    if (situation == Situation::kBroken) {
      grounder().before_ground = [] { return absl::InternalError("tensor of /secret/path"); };
    }
    ASSERT_NO_FATAL_FAILURE(StartServer());
    if (situation != Situation::kLoading) OpenPrepared();
    if (situation == Situation::kDraining) pipeline().BeginDrain();
    if (busy) HoldTheModel();
  }

  // Another call, which the model does not finish before the test ends.
  void HoldTheModel() {
    holder_ = std::thread([this] {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
      v1::GroundResponse response;
      EXPECT_TRUE(stub().Ground(&context, Request(), &response).ok());
    });
    gate_.WaitForArrivals(1);
  }

  void TearDown() override {
    gate_.Open();
    if (holder_.joinable()) holder_.join();
    PreparedServingTest::TearDown();
  }

  static v1::GroundRequest Request() {
    v1::GroundRequest request;
    Picture(PngFile({}))(request);
    request.add_expressions(kExpression);
    request.set_request_id(kRequestId);
    return request;
  }

  // Sends bytes as they are, with the id in the metadata as well.
  grpc::Status Ground(grpc::ClientContext& context, const std::string& bytes) {
    context.AddMetadata("x-request-id", kRequestId);
    return SendIn(context, "/lqvg.v1.GroundingService/Ground", bytes);
  }

 private:
  Gate gate_;
  std::thread holder_;
};

std::optional<std::string> Trailer(const grpc::ClientContext& context, const std::string& key) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find(key);
  if (found == trailers.end()) return std::nullopt;
  EXPECT_EQ(trailers.count(key), 1u) << key;
  return std::string(found->second.data(), found->second.size());
}

// The pushback says in the trailers and in the details the same, and is there where waiting helps.
void ExpectPushback(const grpc::ClientContext& context, const ErrorDetails& details, bool wanted) {
  const std::optional<std::string> pushback = Trailer(context, "grpc-retry-pushback-ms");
  EXPECT_EQ(pushback.has_value(), wanted);
  EXPECT_EQ(details.retry.has_retry_delay(), wanted);
  if (!pushback) return;
  int milliseconds = 0;
  EXPECT_TRUE(absl::SimpleAtoi(*pushback, &milliseconds)) << *pushback;
  EXPECT_GT(milliseconds, 0);
  EXPECT_EQ(details.retry.retry_delay().nanos(), milliseconds * 1'000'000);
}

TEST_P(ErrorTableTest, IsAnsweredAsTheContractSays) {
  const Row& row = GetParam();
  ASSERT_NO_FATAL_FAILURE(Arrange(row.situation));
  v1::GroundRequest request = Request();
  if (row.spoil) row.spoil(request);

  grpc::ClientContext context;
  const grpc::Status status = Ground(context, row.bytes != nullptr ? row.bytes : request.SerializeAsString());

  const ErrorDetails details = DetailsOf(status);
  EXPECT_EQ(details.info.reason(), row.reason);
  EXPECT_EQ(NameOf(status.error_code()), CodesOfTheContract()[row.reason]);
  EXPECT_THAT(details.Fields(), ElementsAreArray(row.fields));
  EXPECT_FALSE(status.error_message().empty());
  EXPECT_LE(status.error_message().size(), 1'024u);
  for (const std::string& word : row.words) EXPECT_THAT(status.error_message(), HasSubstr(word));
  for (const std::string secret : {kExpression, "/secret/path", "xxxx"}) {
    EXPECT_FALSE(absl::StrContains(status.error_details(), secret)) << secret;
  }
  EXPECT_THAT(context.GetServerInitialMetadata(), IsEmpty());
  EXPECT_EQ(Trailer(context, "x-request-id"), kRequestId);
  const std::string reason = row.reason;
  ExpectPushback(context, details, reason == "QUEUE_FULL" || reason == "MEMORY_BUDGET");
  std::size_t trailer_bytes = 0;
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) trailer_bytes += key.size() + value.size() + 32;
  EXPECT_LT(trailer_bytes, 8'192u) << "more than clients accept";
  EXPECT_EQ(log().Wait().reason, row.reason);
}

INSTANTIATE_TEST_SUITE_P(, ErrorTableTest, testing::ValuesIn(Rows()),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

// --- That the rows are all there are ---

// Provoked over a socket by other tests, which name them.
const std::map<std::string, std::string> kElsewhere = {{"CLIENT_CANCELLED", "tests/server/ground_service_test.cc"},
                                                       {"NOT_IMPLEMENTED", "tests/server/ground_service_test.cc"}};

// What gives these is not built yet. Whoever builds it takes the reason off this list.
const std::set<std::string> kNotBuilt = {"DEADLINE_UNREACHABLE", "STREAM_AGED",     "DEVICE_LOST",
                                         "QUOTA_EXCEEDED",       "UNAUTHENTICATED", "PERMISSION_DENIED"};

std::string TextOf(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(ErrorTableCompletenessTest, EveryReasonOfTheContractIsProvokedOrNotBuilt) {
  std::set<std::string> provoked;
  for (const Row& row : Rows()) provoked.insert(row.reason);
  for (const auto& [reason, file] : kElsewhere) {
    EXPECT_THAT(TextOf(LQVG_SOURCE_DIR "/" + file), HasSubstr('"' + reason + '"'));
    EXPECT_TRUE(provoked.insert(reason).second) << reason << " is provoked here";
  }
  const google::protobuf::EnumDescriptor& reasons = *v1::ErrorReason_descriptor();
  for (int i = 0; i < reasons.value_count(); ++i) {
    const std::string name = reasons.value(i)->name().substr(std::string("ERROR_REASON_").size());
    if (name == "UNSPECIFIED") continue;
    EXPECT_EQ(provoked.contains(name), !kNotBuilt.contains(name)) << name;
    EXPECT_TRUE(CodesOfTheContract().contains(name)) << "the comment of " << name << " does not begin with its code";
  }
}

TEST(ErrorTableCompletenessTest, NoPartOfTheServerRejectsWithAReasonThatIsNotBuilt) {
  for (const char* folder : {"image", "model", "server"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(LQVG_SOURCE_DIR "/" + std::string(folder))) {
      if (entry.path().extension() != ".cc") continue;
      const std::string text = TextOf(entry.path());
      for (const std::string& reason : kNotBuilt) {
        EXPECT_FALSE(std::regex_search(text, std::regex("Reject\\([^;]*\"" + reason + '"'))) << entry.path() << reason;
      }
    }
  }
}

}  // namespace
}  // namespace lqvg::serving
