#include "image/jpeg_decoder.h"

#include <csetjmp>
#include <cstdio>  // jpeglib.h needs FILE
#include <vector>

#include "absl/strings/str_cat.h"
#include "image/cmyk.h"

extern "C" {
#include <jpeglib.h>
}

namespace lqvg {
namespace {

// libjpeg's own needs beside the coefficients: Huffman tables, a few rows of samples.
constexpr std::uint64_t kWorkingBytes = 16u << 20;

struct Session {
  Session() {
    codec.client_data = this;
    codec.err = jpeg_std_error(&errors);
  }
  ~Session() { jpeg_destroy_decompress(&codec); }  // does nothing before jpeg_create_decompress
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  jpeg_decompress_struct codec = {};
  jpeg_error_mgr errors = {};
  std::jmp_buf escape = {};
  char complaint[JMSG_LENGTH_MAX] = "its header reads in two ways";
};

[[noreturn]] void Escape(j_common_ptr codec) {
  auto* session = static_cast<Session*>(codec->client_data);
  (*codec->err->format_message)(codec, session->complaint);
  std::longjmp(session->escape, 1);
}

// libjpeg goes on after a warning (level -1) with made-up pixels; we do not. Levels from 0 on are traces.
void EscapeOnWarning(j_common_ptr codec, int level) {
  if (level < 0) Escape(codec);
}

void StayQuiet(j_common_ptr) {}

// Decodes into `rgb`; false leaves the reason in `session`. No object with a destructor may live in this frame, nor in
// one below it: libjpeg leaves by longjmp.
bool ReadPixels(Session* session, std::span<const std::uint8_t> encoded, const ImageHeader& header,
                std::uint64_t max_memory, std::uint8_t* cmyk_row, std::uint8_t* rgb) {
  jpeg_decompress_struct* codec = &session->codec;
  if (setjmp(session->escape) != 0) return false;
  jpeg_create_decompress(codec);
  codec->mem->max_memory_to_use = static_cast<long>(max_memory);
  jpeg_mem_src(codec, encoded.data(), static_cast<unsigned long>(encoded.size()));
  jpeg_read_header(codec, TRUE);
  if (static_cast<int>(codec->image_width) != header.width || static_cast<int>(codec->image_height) != header.height ||
      codec->num_components != header.channels) {
    return false;
  }
  codec->out_color_space = header.is_cmyk ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(codec);
  const std::size_t pixels = codec->output_width;
  while (codec->output_scanline < codec->output_height) {
    std::uint8_t* out = rgb + static_cast<std::size_t>(codec->output_scanline) * pixels * 3;
    JSAMPROW row = header.is_cmyk ? cmyk_row : out;
    if (jpeg_read_scanlines(codec, &row, 1) != 1) return false;
    if (header.is_cmyk) CmykToRgb(cmyk_row, pixels, /*inverted=*/true, out);
  }
  jpeg_finish_decompress(codec);
  return true;
}

}  // namespace

absl::StatusOr<Image> DecodeJpeg(std::span<const std::uint8_t> encoded, const ImageHeader& header,
                                 const ImageLimits& limits) {
  Image image;
  image.width = header.width;
  image.height = header.height;
  image.rgb.resize(image.ByteCount());
  std::vector<std::uint8_t> cmyk_row(header.is_cmyk ? static_cast<std::size_t>(header.width) * 4 : 0);
  Session session;
  session.errors.error_exit = Escape;
  session.errors.emit_message = EscapeOnWarning;
  session.errors.output_message = StayQuiet;
  if (!ReadPixels(&session, encoded, header, limits.max_decoded_bytes + kWorkingBytes, cmyk_row.data(),
                  image.rgb.data())) {
    return RejectImage("IMAGE_CORRUPT", absl::StrCat("the JPEG data is broken: ", session.complaint));
  }
  return image;
}

}  // namespace lqvg
