#include "image/png_decoder.h"

#include <png.h>

#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"

namespace lqvg {
namespace {

struct Session {
  explicit Session(std::span<const std::uint8_t> bytes) : encoded(bytes) {}
  ~Session() { png_destroy_read_struct(&codec, &info, nullptr); }  // takes null pointers too
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  std::span<const std::uint8_t> encoded;
  std::size_t pos = 0;
  png_structp codec = nullptr;
  png_infop info = nullptr;
  std::jmp_buf escape = {};
  char complaint[100] = "its header reads in two ways";
};

// Warnings too: libpng goes on after them with pixels that may be wrong.
[[noreturn]] void Escape(png_structp codec, png_const_charp message) {
  auto* session = static_cast<Session*>(png_get_error_ptr(codec));
  // A chunk's name stands before the colon. It comes from the file, and we repeat no bytes of a file.
  const char* colon = std::strstr(message, ": ");
  std::snprintf(session->complaint, sizeof(session->complaint), "%s", colon == nullptr ? message : colon + 2);
  std::longjmp(session->escape, 1);
}

void ReadBytes(png_structp codec, png_bytep out, std::size_t count) {
  auto* session = static_cast<Session*>(png_get_io_ptr(codec));
  if (count > session->encoded.size() - session->pos) png_error(codec, "the file ends early");
  std::memcpy(out, session->encoded.data() + session->pos, count);
  session->pos += count;
}

// Shields libpng from everything that the pixels do not need. No part of it is read but its checksum.
void RestrictChunks(png_structp codec, const ImageLimits& limits) {
  png_set_crc_action(codec, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  // A negative count means every chunk but the five that make a picture; transparency we drop, so it goes too.
  png_set_keep_unknown_chunks(codec, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_set_keep_unknown_chunks(codec, PNG_HANDLE_CHUNK_NEVER, reinterpret_cast<png_const_bytep>("tRNS"), 1);
  png_set_chunk_malloc_max(codec, limits.max_ancillary_bytes);
  png_set_user_limits(codec, static_cast<png_uint_32>(limits.max_side), static_cast<png_uint_32>(limits.max_side));
}

// Replaces the indices at the front of each row by their colours. libpng would do it, but passes an index beyond the
// palette as black.
void ApplyPalette(Session* session, const ImageHeader& header, png_bytep* rows) {
  png_colorp colours = nullptr;
  int count = 0;
  png_get_PLTE(session->codec, session->info, &colours, &count);
  for (int y = 0; y < header.height; ++y) {
    for (int x = header.width - 1; x >= 0; --x) {  // from the end: a colour is written behind the indices still to read
      const png_byte index = rows[y][x];
      if (index >= count) png_error(session->codec, "an index is beyond the palette");
      rows[y][3 * x] = colours[index].red;
      rows[y][3 * x + 1] = colours[index].green;
      rows[y][3 * x + 2] = colours[index].blue;
    }
  }
}

// Decodes into `rows`; false leaves the reason in `session`. No object with a destructor may live in this frame, nor in
// one below it: libpng leaves by longjmp.
bool ReadPixels(Session* session, const ImageHeader& header, const ImageLimits& limits, png_bytep* rows) {
  if (setjmp(session->escape) != 0) return false;
  session->codec = png_create_read_struct(PNG_LIBPNG_VER_STRING, session, Escape, Escape);
  if (session->codec == nullptr) return false;
  png_structp codec = session->codec;
  session->info = png_create_info_struct(codec);
  if (session->info == nullptr) return false;
  png_set_read_fn(codec, session, ReadBytes);
  RestrictChunks(codec, limits);
  png_read_info(codec, session->info);
  if (png_get_image_width(codec, session->info) != static_cast<png_uint_32>(header.width) ||
      png_get_image_height(codec, session->info) != static_cast<png_uint_32>(header.height)) {
    return false;
  }
  const bool palette = png_get_color_type(codec, session->info) == PNG_COLOR_TYPE_PALETTE;
  if (palette) {
    png_set_packing(codec);  // one index a byte
  } else {
    png_set_expand(codec);  // grey of 1, 2 and 4 bits to 8
    png_set_gray_to_rgb(codec);
    png_set_strip_alpha(codec);
  }
  png_set_interlace_handling(codec);
  png_read_update_info(codec, session->info);
  const auto width = static_cast<std::size_t>(header.width);
  if (png_get_rowbytes(codec, session->info) != (palette ? width : width * 3)) return false;
  png_read_image(codec, rows);
  if (palette) ApplyPalette(session, header, rows);
  png_read_end(codec, nullptr);
  return true;
}

}  // namespace

absl::StatusOr<Image> DecodePng(std::span<const std::uint8_t> encoded, const ImageHeader& header,
                                const ImageLimits& limits) {
  Image image;
  image.width = header.width;
  image.height = header.height;
  image.rgb.resize(image.ByteCount());
  std::vector<png_bytep> rows(static_cast<std::size_t>(header.height));
  for (std::size_t y = 0; y < rows.size(); ++y) {
    rows[y] = image.rgb.data() + y * static_cast<std::size_t>(header.width) * 3;
  }
  Session session(encoded);
  if (!ReadPixels(&session, header, limits, rows.data())) {
    return RejectImage("IMAGE_CORRUPT", absl::StrCat("the PNG data is broken: ", session.complaint));
  }
  return image;
}

}  // namespace lqvg
