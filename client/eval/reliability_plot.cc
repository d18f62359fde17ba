#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/eval/reliability.h"
#include "train/curves/svg_text.h"

namespace lqvg::eval {
namespace {

using curves::SvgAnchor;
using curves::SvgLabel;
using curves::SvgLine;
using curves::SvgRectangle;

// Pixels. The diagram is a square; the counts stand below it, on the same x axis.
constexpr double kWidth = 440, kHeight = 506, kLeft = 62, kTop = 44, kSide = 350;
constexpr double kCountsTop = kTop + kSide + 14, kCountsHeight = 56;
constexpr double kInset = 1.5;  // on both sides of a bar

// Selectors name the picture's class: in a page its style is the page's too. The colours of bars and gaps are told
// apart by people who see few colours too (Okabe and Ito, "Color Universal Design", 2008).
constexpr char kStyle[] =
    "<style>:root{color-scheme:light dark}"
    ".reliability text{font:12px 'DejaVu Sans',Verdana,Arial,sans-serif;fill:#222}"
    ".reliability .right{fill:#0072b2}.reliability .gap{fill:#d55e00;fill-opacity:.45;stroke:#d55e00}"
    ".reliability .count{fill:#767676}.reliability .grid{stroke:#8884}.reliability .frame{fill:none;stroke:#888}"
    ".reliability .perfect{stroke:#222;stroke-dasharray:5 4}"
    "@media(prefers-color-scheme:dark){.reliability text{fill:#ddd}.reliability .right{fill:#3d9bd1}"
    ".reliability .gap{fill:#e69f00;stroke:#e69f00}.reliability .count{fill:#999}.reliability .perfect{stroke:#ddd}}"
    "</style>\n";

double X(double score) { return kLeft + score * kSide; }
double Y(double right) { return kTop + (1 - right) * kSide; }

std::string DrawAxes() {
  std::string text;
  for (const double at : {0.0, 0.2, 0.4, 0.6, 0.8, 1.0}) {
    const std::string label = absl::StrFormat("%.1f", at);
    text += SvgLine({kLeft, Y(at)}, {kLeft + kSide, Y(at)}, "class=\"grid\"");
    text += SvgLabel({kLeft - 7, Y(at) + 4}, SvgAnchor::kEnd, label, "");
    text += SvgLabel({X(at), kCountsTop + kCountsHeight + 17}, SvgAnchor::kMiddle, label, "");
  }
  const auto turned = [](double y) { return absl::StrFormat("transform=\"rotate(-90 16 %.1f)\"", y); };
  text += SvgLabel({16, Y(0.5)}, SvgAnchor::kMiddle, "part that is right", turned(Y(0.5)));
  text += SvgLabel({X(0.5), kHeight - 6}, SvgAnchor::kMiddle, "score", "");
  return text;
}

std::string DrawLegend() {
  std::string text;
  double x = kLeft;
  for (const auto& [name, words] : {std::array{"right", "right"}, std::array{"gap", "gap to the mean score"}}) {
    text += SvgRectangle({x, 15}, {12, 12}, absl::StrCat("class=\"", name, "\""));
    text += SvgLabel({x + 18, 25}, SvgAnchor::kStart, words, "");
    x += 68;
  }
  text += SvgLine({x + 102, 21}, {x + 130, 21}, "class=\"perfect\"");
  return text + SvgLabel({x + 136, 25}, SvgAnchor::kStart, "perfect", "");
}

// A bar of what is right, the gap from there to the mean score, and below the bar of the count.
std::string DrawBin(const ReliabilityBin& bin, std::int64_t highest) {
  if (bin.count == 0) return "";
  const double x = X(bin.low) + kInset, width = X(bin.high) - X(bin.low) - 2 * kInset;
  const double low = std::min(bin.right, bin.mean_score), high = std::max(bin.right, bin.mean_score);
  std::string text = SvgRectangle({x, Y(bin.right)}, {width, bin.right * kSide}, "class=\"right\"");
  text += SvgRectangle({x, Y(high)}, {width, (high - low) * kSide}, "class=\"gap\"");
  const double height = kCountsHeight * static_cast<double>(bin.count) / static_cast<double>(highest);
  return text + SvgRectangle({x, kCountsTop + kCountsHeight - height}, {width, height}, "class=\"count\"");
}

std::string TitleText(const Reliability& reliability) {
  if (reliability.count == 0) return "Reliability diagram without answers";
  return absl::StrFormat("Reliability diagram of %d answers, expected calibration error %.3f", reliability.count,
                         reliability.expected_calibration_error);
}

}  // namespace

std::string ReliabilitySvg(const Reliability& reliability) {
  std::string text = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"reliability\" role=\"img\" width=\"%.0f\" height=\"%.0f\" "
      "viewBox=\"0 0 %.0f %.0f\">\n",
      kWidth, kHeight, kWidth, kHeight);
  absl::StrAppend(&text, "<title>", TitleText(reliability), "</title>\n", kStyle);
  text += DrawLegend() + DrawAxes();
  std::int64_t highest = 0;
  for (const ReliabilityBin& bin : reliability.bins) highest = std::max(highest, bin.count);
  for (const ReliabilityBin& bin : reliability.bins) text += DrawBin(bin, highest);
  text += SvgLine({X(0), Y(0)}, {X(1), Y(1)}, "class=\"perfect\"");
  text += SvgRectangle({kLeft, kTop}, {kSide, kSide}, "class=\"frame\"");
  text += SvgRectangle({kLeft, kCountsTop}, {kSide, kCountsHeight}, "class=\"frame\"");
  text += SvgLabel({kLeft - 7, kCountsTop + 11}, SvgAnchor::kEnd, absl::StrCat(highest), "");
  text += SvgLabel({kLeft - 7, kCountsTop + kCountsHeight}, SvgAnchor::kEnd, "answers", "");
  return text + "</svg>\n";
}

}  // namespace lqvg::eval
