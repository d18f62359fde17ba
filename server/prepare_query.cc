#include "server/prepare_query.h"

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "model/letterbox.h"
#include "server/decode_budget.h"
#include "server/digest.h"

namespace lqvg::serving {
namespace {

// Pixels with what is told of them.
struct Picture {
  DecodeShare share;  // first, so that it is given back last
  DecodedImage decoded;
};

absl::StatusOr<DecodeShare> ReserveFor(std::span<const std::uint8_t> encoded, const DecodeOptions& options,
                                       DecodeBudget* budget, Call& call) {
  // DecodeImage reads the header again, which takes far less time than the pixels do.
  const absl::StatusOr<ImageHeader> header = ScanHeader(encoded, options.limits);
  if (!header.ok()) return header.status();
  if (budget == nullptr) return DecodeShare();
  return budget->Reserve(header->decoded_bytes + (options.apply_exif_orientation ? header->turning_bytes : 0), call);
}

// Takes the file by value: its bytes are freed as soon as its pixels exist.
absl::StatusOr<Picture> ReadFile(std::string encoded, const DecodeOptions& options, DecodeBudget* budget, Call& call) {
  const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(encoded.data()), encoded.size());
  absl::StatusOr<DecodeShare> share = ReserveFor(bytes, options, budget, call);
  if (!share.ok()) return share.status();
  absl::StatusOr<DecodedImage> decoded = DecodeImage(bytes, options);
  if (!decoded.ok()) return decoded.status();
  return Picture{.share = *std::move(share), .decoded = *std::move(decoded)};
}

absl::StatusOr<Picture> ReadPicture(std::variant<std::string, Image> image, const DecodeOptions& options,
                                    DecodeBudget* budget, Call& call) {
  if (auto* const encoded = std::get_if<std::string>(&image)) {
    return ReadFile(std::move(*encoded), options, budget, call);
  }
  return Picture{.share = {}, .decoded = {.image = std::get<Image>(std::move(image))}};
}

absl::Status CheckWanted(const Call& call) {
  return call.finished() ? absl::CancelledError("the call ended while it was prepared") : absl::OkStatus();
}

}  // namespace

absl::StatusOr<PreparedQuery> PrepareQuery(GroundQuery query, Call& call, AdmitFunction admit,
                                           const Tokenizer& tokenizer, const PrepareOptions& options,
                                           const Clock& clock) {
  const TimePoint begun = clock.Now();
  absl::StatusOr<std::vector<Expression>> expressions =
      PrepareExpressions(query.expressions, tokenizer, options.expression_limits);
  if (!expressions.ok()) return expressions.status();
  if (absl::Status status = CheckWanted(call); !status.ok()) return status;

  const TimePoint tokenized = clock.Now();
  PreparedQuery prepared;
  if (const auto* const encoded = std::get_if<std::string>(&query.image)) {
    absl::StatusOr<std::string> digest = Sha256(*encoded);
    if (!digest.ok()) return digest.status();
    // The same bytes turned or not turned are two pictures. Raw pixels have no digest, and share with nobody.
    prepared.image_key = *digest + (query.apply_exif_orientation ? "+exif" : "");
    prepared.answer.image_digest = *std::move(digest);
  }
  Demand demand{.image_key = prepared.image_key, .expression_count = static_cast<int>(expressions->size())};
  if (absl::Status status = admit(std::move(demand)); !status.ok()) return status;

  const DecodeOptions decode = {.limits = options.image_limits, .apply_exif_orientation = query.apply_exif_orientation};
  const absl::StatusOr<Picture> picture = ReadPicture(std::move(query.image), decode, options.decode_budget, call);
  const TimePoint decoded = clock.Now();
  call.Record(&StageTimes::decode, decoded - tokenized);
  if (!picture.ok()) return picture.status();
  if (absl::Status status = CheckWanted(call); !status.ok()) return status;

  const DecodedImage& source = picture->decoded;
  absl::StatusOr<Canvas> canvas = Letterbox(source.image, options.canvas_side);
  if (!canvas.ok()) return canvas.status();
  call.Record(&StageTimes::prepare, (tokenized - begun) + (clock.Now() - decoded));

  prepared.canvas = *std::move(canvas);
  prepared.expressions = *std::move(expressions);
  prepared.answer_options = {
      .max_boxes = query.max_boxes, .min_score = query.min_score, .clip_boxes = query.clip_boxes};
  prepared.answer.image_width = source.image.width;
  prepared.answer.image_height = source.image.height;
  prepared.answer.alpha_dropped = source.alpha_dropped;
  prepared.answer.cmyk_converted = source.cmyk_converted;
  prepared.answer.orientation_ignored = source.orientation_ignored;
  prepared.answer.orientation_applied = source.orientation_applied;
  return prepared;
}

}  // namespace lqvg::serving
