#include "server/prepare_query.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "image/rejection.h"
#include "model/letterbox.h"
#include "server/caches.h"
#include "server/decode_budget.h"
#include "server/digest.h"
#include "server/shared_decode.h"

namespace lqvg::serving {
namespace {

// Pixels with what is told of them.
struct Picture {
  DecodeShare share;  // first, so that it is given back last
  DecodedImage decoded;
};

using ImageSource = decltype(GroundQuery::image);

absl::StatusOr<DecodeShare> ReserveFor(std::span<const std::uint8_t> encoded, const DecodeOptions& options,
                                       DecodeBudget* budget, Call& call) {
  // DecodeImage reads the header again, which takes far less time than the pixels do.
  const absl::StatusOr<ImageHeader> header = ScanHeader(encoded, options.limits);
  if (!header.ok()) return header.status();
  if (budget == nullptr) return DecodeShare();
  return budget->Reserve(header->decoded_bytes + (options.apply_exif_orientation ? header->turning_bytes : 0), call);
}

// Takes the picture by value: a file's bytes are freed as soon as its pixels exist.
absl::StatusOr<Picture> ReadPicture(ImageSource source, const DecodeOptions& options, DecodeBudget* budget,
                                    Call& call) {
  if (auto* const pixels = std::get_if<Image>(&source)) {
    return Picture{.share = {}, .decoded = {.image = std::move(*pixels)}};
  }
  const std::string& encoded = std::get<std::string>(source);
  const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(encoded.data()), encoded.size());
  absl::StatusOr<DecodeShare> share = ReserveFor(bytes, options, budget, call);
  if (!share.ok()) return share.status();
  absl::StatusOr<DecodedImage> decoded = DecodeImage(bytes, options);
  if (!decoded.ok()) return decoded.status();
  return Picture{.share = *std::move(share), .decoded = *std::move(decoded)};
}

// The SHA-256 of the file's bytes; empty for raw pixels.
absl::StatusOr<std::string> DigestOf(const ImageSource& source) {
  if (const auto* const encoded = std::get_if<std::string>(&source)) return Sha256(*encoded);
  if (const auto* const digest = std::get_if<ImageDigest>(&source)) return digest->sha256;
  return std::string();
}

// The same bytes turned or not turned are two pictures, and calls that bypass the caches share among themselves alone.
// Raw pixels have no digest, and share with nobody.
std::string ImageKey(const std::string& digest, const GroundQuery& query) {
  if (digest.empty()) return "";
  return absl::StrCat(digest, query.apply_exif_orientation ? "+exif" : "", query.bypass_caches ? "+bypass" : "");
}

absl::Status NotCached() {
  constexpr char kMessage[] = "no picture of this digest is held here; send its bytes";
  return Reject(absl::StatusCode::kNotFound, "IMAGE_NOT_CACHED", kMessage, {{"image.digest", kMessage}});
}

// What the caches know of `query`, whose expressions and image_key are there. NOT_FOUND, IMAGE_NOT_CACHED for a digest
// that this client may not ask for.
absl::Status LookUp(const ImageSource& source, Caches& caches, PreparedQuery& query) {
  const bool by_digest = std::holds_alternative<ImageDigest>(source);
  if (query.bypass_caches) return by_digest ? NotCached() : absl::OkStatus();
  if (query.image_key.empty()) return absl::OkStatus();

  const std::optional<CachedImage> image = by_digest ? caches.images.FindSent(query.image_key, query.client)
                                                     : caches.images.Find(query.image_key, query.client);
  if (by_digest && !image) return NotCached();
  std::shared_ptr<const PictureFacts> facts;
  if (image) {
    query.features = image->features;
    facts = image->facts;
  }
  for (const Expression& expression : query.expressions) {
    const std::shared_ptr<const CachedResponse> response = caches.responses.Find(query.image_key, expression);
    query.known.push_back(response ? std::shared_ptr<const Grounding>(response, &response->grounding) : nullptr);
    if (response) facts = response->facts;
  }
  // Without features some expression may still be unknown: then the picture is decoded, and its facts with it.
  if (!facts || (!image && CountUnknown(query) > 0)) return absl::OkStatus();
  query.canvas = facts->canvas;
  query.answer = facts->answer;
  query.answer.image_cache = caches.images.enabled() ? ImageCacheOutcome::kHit : ImageCacheOutcome::kOff;
  query.answer.image_retained = image.has_value();
  return absl::OkStatus();
}

absl::Status CheckWanted(const Call& call) {
  return call.finished() ? absl::CancelledError("the call ended while it was prepared") : absl::OkStatus();
}

// The pixels on their canvas, and what the answer says of the picture. `letterboxed`: how long placing them took.
absl::StatusOr<PreparedPicture> PreparePicture(ImageSource source, const std::string& digest,
                                               const DecodeOptions& decode, const PrepareOptions& options, Call& call,
                                               const Clock& clock, Duration& letterboxed) {
  const absl::StatusOr<Picture> picture = ReadPicture(std::move(source), decode, options.decode_budget, call);
  if (!picture.ok()) return picture.status();
  if (absl::Status status = CheckWanted(call); !status.ok()) return status;
  const DecodedImage& decoded = picture->decoded;
  const TimePoint begun = clock.Now();
  absl::StatusOr<Canvas> canvas = Letterbox(decoded.image, options.canvas_side);
  letterboxed = clock.Now() - begun;
  if (!canvas.ok()) return canvas.status();
  PreparedPicture prepared{.canvas = *std::move(canvas), .answer = {}};
  prepared.answer.image_width = decoded.image.width;
  prepared.answer.image_height = decoded.image.height;
  prepared.answer.alpha_dropped = decoded.alpha_dropped;
  prepared.answer.cmyk_converted = decoded.cmyk_converted;
  prepared.answer.orientation_ignored = decoded.orientation_ignored;
  prepared.answer.orientation_applied = decoded.orientation_applied;
  prepared.answer.image_digest = digest;
  return prepared;
}

// A picture that is still to be read, with what must be known for it.
struct UnreadPicture {
  ImageSource source;
  std::string digest;
  DecodeOptions decode;
  PrepareOptions options;
  const Clock* clock;
  Duration hashed;     // how long the digest and the caches took
  Duration tokenized;  // how long the expressions took
};

absl::Status ReadInto(PreparedQuery& query, UnreadPicture& unread, Call& call) {
  const TimePoint begun = unread.clock->Now();
  Duration letterboxed{};
  const auto prepare_picture = [&] {
    return PreparePicture(std::move(unread.source), unread.digest, unread.decode, unread.options, call, *unread.clock,
                          letterboxed);
  };
  SharedDecode* const shared = unread.options.shared_decode;
  absl::StatusOr<PreparedPicture> picture =
      shared == nullptr ? prepare_picture() : shared->Join(query.image_key, call, prepare_picture);
  call.Record(&StageTimes::decode, unread.hashed + (unread.clock->Now() - begun) - letterboxed);
  call.Record(&StageTimes::prepare, unread.tokenized + letterboxed);
  if (!picture.ok()) return picture.status();
  query.canvas = std::move(picture->canvas);
  query.answer = std::move(picture->answer);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Preparation> PrepareQuery(GroundQuery query, Call& call, const Tokenizer& tokenizer,
                                         const PrepareOptions& options, const Clock& clock) {
  const TimePoint begun = clock.Now();
  absl::StatusOr<std::vector<Expression>> expressions =
      PrepareExpressions(query.expressions, tokenizer, options.expression_limits);
  if (!expressions.ok()) return expressions.status();
  if (absl::Status status = CheckWanted(call); !status.ok()) return status;

  const TimePoint tokenized = clock.Now();
  absl::StatusOr<std::string> digest = DigestOf(query.image);
  if (!digest.ok()) return digest.status();
  PreparedQuery prepared;
  prepared.image_key = ImageKey(*digest, query);
  prepared.expressions = *std::move(expressions);
  prepared.answer_options = {
      .max_boxes = query.max_boxes, .min_score = query.min_score, .clip_boxes = query.clip_boxes};
  prepared.bypass_caches = query.bypass_caches;
  prepared.client = query.client;
  std::optional<Caches> none;
  Caches& caches = options.caches == nullptr ? none.emplace(kNoCaches) : *options.caches;
  if (absl::Status status = LookUp(query.image, caches, prepared); !status.ok()) return status;
  const Duration tokenizing = tokenized - begun, hashing = clock.Now() - tokenized;
  call.Record(&StageTimes::decode, hashing);
  call.Record(&StageTimes::prepare, tokenizing);
  if (CountUnknown(prepared) == 0 || prepared.features != nullptr) return Preparation(std::move(prepared));

  UnreadPicture unread{
      .source = std::move(query.image),
      .digest = *std::move(digest),
      .decode = {.limits = options.image_limits, .apply_exif_orientation = query.apply_exif_orientation},
      .options = options,
      .clock = &clock,
      .hashed = hashing,
      .tokenized = tokenizing};
  return Preparation(std::move(prepared),
                     [unread = std::move(unread)](PreparedQuery& begun_query, Call& owner) mutable {
                       return ReadInto(begun_query, unread, owner);
                     });
}

}  // namespace lqvg::serving
