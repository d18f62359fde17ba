// Three-valued truth: words such as "left" have no sharp edge, so between yes and no lies a band where people differ.
//
// Plain functions of values. An expression is used only where no object lies in the band, so no answer is right by a
// hair.
#pragma once

#include <algorithm>
#include <cstdint>

namespace lqvg::scenes {

enum class Truth : std::uint8_t { kNo, kBorderline, kYes };  // in this order: And is the least, Or the greatest

constexpr Truth And(Truth a, Truth b) { return std::min(a, b); }
constexpr Truth Or(Truth a, Truth b) { return std::max(a, b); }

// Yes up to `yes`, no from `no`, borderline between; yes < no.
constexpr Truth AtMost(float value, float yes, float no) {
  return value <= yes ? Truth::kYes : value >= no ? Truth::kNo : Truth::kBorderline;
}

// Yes from `yes`, no up to `no`, borderline between; no < yes.
constexpr Truth AtLeast(float value, float yes, float no) { return AtMost(-value, -yes, -no); }

}  // namespace lqvg::scenes
