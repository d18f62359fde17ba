#include "train/curves/svg_text.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace lqvg::curves {
namespace {

// Bytes of the UTF-8 character at the beginning of `text`; 0: there is none.
std::size_t CharacterBytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  const bool is_overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool is_no_character = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F) ||
                               (lead == 0xEF && second == 0xBF && byte(2) >= 0xBE);  // U+FFFE, U+FFFF
  return is_overlong || is_no_character ? 0 : size;
}

std::string At(const SvgPoint& point) { return absl::StrFormat("%.1f,%.1f", point.x, point.y); }

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::string XmlText(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const std::size_t size = CharacterBytes(text);
    const char first = text[0];
    if (size == 0 || (first >= 0 && first < ' ') || first == '\x7F') {
      escaped += '?';
    } else if (first == '&') {
      escaped += "&amp;";
    } else if (first == '<') {
      escaped += "&lt;";
    } else if (first == '>') {
      escaped += "&gt;";
    } else if (first == '"') {
      escaped += "&quot;";
    } else {
      escaped += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return escaped;
}

std::string SvgLine(const SvgPoint& from, const SvgPoint& to, std::string_view style) {
  return absl::StrFormat("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", from.x, from.y, to.x, to.y,
                         View(style));
}

std::string SvgRectangle(const SvgPoint& corner, const SvgPoint& size, std::string_view style) {
  return absl::StrFormat("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" %s/>\n", corner.x, corner.y,
                         size.x, size.y, View(style));
}

std::string SvgPolyline(std::span<const SvgPoint> points, std::string_view style) {
  std::string text = "<polyline points=\"";
  for (const SvgPoint& point : points) absl::StrAppend(&text, &point == points.data() ? "" : " ", At(point));
  absl::StrAppend(&text, "\" ", View(style), "/>\n");
  return text;
}

std::string SvgLabel(const SvgPoint& at, SvgAnchor anchor, std::string_view text, std::string_view style) {
  const char* word = anchor == SvgAnchor::kStart ? "start" : anchor == SvgAnchor::kMiddle ? "middle" : "end";
  return absl::StrFormat("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" %s>%s</text>\n", at.x, at.y, word, View(style),
                         XmlText(text));
}

}  // namespace lqvg::curves
