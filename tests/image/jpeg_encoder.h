// Makes JPEG files of one colour with libjpeg, for what the fixtures are too small or too tame for.
#pragma once

#include <cstddef>
#include <cstdio>  // jpeglib.h needs FILE
#include <cstdlib>
#include <vector>

#include "tests/image/crafted_files.h"

extern "C" {
#include <jpeglib.h>
}

namespace lqvg {

struct JpegRecipe {
  unsigned width = 32;
  unsigned height = 32;
  int components = 3;  // 1: grey, 3: RGB as YCbCr, 4: CMYK
  int sampling = 1;    // of the first component, in both directions
  bool progressive = false;
  int scans = 0;  // of a progressive file, up to 190: the constant parts, then one coefficient each; 0: the usual ones
};

// The constant parts of all components in one scan; then each scan one more coefficient of one component.
inline std::vector<jpeg_scan_info> ScansOf(const JpegRecipe& recipe) {
  std::vector<jpeg_scan_info> scans = {{recipe.components, {0, 1, 2, 3}, 0, 0, 0, 0}};
  while (scans.size() < static_cast<std::size_t>(recipe.scans)) {
    const int ordinal = static_cast<int>(scans.size()) - 1;
    const int coefficient = 1 + ordinal % 63;
    scans.push_back({1, {ordinal / 63, 0, 0, 0}, coefficient, coefficient, 0, 0});
  }
  return scans;
}

inline Bytes JpegFile(const JpegRecipe& recipe) {
  jpeg_compress_struct codec = {};
  jpeg_error_mgr errors = {};
  codec.err = jpeg_std_error(&errors);
  jpeg_create_compress(&codec);
  unsigned char* file = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&codec, &file, &size);
  codec.image_width = recipe.width;
  codec.image_height = recipe.height;
  codec.input_components = recipe.components;
  codec.in_color_space = recipe.components == 4 ? JCS_CMYK : recipe.components == 3 ? JCS_RGB : JCS_GRAYSCALE;
  jpeg_set_defaults(&codec);
  codec.comp_info[0].h_samp_factor = codec.comp_info[0].v_samp_factor = recipe.sampling;
  const std::vector<jpeg_scan_info> scans = ScansOf(recipe);
  if (recipe.progressive) jpeg_simple_progression(&codec);
  if (recipe.scans > 0) {
    codec.scan_info = scans.data();
    codec.num_scans = recipe.scans;
  }
  jpeg_start_compress(&codec, TRUE);
  Bytes row(std::size_t{recipe.width} * static_cast<std::size_t>(recipe.components), 0x40);
  JSAMPROW rows = row.data();
  while (codec.next_scanline < codec.image_height) jpeg_write_scanlines(&codec, &rows, 1);
  jpeg_finish_compress(&codec);
  jpeg_destroy_compress(&codec);
  Bytes bytes(file, file + size);
  std::free(file);
  return bytes;
}

}  // namespace lqvg
