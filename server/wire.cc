#include "server/wire.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "grpcpp/support/slice.h"
#include "image/crc32c.h"
#include "image/rejection.h"
#include "lqvg/v1/grounding.pb.h"
#include "server/wire_faults.h"
#include "server/wire_status.h"
#include "server/wire_timeout.h"

namespace lqvg::serving {
namespace {

constexpr std::size_t kDigestBytes = 32;  // SHA-256
constexpr std::size_t kMaxRequestIdBytes = 128;
// The message has no fields yet; whatever newer clients add to it will be small, and it is parsed on the library's own
// threads.
constexpr std::size_t kMaxGetModelRequestBytes = 4'096;

constexpr auto kLongestDeadline = std::chrono::hours(24);

void CheckRawImage(const v1::RawImage& raw, const ImageLimits& limits, Faults& faults) {
  if (!v1::PixelFormat_IsValid(raw.format())) {
    faults.Add("PARAMETER_OUT_OF_RANGE", "image.raw.format", absl::StrCat(raw.format(), " is not a PixelFormat"));
  }
  if (const absl::Status size = CheckImageSize(raw.width(), raw.height(), limits); !size.ok()) {
    faults.Add(size, "image.raw");
    return;
  }
  // Within the limits, so it does not overflow.
  const std::uint64_t wanted = std::uint64_t{3} * raw.width() * raw.height();
  if (raw.data().empty()) {
    faults.Add("FIELD_REQUIRED", "image.raw.data", "is empty");
  } else if (raw.data().size() != wanted) {
    faults.Add("PARAMETER_OUT_OF_RANGE", "image.raw.data",
               absl::StrCat(raw.data().size(), " bytes; ", raw.width(), " x ", raw.height(), " RGB8 pixels are ",
                            wanted, " bytes"));
  }
}

void CheckImage(const v1::Image& image, const ImageLimits& limits, Faults& faults) {
  switch (image.source_case()) {
    case v1::Image::kEncoded:
      if (image.encoded().empty()) faults.Add("FIELD_REQUIRED", "image.encoded", "is empty");
      return;
    case v1::Image::kRaw:
      CheckRawImage(image.raw(), limits, faults);
      return;
    case v1::Image::kDigest:
      if (image.digest().empty()) {
        faults.Add("FIELD_REQUIRED", "image.digest", "is empty");
      } else if (image.digest().size() != kDigestBytes) {
        faults.Add("PARAMETER_OUT_OF_RANGE", "image.digest",
                   absl::StrCat(image.digest().size(), " bytes; a SHA-256 has ", kDigestBytes));
      }
      return;
    case v1::Image::SOURCE_NOT_SET:
      faults.Add("FIELD_REQUIRED", "image", "one of encoded, raw and digest is required");
      return;
  }
}

void CheckExpressions(const v1::GroundRequest& request, const RequestLimits& limits, Faults& faults) {
  if (request.expressions().empty()) faults.Add("FIELD_REQUIRED", "expressions", "at least one is required");
  if (request.expressions_size() > limits.max_expressions) {
    faults.Add("TOO_MANY_EXPRESSIONS", "expressions",
               AboveLimit(request.expressions_size(), "", limits.max_expressions));
    return;  // thousands of long ones would each be a fault
  }
  for (int i = 0; i < request.expressions_size(); ++i) {
    const std::size_t bytes = request.expressions(i).size();
    if (bytes <= static_cast<std::size_t>(limits.max_expression_bytes)) continue;
    faults.Add("EXPRESSION_TOO_LONG", absl::StrCat("expressions[", i, "]"),
               AboveLimit(bytes, " bytes", limits.max_expression_bytes));
  }
}

void CheckParameters(const v1::GroundRequest& request, const ModelInfo& model, Faults& faults) {
  constexpr char kReason[] = "PARAMETER_OUT_OF_RANGE";
  const auto max_boxes = static_cast<std::uint32_t>(model.num_queries);
  if (request.has_max_boxes() && (request.max_boxes() == 0 || request.max_boxes() > max_boxes)) {
    faults.Add(kReason, "max_boxes", absl::StrCat(request.max_boxes(), " is not in 1..", max_boxes));
  }
  // Written so that NaN fails, too.
  if (request.has_min_score() && !(request.min_score() >= 0.0f && request.min_score() <= 1.0f)) {
    faults.Add(kReason, "min_score", absl::StrCat(request.min_score(), " is not in 0..1"));
  }
  if (!request.request_id().empty() && !IsIdentifier(request.request_id())) {
    faults.Add(kReason, "request_id",
               absl::StrCat(request.request_id().size(), " bytes; allowed are at most ", kMaxRequestIdBytes,
                            " of [A-Za-z0-9._:/-]"));
  }
  if (!v1::CachePolicy_IsValid(request.cache_policy())) {
    faults.Add(kReason, "cache_policy", absl::StrCat(request.cache_policy(), " is not a CachePolicy"));
  }
}

absl::Status CheckChecksum(const v1::Image& image) {
  // With a digest there are no bytes to check.
  if (!image.has_crc32c() || image.source_case() == v1::Image::kDigest) return absl::OkStatus();
  const std::uint32_t crc32c =
      Crc32c(image.source_case() == v1::Image::kEncoded ? image.encoded() : image.raw().data());
  if (crc32c == image.crc32c()) return absl::OkStatus();
  const std::string message = absl::StrCat("the checksum says 0x", absl::Hex(image.crc32c(), absl::kZeroPad8),
                                           ", the bytes that arrived have 0x", absl::Hex(crc32c, absl::kZeroPad8));
  return Reject(absl::StatusCode::kDataLoss, "IMAGE_CHECKSUM_MISMATCH", message, {{"image.crc32c", message}});
}

// `faults` may hold some already.
absl::Status Check(const v1::GroundRequest& request, const RequestLimits& limits, const ModelInfo& model,
                   Faults& faults) {
  CheckImage(request.image(), limits.image, faults);
  CheckExpressions(request, limits, faults);
  CheckParameters(request, model, faults);
  if (absl::Status status = faults.ToStatus(); !status.ok()) return status;
  if (absl::Status status = CheckModel(request.model(), model, "model"); !status.ok()) return status;
  return CheckChecksum(request.image());
}

// Takes what it can out of the request: pictures are large.
std::variant<std::string, Image, ImageDigest> TakeImage(v1::Image& image) {
  if (image.source_case() == v1::Image::kEncoded) return std::move(*image.mutable_encoded());
  if (image.source_case() == v1::Image::kDigest) return ImageDigest{image.digest()};
  const v1::RawImage& raw = image.raw();
  return Image{.width = static_cast<int>(raw.width()),
               .height = static_cast<int>(raw.height()),
               .rgb = std::vector<std::uint8_t>(raw.data().begin(), raw.data().end())};
}

// Takes the query out of a request that has no fault, and none in `faults`.
absl::StatusOr<GroundQuery> TakeQuery(v1::GroundRequest& request, Faults faults, const RequestLimits& limits,
                                      const ModelInfo& model, std::string_view fallback_request_id) {
  GroundQuery query;
  query.request_id = IsIdentifier(request.request_id()) ? request.request_id() : std::string(fallback_request_id);
  if (absl::Status status = Check(request, limits, model, faults); !status.ok()) {
    return WithRequestId(std::move(status), query.request_id);
  }
  query.image = TakeImage(*request.mutable_image());
  query.apply_exif_orientation = request.image().apply_exif_orientation();
  for (std::string& expression : *request.mutable_expressions()) query.expressions.push_back(std::move(expression));
  if (request.has_max_boxes()) query.max_boxes = static_cast<int>(request.max_boxes());
  query.min_score = request.min_score();
  query.clip_boxes = request.clip_boxes();
  query.bypass_caches = request.cache_policy() == v1::CACHE_POLICY_BYPASS;
  return query;
}

}  // namespace

absl::StatusOr<GroundQuery> ParseGroundRequest(const grpc::ByteBuffer& bytes, const RequestLimits& limits,
                                               const ModelInfo& model, std::string_view fallback_request_id) {
  v1::GroundRequest request;
  if (!ParseMessage(bytes, request)) return WithRequestId(Malformed("lqvg.v1.GroundRequest"), fallback_request_id);
  return TakeQuery(request, Faults(), limits, model, fallback_request_id);
}

absl::StatusOr<GroundQuery> ParseGroundStreamRequest(const grpc::ByteBuffer& bytes, const RequestLimits& limits,
                                                     const ModelInfo& model, std::string_view fallback_request_id) {
  v1::GroundStreamRequest item;
  if (!ParseMessage(bytes, item)) return WithRequestId(Malformed("lqvg.v1.GroundStreamRequest"), fallback_request_id);
  Faults faults;
  if (item.has_timeout() && !ToTimeout(item.timeout())) {
    faults.Add("PARAMETER_OUT_OF_RANGE", "timeout",
               absl::StrCat(item.timeout().seconds(), " s and ", item.timeout().nanos(),
                            " ns; allowed are more than 0 and at most 24 hours, nanos in 0..999999999"));
  }
  return TakeQuery(*item.mutable_request(), std::move(faults), limits, model, fallback_request_id);
}

absl::Status ParseGetModelRequest(const grpc::ByteBuffer& bytes) {
  v1::GetModelRequest request;
  if (bytes.Length() > kMaxGetModelRequestBytes || !ParseMessage(bytes, request))
    return Malformed("lqvg.v1.GetModelRequest");
  return absl::OkStatus();
}

grpc::ByteBuffer ToByteBuffer(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return {&slice, 1};
}

grpc::ByteBuffer TakeBytes(const grpc::ByteBuffer* request) {
  grpc::ByteBuffer bytes;
  const_cast<grpc::ByteBuffer*>(request)->Swap(&bytes);
  return bytes;
}

bool ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite& message) {
  // The reader wants a buffer that it may take apart. A copy shares the bytes.
  grpc::ByteBuffer shared = bytes;
  grpc::ProtoBufferReader reader(&shared);
  return reader.status().ok() && message.ParseFromZeroCopyStream(&reader);
}

std::optional<Duration> TimeLeft(const gpr_timespec& deadline) {
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return std::nullopt;
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  const std::chrono::seconds seconds(left.tv_sec);
  if (seconds >= kLongestDeadline) return kLongestDeadline;
  return seconds + std::chrono::nanoseconds(left.tv_nsec);
}

bool IsIdentifier(std::string_view text) {
  if (text.empty() || text.size() > kMaxRequestIdBytes) return false;
  for (const char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && std::string_view("._:/-").find(c) == text.npos) {
      return false;
    }
  }
  return true;
}

}  // namespace lqvg::serving
