// Any bytes as a GroundRequest -> ParseGroundRequest -> PrepareQuery, up to where the model would begin; and the same
// as an item of a stream, whose timeout is read before the rest.
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "google/protobuf/stubs/logging.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "image/rejection.h"
#include "lqvg/v1/grounding.pb.h"
#include "model/tokenizer.h"
#include "server/prepare_query.h"
#include "server/wire.h"
#include "server/wire_status.h"
#include "server/wire_timeout.h"
#include "tests/fuzz/fuzz_target.h"

namespace lqvg::serving {
namespace {

using fuzz::Require;

constexpr char kFallbackId[] = "fallback";
constexpr int kCanvasSide = 32;

const ModelInfo& Model() {
  static const ModelInfo model = {.name = "demo",
                                  .digest = std::string(64, 'd'),
                                  .input_size = kCanvasSide,
                                  .num_queries = 10,
                                  .max_tokens = 77,
                                  .device = "cpu",
                                  .precision = "fp32"};
  return model;
}

const Tokenizer& DemoTokenizer() {
  static const std::unique_ptr<const Tokenizer> tokenizer = Tokenizer::Load(LQVG_SOURCE_DIR "/models/demo").value();
  return *tokenizer;
}

// Small pictures, so that many requests a second are tried.
const RequestLimits& Limits() {
  static const RequestLimits limits = {.max_expressions = 4,
                                       .max_expression_bytes = 256,
                                       .image = {.max_pixels = 1u << 14,
                                                 .max_side = 1'024,
                                                 .max_decoded_bytes = 256u << 10,
                                                 .max_jpeg_scan_pixels = 1u << 18}};
  return limits;
}

// In two slices, as a request may come over the wire.
grpc::ByteBuffer InSlices(std::string_view bytes) {
  const std::size_t half = bytes.size() / 2;
  const grpc::Slice slices[] = {grpc::Slice(bytes.data(), half), grpc::Slice(bytes.data() + half, bytes.size() - half)};
  return {slices, 2};
}

absl::StatusOr<GroundQuery> Parse(std::string_view bytes) {
  return ParseGroundRequest(InSlices(bytes), Limits(), Model(), kFallbackId);
}

void RequireValid(const GroundQuery& query) {
  Require(IsIdentifier(query.request_id), "a query has a request id");
  Require(!query.expressions.empty() && query.expressions.size() <= 4, "the number of expressions is within the limit");
  for (const std::string& expression : query.expressions) {
    Require(expression.size() <= 256, "an expression is within the limit");
  }
  Require(query.max_boxes >= 1 && query.max_boxes <= Model().num_queries, "max_boxes is within the limit");
  Require(query.min_score >= 0.0f && query.min_score <= 1.0f, "min_score is a score");
  if (const auto* const raw = std::get_if<Image>(&query.image)) {
    Require(raw->rgb.size() == raw->ByteCount() && CheckImageSize(raw->width, raw->height, Limits().image).ok(),
            "raw pixels have the size that they say");
  } else if (const auto* const digest = std::get_if<ImageDigest>(&query.image)) {
    Require(digest->sha256.size() == 32, "a digest is a SHA-256");
  } else {
    Require(!std::get<std::string>(query.image).empty(), "a file is not empty");
  }
}

using ImageSource = decltype(GroundQuery::image);

bool SamePicture(const ImageSource& a, const ImageSource& b) {
  if (a.index() != b.index()) return false;
  if (const auto* const file = std::get_if<std::string>(&a)) return *file == std::get<std::string>(b);
  if (const auto* const digest = std::get_if<ImageDigest>(&a)) return digest->sha256 == std::get<ImageDigest>(b).sha256;
  const auto& raw = std::get<Image>(a);
  const auto& other = std::get<Image>(b);
  return raw.width == other.width && raw.height == other.height && raw.rgb == other.rgb;
}

// A message that is read and written again, as a proxy might do, asks for the same.
void RequireSameAgain(std::string_view bytes, const GroundQuery& query) {
  v1::GroundRequest message;
  Require(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())), "what was parsed is a message");
  const absl::StatusOr<GroundQuery> again = Parse(message.SerializeAsString());
  Require(again.ok(), "the rewritten request is valid, too");
  Require(again->request_id == query.request_id && SamePicture(again->image, query.image) &&
              again->apply_exif_orientation == query.apply_exif_orientation &&
              again->expressions == query.expressions && again->max_boxes == query.max_boxes &&
              again->min_score == query.min_score && again->clip_boxes == query.clip_boxes &&
              again->bypass_caches == query.bypass_caches,
          "the rewritten request asks for the same");
}

void RequirePrepared(const GroundQuery& query) {
  const std::size_t expressions = query.expressions.size();
  const bool is_file = query.image.index() == 0;
  const SteadyClock clock;
  Call call(
      clock, clock.Now() + std::chrono::hours(1), nullptr, [](const CallOutcome&) {}, AdmissionSlot());
  absl::StatusOr<Preparation> preparation = PrepareQuery(
      query, call, DemoTokenizer(),
      {.canvas_side = kCanvasSide,
       .image_limits = Limits().image,
       .expression_limits = {.max_bytes = Limits().max_expression_bytes, .max_tokens = Model().max_tokens}},
      clock);
  const absl::StatusOr<PreparedQuery> prepared =
      preparation.ok() ? Complete(*std::move(preparation), call) : preparation.status();
  call.Finish(absl::CancelledError("nobody runs it"));
  if (!prepared.ok()) {
    fuzz::RequireRejection(prepared.status());
    return;
  }
  Require(prepared->expressions.size() == expressions, "every expression has tokens");
  for (const Expression& expression : prepared->expressions) {
    Require(expression.token_ids.size() >= 2 && expression.token_ids.size() <= 77, "the tokens are within the limit");
  }
  Require(prepared->canvas.rgb.size() == std::size_t{3} * kCanvasSide * kCanvasSide, "there is a canvas");
  Require(prepared->answer.image_digest.size() == (is_file ? 32u : 0u), "a file has a digest");
  Require(prepared->image_key.empty() == !is_file, "a file has a key");
}

// What is found without parsing is what the parser finds.
void ReceiveItem(std::string_view bytes) {
  const std::optional<Duration> timeout = FindTimeout(InSlices(bytes));
  const absl::StatusOr<GroundQuery> query = ParseGroundStreamRequest(InSlices(bytes), Limits(), Model(), kFallbackId);
  if (query.ok()) {
    RequireValid(*query);
  } else {
    fuzz::RequireRejection(query.status());
  }
  v1::GroundStreamRequest item;
  if (!timeout || !item.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  Require(item.has_timeout() && ToTimeout(item.timeout()) == timeout, "the timeout is the message's");
}

void Receive(std::string_view bytes) {
  const absl::StatusOr<GroundQuery> query = Parse(bytes);
  if (!query.ok()) {
    fuzz::RequireRejection(query.status());
    Require(IsIdentifier(RequestIdOf(query.status())), "a rejection names its request");
    return;
  }
  RequireValid(*query);
  RequireSameAgain(bytes, *query);
  RequirePrepared(*query);
}

}  // namespace
}  // namespace lqvg::serving

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // As the server does: else protobuf prints a line for each message that does not parse.
  static google::protobuf::LogHandler* const silent = google::protobuf::SetLogHandler(nullptr);
  static_cast<void>(silent);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  lqvg::serving::Receive(bytes);
  lqvg::serving::ReceiveItem(bytes);
  return 0;
}
