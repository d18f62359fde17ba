// `lqvg-scenes`: made-up aerial pictures as PNG files, with a line of JSON for each, or as one contact sheet; or only
// the expressions about them.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "image/png_writer.h"
#include "train/scenes/expressions.h"
#include "train/scenes/layout.h"
#include "train/scenes/painter.h"

namespace {

using lqvg::Image;
using lqvg::scenes::LayoutOptions;
using lqvg::scenes::ReferringExpression;
using lqvg::scenes::Scene;
using lqvg::scenes::SceneObject;

constexpr std::string_view kUsage =
    "usage: lqvg-scenes [--seed N] [--count N] [--size WIDTHxHEIGHT] --out DIR\n"
    "       lqvg-scenes [--seed N] [--size WIDTHxHEIGHT] --contact-sheet FILE.png COLUMNSxROWS\n"
    "       lqvg-scenes [--seed N] [--count N] [--size WIDTHxHEIGHT] --expressions FILE\n"
    "DIR gets SEED.png for each scene and scenes.jsonl, with a line for each: what is in it and where, and "
    "expressions\n"
    "with the object that each means, counted from 0; -1: none. --expressions writes those alone, one a line.\n";

struct Arguments {
  std::uint64_t seed = 1;
  int count = 1, width = 256, height = 256;
  std::string out, sheet, expressions;
  int columns = 0, rows = 0;
};

template <typename Number>
bool Parse(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

// "480x360".
bool ParsePair(std::string_view text, int* first, int* second) {
  const std::size_t cross = text.find('x');
  return cross != std::string_view::npos && Parse(text.substr(0, cross), first) &&
         Parse(text.substr(cross + 1), second);
}

bool IsSide(int pixels) { return pixels >= 128 && pixels <= 1024; }

bool ParseArguments(int argc, char** argv, Arguments* arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (i + 1 >= argc) return false;
    const std::string_view value = argv[++i];
    if (flag == "--seed") {
      if (!Parse(value, &arguments->seed)) return false;
    } else if (flag == "--count") {
      if (!Parse(value, &arguments->count) || arguments->count < 1) return false;
    } else if (flag == "--size") {
      if (!ParsePair(value, &arguments->width, &arguments->height)) return false;
      if (!IsSide(arguments->width) || !IsSide(arguments->height)) return false;
    } else if (flag == "--out") {
      arguments->out = value;
    } else if (flag == "--expressions") {
      arguments->expressions = value;
    } else if (flag == "--contact-sheet" && i + 1 < argc) {
      arguments->sheet = value;
      if (!ParsePair(argv[++i], &arguments->columns, &arguments->rows)) return false;
    } else {
      return false;
    }
  }
  const bool has_grid = arguments->columns > 0 && arguments->rows > 0 && arguments->columns * arguments->rows <= 400;
  const int asked = !arguments->out.empty() + !arguments->sheet.empty() + !arguments->expressions.empty();
  return asked == 1 && (arguments->sheet.empty() || has_grid);
}

bool WritePng(const Image& image, const std::string& path) {
  const auto png = lqvg::EncodePng(image);
  if (!png.ok()) {
    std::cerr << png.status().message() << "\n";
    return false;
  }
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(png->data()), static_cast<std::streamsize>(png->size()));
  file.close();
  if (!file) std::cerr << path << " cannot be written\n";
  return static_cast<bool>(file);
}

std::string JsonOf(const Scene& scene) {
  std::string json = absl::StrCat("{\"seed\":", scene.seed, ",\"width\":", scene.width, ",\"height\":", scene.height,
                                  ",\"objects\":[");
  for (const SceneObject& object : scene.objects) {
    const auto& b = object.bounds;
    absl::StrAppend(&json, &object == scene.objects.data() ? "" : ",", "{\"kind\":\"", std::string(NameOf(object.kind)),
                    "\",\"colour\":\"", std::string(NameOf(object.colour)), "\"");
    absl::StrAppend(&json, ",\"box\":[", b.x_min, ",", b.y_min, ",", b.x_max, ",", b.y_max, "]}");
  }
  absl::StrAppend(&json, "],\"expressions\":[");
  const std::vector<ReferringExpression> expressions = Describe(scene, scene.seed);
  for (const ReferringExpression& said : expressions) {
    absl::StrAppend(&json, &said == expressions.data() ? "" : ",", "{\"text\":\"", said.text,
                    "\",\"object\":", said.target, "}");
  }
  return json + "]}";
}

int WriteScenes(const Arguments& arguments, const LayoutOptions& options) {
  std::error_code ignored;  // the file tells
  std::filesystem::create_directories(arguments.out, ignored);
  std::ofstream lines(arguments.out + "/scenes.jsonl");
  for (int i = 0; i < arguments.count; ++i) {
    const Scene scene = LayOut(arguments.seed + static_cast<std::uint64_t>(i), options);
    if (!WritePng(Paint(scene), absl::StrCat(arguments.out, "/", scene.seed, ".png"))) return 1;
    lines << JsonOf(scene) << "\n";
  }
  lines.close();
  if (!lines) std::cerr << arguments.out << "/scenes.jsonl cannot be written\n";
  return lines ? 0 : 1;
}

int WriteExpressions(const Arguments& arguments, const LayoutOptions& options) {
  std::ofstream lines(arguments.expressions);
  for (int i = 0; i < arguments.count; ++i) {
    const Scene scene = LayOut(arguments.seed + static_cast<std::uint64_t>(i), options);
    for (const ReferringExpression& said : Describe(scene, scene.seed)) lines << said.text << "\n";
  }
  lines.close();
  if (!lines) std::cerr << arguments.expressions << " cannot be written\n";
  return lines ? 0 : 1;
}

int WriteSheet(const Arguments& arguments, const LayoutOptions& options) {
  const std::size_t row = static_cast<std::size_t>(arguments.width) * 3;
  Image sheet = {arguments.columns * arguments.width, arguments.rows * arguments.height, {}};
  sheet.rgb.resize(sheet.ByteCount());
  for (int tile = 0; tile < arguments.columns * arguments.rows; ++tile) {
    const Image image = Paint(LayOut(arguments.seed + static_cast<std::uint64_t>(tile), options));
    const std::size_t left = static_cast<std::size_t>(tile % arguments.columns) * row;
    const std::size_t top = static_cast<std::size_t>(tile / arguments.columns * arguments.height);
    for (std::size_t y = 0; y < static_cast<std::size_t>(arguments.height); ++y) {
      const std::size_t to = (top + y) * static_cast<std::size_t>(sheet.width) * 3 + left;
      std::copy_n(&image.rgb[y * row], row, &sheet.rgb[to]);
    }
  }
  // A sheet is for eyes and lies in the repository: without the last bits of grain it takes half the room.
  constexpr int kStep = 12;
  for (std::uint8_t& value : sheet.rgb) {
    value = static_cast<std::uint8_t>(std::min((value + kStep / 2) / kStep * kStep, 255));
  }
  return WritePng(sheet, arguments.sheet) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!ParseArguments(argc, argv, &arguments)) {
    std::cerr << kUsage;
    return 2;
  }
  LayoutOptions options;
  options.width = arguments.width;
  options.height = arguments.height;
  if (!arguments.expressions.empty()) return WriteExpressions(arguments, options);
  return arguments.sheet.empty() ? WriteScenes(arguments, options) : WriteSheet(arguments, options);
}
