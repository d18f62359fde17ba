// The few elements of SVG that curves are drawn with, as text.
//
// Pure functions, thread-safe. Coordinates are pixels, written with one decimal.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lqvg::curves {

struct SvgPoint {
  double x = 0, y = 0;
};

enum class SvgAnchor { kStart, kMiddle, kEnd };

// `text` between tags or quotes: markup escaped, and what is not UTF-8 or not allowed in XML replaced by a question
// mark.
std::string XmlText(std::string_view text);

// `style` is a class of the sheet's style or a list of attributes, as it is.
std::string SvgLine(const SvgPoint& from, const SvgPoint& to, std::string_view style);
std::string SvgRectangle(const SvgPoint& corner, const SvgPoint& size, std::string_view style);
std::string SvgPolyline(std::span<const SvgPoint> points, std::string_view style);
std::string SvgLabel(const SvgPoint& at, SvgAnchor anchor, std::string_view text, std::string_view style);

}  // namespace lqvg::curves
