#include "train/curves/svg_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lqvg::curves {
namespace {

TEST(SvgTextTest, EscapesMarkup) { EXPECT_EQ(XmlText("a<b> & \"c\""), "a&lt;b&gt; &amp; &quot;c&quot;"); }

TEST(SvgTextTest, KeepsUtf8) {
  EXPECT_EQ(XmlText("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x9A\xA2"), "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x9A\xA2");
}

TEST(SvgTextTest, ReplacesWhatXmlCannotHold) {
  EXPECT_EQ(XmlText(std::string("a\0b\n\x7F", 5)), "a?b??");
  EXPECT_EQ(XmlText("\xFF"
                    "a"),
            "?a");
  EXPECT_EQ(XmlText("\xC3"), "?");  // torn
  EXPECT_EQ(XmlText("\xC3"
                    "a"),
            "?a");                                 // no second byte
  EXPECT_EQ(XmlText("\xC0\xAF"), "??");            // overlong
  EXPECT_EQ(XmlText("\xE0\x80\xAF"), "???");       // overlong
  EXPECT_EQ(XmlText("\xED\xA0\x80"), "???");       // a surrogate
  EXPECT_EQ(XmlText("\xEF\xBF\xBF"), "???");       // U+FFFF
  EXPECT_EQ(XmlText("\xF4\x90\x80\x80"), "????");  // beyond U+10FFFF
}

TEST(SvgTextTest, WritesCoordinatesWithOneDecimal) {
  EXPECT_EQ(SvgLine({1, 2.25}, {3, 4}, "class=\"a\""),
            "<line x1=\"1.0\" y1=\"2.2\" x2=\"3.0\" y2=\"4.0\" class=\"a\"/>\n");
  const std::vector<SvgPoint> points = {{1, 2}, {3.06, 4}};
  EXPECT_EQ(SvgPolyline(points, "class=\"a\""), "<polyline points=\"1.0,2.0 3.1,4.0\" class=\"a\"/>\n");
  EXPECT_EQ(SvgLabel({1, 2}, SvgAnchor::kEnd, "<", ""), "<text x=\"1.0\" y=\"2.0\" text-anchor=\"end\" >&lt;</text>\n");
}

}  // namespace
}  // namespace lqvg::curves
