// The rows of the contract's table of errors, each with a request, or a situation, that provokes it.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "lqvg/v1/grounding.pb.h"
#include "tests/image/crafted_files.h"

namespace lqvg::serving {

inline constexpr char kExpression[] = "a secret of the caller";
inline constexpr char kRequestId[] = "the-callers-id";

// What the server is like when the request comes.
enum class Situation {
  kReady,
  kLoading,
  kDraining,
  kFull,              // one call may be inside, and is
  kOutOfBytes,        // ten bytes may be inside
  kOverShare,         // a hundredth of the house is a caller's, and a call of this one holds it
  kTooSlow,           // the model took longer than a call has that names no deadline
  kBusyAndImpatient,  // the model is held by another call, and a call without a deadline gets a short one
  kHeldAndImpatient,  // the same, but it is held by this call
  kDeviceFull,        // the device has no memory even for one
  kDeviceLost,        // the device fails for good
  kExclusive,         // it serves whom it knows, and the caller shows nothing
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

inline void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

using Spoil = std::function<void(v1::GroundRequest&)>;

inline Spoil Picture(const Bytes& bytes) {
  return [bytes](v1::GroundRequest& request) {
    request.mutable_image()->set_encoded(std::string(bytes.begin(), bytes.end()));
  };
}

inline Bytes TiffOf(int tag, const std::vector<std::uint32_t>& values) {
  TiffRecipe recipe;
  recipe.tags[tag] = values;
  return TiffFile(recipe);
}

inline Bytes FirstBytes(const Bytes& bytes, std::size_t count) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

inline Bytes ManyChunks(int count) {
  Bytes chunks;
  for (int i = 0; i < count; ++i) Append(&chunks, PngChunk("tEXt", {'a', 0, 'b'}));
  return PngFile({.before_data = chunks});
}

// Faults of the message.
inline std::vector<Row> MessageRows() {
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
  };
}

// Faults of the picture.
inline std::vector<Row> PictureRows() {
  return {
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
  };
}

// Nothing is wrong with the request.
inline std::vector<Row> SituationRows() {
  return {
      {"Full", "QUEUE_FULL", {}, {"1 calls", "limit is 1"}, [](auto&) {}, Situation::kFull},
      {"OutOfBytes", "MEMORY_BUDGET", {}, {"limit of 10"}, [](auto&) {}, Situation::kOutOfBytes},
      {"OverShare", "QUOTA_EXCEEDED", {}, {"1 calls", "of 100 is 1"}, [](auto&) {}, Situation::kOverShare},
      {"TooSlow", "DEADLINE_UNREACHABLE", {}, {"its deadline is in"}, [](auto&) {}, Situation::kTooSlow},
      {"Loading", "MODEL_LOADING", {}, {}, [](auto&) {}, Situation::kLoading},
      {"Draining", "SHUTTING_DOWN", {}, {}, [](auto&) {}, Situation::kDraining},
      {"DeviceFull", "DEVICE_MEMORY", {}, {"does not fit"}, [](auto&) {}, Situation::kDeviceFull},
      {"ExpiredInQueue", "EXPIRED_IN_QUEUE", {}, {"before the model"}, [](auto&) {}, Situation::kBusyAndImpatient},
      {"ExpiredRunning", "EXPIRED_WHILE_RUNNING", {}, {"while the model"}, [](auto&) {}, Situation::kHeldAndImpatient},
      {"DeviceLost", "DEVICE_LOST", {}, {}, [](auto&) {}, Situation::kDeviceLost},
      {"Stranger", "UNAUTHENTICATED", {}, {"authorization"}, [](auto&) {}, Situation::kExclusive},
      {"Broken", "INTERNAL_ERROR", {}, {kRequestId}, [](auto&) {}, Situation::kBroken},
  };
}

inline std::vector<Row> Rows() {
  std::vector<Row> rows = MessageRows();
  for (const std::vector<Row>& more : {PictureRows(), SituationRows()})
    rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

}  // namespace lqvg::serving
