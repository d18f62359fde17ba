#include "image/png_writer.h"

#include <png.h>

#include <csetjmp>
#include <cstddef>
#include <new>
#include <utility>

#include "absl/status/status.h"

namespace lqvg {
namespace {

// zlib's fastest level with one cheap filter: a third larger than the default's files, several times faster.
constexpr int kCompressionLevel = 1;

struct Session {
  ~Session() { png_destroy_write_struct(&codec, &info); }  // takes null pointers too

  png_structp codec = nullptr;
  png_infop info = nullptr;
  std::jmp_buf escape = {};
  std::vector<std::uint8_t> encoded;
};

[[noreturn]] void Escape(png_structp codec, png_const_charp) {
  std::longjmp(static_cast<Session*>(png_get_error_ptr(codec))->escape, 1);
}

void Append(png_structp codec, png_bytep bytes, std::size_t count) {
  auto* session = static_cast<Session*>(png_get_io_ptr(codec));
  bool stored = false;
  try {
    session->encoded.insert(session->encoded.end(), bytes, bytes + count);
    stored = true;
  } catch (const std::bad_alloc&) {  // must not pass through libpng, which is C
  }
  if (!stored) png_error(codec, "out of memory");
}

void FlushNothing(png_structp) {}

// Encodes into the session. No object with a destructor may live in this frame: libpng leaves by longjmp.
bool WritePixels(Session* session, const Image& image) {
  if (setjmp(session->escape) != 0) return false;
  session->codec = png_create_write_struct(PNG_LIBPNG_VER_STRING, session, Escape, Escape);
  if (session->codec == nullptr) return false;
  png_structp codec = session->codec;
  session->info = png_create_info_struct(codec);
  if (session->info == nullptr) return false;
  png_set_write_fn(codec, session, Append, FlushNothing);
  png_set_compression_level(codec, kCompressionLevel);
  png_set_filter(codec, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
  png_set_IHDR(codec, session->info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height), 8,
               PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(codec, session->info);
  for (int y = 0; y < image.height; ++y) {
    png_write_row(codec, image.rgb.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) * 3);
  }
  png_write_end(codec, nullptr);
  return true;
}

}  // namespace

absl::StatusOr<std::vector<std::uint8_t>> EncodePng(const Image& image) {
  if (image.width <= 0 || image.height <= 0 || image.rgb.size() != image.ByteCount()) {
    return absl::InvalidArgumentError("the picture's size and its pixels do not fit");
  }
  Session session;
  if (!WritePixels(&session, image)) return absl::InternalError("libpng could not write the picture");
  return std::move(session.encoded);
}

}  // namespace lqvg
