#include "train/scenes/zones.h"

namespace lqvg::scenes {
namespace {

// Fitted to the 1,781 training expressions of RSVG-HR that name a zone: the centre of each box as a part of its 1024
// pixels, against the word. The threshold that errs least between two neighbouring words, and its errors:
//   left | middle part     x 0.37 ( 28 of 449)    middle part | right     x 0.65 ( 21 of 367)
//   top | middle part      y 0.36 ( 12 of 357)    middle part | bottom    y 0.63 ( 10 of 361)
//   upper left | left      y 0.35 ( 15 of 322)    left | lower left       y 0.63 ( 16 of 335)
//   upper left | top       x 0.39 ( 12 of 230)    top | upper right       x 0.67 ( 10 of 218)
//   far left | left        x 0.19 ( 27 of 321)    right | far right       x 0.82 ( 12 of 198)
//   far top | top          y 0.18 ( 12 of 191)    bottom | far bottom     y 0.81 ( 23 of 207)
// So the annotators see thirds, and an outer strip of a fifth. Along its edge a "far" zone reaches from 0.2 to 0.8 (5 %
// and 95 %: 0.25 and 0.79 for far left), where it overlaps the corners: there both words are right.
constexpr float kLowBorder = 0.37F, kHighBorder = 0.64F;
constexpr float kLowStrip = 0.19F, kHighStrip = 0.815F;
constexpr float kStripEnd = 0.25F;  // from either corner; beyond it "far left" is borderline
constexpr float kMargin = 0.03F;    // to either side of a border; about where 95 % of a word's boxes have been met

Truth IsLow(float v) { return AtMost(v, kLowBorder - kMargin, kLowBorder + kMargin); }
Truth IsHigh(float v) { return AtLeast(v, kHighBorder + kMargin, kHighBorder - kMargin); }
Truth IsMiddle(float v) {
  return And(AtLeast(v, kLowBorder + kMargin, kLowBorder - kMargin),
             AtMost(v, kHighBorder - kMargin, kHighBorder + kMargin));
}
Truth IsFarLow(float v) { return AtMost(v, kLowStrip - kMargin, kLowStrip + kMargin); }
Truth IsFarHigh(float v) { return AtLeast(v, kHighStrip + kMargin, kHighStrip - kMargin); }

// "on the left": the middle third of the left third, without the outer strip. What lies in a corner or in the strip is
// to the left as well for many people, so it is borderline and never a no.
Truth Beside(Truth side, Truth strip, float along) {
  if (side == Truth::kNo) return Truth::kNo;
  const bool clear = side == Truth::kYes && strip == Truth::kNo && IsMiddle(along) == Truth::kYes;
  return clear ? Truth::kYes : Truth::kBorderline;
}

Truth AtEdge(Truth strip, float along) {
  const bool corner = along < kStripEnd || along > 1 - kStripEnd;
  return And(strip, corner ? Truth::kBorderline : Truth::kYes);
}

}  // namespace

Truth LiesIn(Zone zone, float x, float y) {
  switch (zone) {
    case Zone::kLeft:
      return Beside(IsLow(x), IsFarLow(x), y);
    case Zone::kRight:
      return Beside(IsHigh(x), IsFarHigh(x), y);
    case Zone::kTop:
      return Beside(IsLow(y), IsFarLow(y), x);
    case Zone::kBottom:
      return Beside(IsHigh(y), IsFarHigh(y), x);
    case Zone::kUpperLeft:
      return And(IsLow(x), IsLow(y));
    case Zone::kUpperRight:
      return And(IsHigh(x), IsLow(y));
    case Zone::kLowerLeft:
      return And(IsLow(x), IsHigh(y));
    case Zone::kLowerRight:
      return And(IsHigh(x), IsHigh(y));
    case Zone::kFarLeft:
      return AtEdge(IsFarLow(x), y);
    case Zone::kFarRight:
      return AtEdge(IsFarHigh(x), y);
    case Zone::kFarTop:
      return AtEdge(IsFarLow(y), x);
    case Zone::kFarBottom:
      return AtEdge(IsFarHigh(y), x);
    case Zone::kMiddle:
      return And(IsMiddle(x), IsMiddle(y));
  }
  return Truth::kNo;
}

}  // namespace lqvg::scenes
