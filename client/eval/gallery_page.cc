#include "client/eval/gallery_page.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/eval/gallery_style.h"
#include "client/eval/reliability.h"
#include "train/curves/svg_text.h"

namespace lqvg::eval {
namespace {

using curves::XmlText;
using datasets::PixelBox;

constexpr std::size_t kMostFailures = 200;  // listed; when a server is down, all calls fail in the same way

// Its own characters decide a text's direction, and do not turn what is around it.
std::string Isolated(std::string_view text) { return absl::StrCat("<bdi>", XmlText(text), "</bdi>"); }

std::string BoxText(const PixelBox& box) {
  return absl::StrFormat("from %.1f, %.1f to %.1f, %.1f", box.x_min, box.y_min, box.x_max, box.y_max);
}

// What of the box is in the picture: a box that reaches far beyond would show no line at all. None where nothing is,
// where the box is inside out, or where a coordinate is not a number.
std::optional<PixelBox> Visible(const PixelBox& box, const PagePicture& picture) {
  const auto width = static_cast<float>(picture.width), height = static_cast<float>(picture.height);
  const bool is_inside = box.x_min <= width && box.x_max >= 0 && box.y_min <= height && box.y_max >= 0 &&
                         box.x_min <= box.x_max && box.y_min <= box.y_max;
  if (!is_inside) return std::nullopt;
  return PixelBox{std::max(box.x_min, 0.0F), std::max(box.y_min, 0.0F), std::min(box.x_max, width),
                  std::min(box.y_max, height)};
}

std::string Rectangle(const PixelBox& box, const char* name) {
  const std::string place = absl::StrFormat("x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"", box.x_min,
                                            box.y_min, box.x_max - box.x_min, box.y_max - box.y_min);
  return absl::StrFormat("<rect class=\"edge\" %s/><rect class=\"%s\" %s/>", place, name, place);
}

std::string PictureHtml(const Answered& answered, const PagePicture& picture) {
  if (picture.file.empty()) {
    return absl::StrCat("<div class=\"unreadable\">This picture cannot be shown: ", Isolated(picture.problem),
                        "</div>\n");
  }
  std::string boxes, alt = answered.image;
  if (answered.box) {
    if (const auto visible = Visible(*answered.box, picture)) boxes += Rectangle(*visible, "answer");
    absl::StrAppend(&alt, "; answered box ", BoxText(*answered.box));
  }
  if (answered.truth) {
    if (const auto visible = Visible(*answered.truth, picture)) boxes += Rectangle(*visible, "truth");
    absl::StrAppend(&alt, "; true box ", BoxText(*answered.truth));
  }
  return absl::StrFormat(
      "<div class=\"picture\"><img src=\"%s\" width=\"%d\" height=\"%d\" loading=\"lazy\" alt=\"%s\"/>\n"
      "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" aria-hidden=\"true\" "
      "focusable=\"false\">%s</svg></div>\n",
      picture.file, picture.width, picture.height, XmlText(alt), picture.width, picture.height, boxes);
}

std::string Fact(const char* name, const std::string& value) {
  return absl::StrFormat("<div><dt>%s</dt> <dd>%s</dd></div>", name, value);
}

std::string FactsHtml(const GalleryCase& shown) {
  std::string facts;
  if (shown.iou) facts += Fact("IoU", absl::StrFormat("%.3f", *shown.iou));
  facts += Fact("score", absl::StrFormat("%.3f", shown.answered.score));
  if (!shown.answered.kind.empty()) facts += Fact("kind", Isolated(shown.answered.kind));
  return absl::StrCat("<dl class=\"facts\">", facts, "</dl>\n");
}

// A link to the case makes it large (li:target in the style); one to the small link itself undoes that.
std::string ResizeHtml(std::size_t number) {
  return absl::StrFormat(
      "<a class=\"resize larger\" href=\"#case-%d\">Larger<span class=\"spoken\"> view of case %d</span></a>"
      "<a class=\"resize smaller\" id=\"small-%d\" href=\"#small-%d\">Smaller<span class=\"spoken\"> view of case "
      "%d</span></a>\n",
      number, number, number, number, number);
}

// `number` names the case in links.
std::string CaseHtml(const GalleryCase& shown, const PagePicture& picture, std::size_t number) {
  const Answered& answered = shown.answered;
  std::string text =
      absl::StrFormat("<li id=\"case-%d\"><figure>\n%s<figcaption>\n", number, PictureHtml(answered, picture));
  absl::StrAppend(&text, "<p class=\"expression\">", Isolated(answered.expression), "</p>\n", FactsHtml(shown));
  if (!picture.file.empty() && answered.box && !Visible(*answered.box, picture)) {
    absl::StrAppend(&text, "<p class=\"note\">The answered box cannot be seen: ", BoxText(*answered.box), ".</p>\n");
  }
  absl::StrAppend(&text, "<p class=\"name\">", Isolated(answered.image), "</p>\n");
  if (!picture.file.empty()) text += ResizeHtml(number);
  return text + "</figcaption></figure></li>\n";
}

std::string FiguresHtml(const std::vector<GalleryFigure>& figures) {
  if (figures.empty()) return "";
  std::string text = "<table><caption>Figures</caption><tbody>\n";
  for (const GalleryFigure& figure : figures) {
    absl::StrAppend(&text, "<tr><th scope=\"row\">", Isolated(figure.name), "</th><td>", Isolated(figure.value),
                    "</td></tr>\n");
  }
  return text + "</tbody></table>\n";
}

// The diagram's numbers, for who cannot see it.
std::string BinsHtml(const Reliability& reliability) {
  std::string text =
      "<table class=\"numbers\"><caption>Reliability of the score</caption><thead><tr>"
      "<th scope=\"col\">score</th><th scope=\"col\">answers</th><th scope=\"col\">mean score</th>"
      "<th scope=\"col\">right</th></tr></thead><tbody>\n";
  const auto row = [&](const std::string& name, std::int64_t count, double mean_score, double right) {
    absl::StrAppendFormat(&text, "<tr><th scope=\"row\">%s</th><td>%d</td>", name, count);
    if (count == 0) {
      text += "<td>–</td><td>–</td></tr>\n";
    } else {
      absl::StrAppendFormat(&text, "<td>%.3f</td><td>%.3f</td></tr>\n", mean_score, right);
    }
  };
  for (const ReliabilityBin& bin : reliability.bins) {
    row(absl::StrFormat("%.1f–%.1f", bin.low, bin.high), bin.count, bin.mean_score, bin.right);
  }
  row("all", reliability.count, reliability.mean_score, reliability.right);
  return text + "</tbody></table>\n";
}

std::string HeadHtml(const Gallery& gallery) {
  std::string text = FiguresHtml(gallery.figures);
  if (gallery.reliability.count > 0) {
    absl::StrAppend(
        &text, "<div>", ReliabilitySvg(gallery.reliability),
        absl::StrFormat("<p class=\"note\">An answer is right if its IoU is above 0.5. Expected calibration "
                        "error: %.3f.</p></div>\n",
                        gallery.reliability.expected_calibration_error),
        BinsHtml(gallery.reliability));
  }
  return absl::StrCat("<section id=\"figures\" class=\"head\" aria-label=\"Figures\">\n", text, "</section>\n");
}

constexpr char kKey[] =
    "<ul class=\"key\" aria-label=\"Key\"><li><svg viewBox=\"0 0 40 22\" aria-hidden=\"true\"><rect class=\"edge\" "
    "x=\"5\" "
    "y=\"5\" width=\"30\" height=\"12\"/><rect class=\"truth\" x=\"5\" y=\"5\" width=\"30\" height=\"12\"/></svg>true "
    "box "
    "(green, dashed)</li><li><svg viewBox=\"0 0 40 22\" aria-hidden=\"true\"><rect class=\"edge\" x=\"5\" y=\"5\" "
    "width=\"30\" height=\"12\"/><rect class=\"answer\" x=\"5\" y=\"5\" width=\"30\" height=\"12\"/></svg>answered box "
    "(orange)</li></ul>\n";

std::string FailuresHtml(const Gallery& gallery, const std::vector<std::size_t>& failed) {
  std::string text =
      "<div class=\"wide\"><table class=\"failed\"><caption class=\"spoken\">Failed calls</caption><thead>"
      "<tr><th scope=\"col\">reason</th><th scope=\"col\">expression</th><th scope=\"col\">picture</th>"
      "</tr></thead><tbody>\n";
  for (std::size_t i = 0; i < std::min(failed.size(), kMostFailures); ++i) {
    const Answered& answered = gallery.cases[failed[i]].answered;
    absl::StrAppend(&text, "<tr><td>", Isolated(answered.failure), "</td><td>", Isolated(answered.expression),
                    "</td><td>", Isolated(answered.image), "</td></tr>\n");
  }
  text += "</tbody></table></div>\n";
  if (failed.size() > kMostFailures) absl::StrAppend(&text, "<p>And ", failed.size() - kMostFailures, " more.</p>\n");
  return text;
}

struct Section {
  const char* id;
  const char* heading;
  std::string text;  // below the heading
};

std::string CasesHtml(const Gallery& gallery, const std::vector<std::size_t>& cases,
                      const std::map<std::string, PagePicture>& pictures, std::size_t* number) {
  std::string text = "<ol class=\"cases\">\n";
  for (const std::size_t i : cases) {
    const GalleryCase& shown = gallery.cases[i];
    text += CaseHtml(shown, pictures.at(shown.answered.image), ++*number);
  }
  return text + "</ol>\n";
}

std::vector<Section> Sections(const Gallery& gallery, const CaseChoice& choice,
                              const std::map<std::string, PagePicture>& pictures) {
  std::vector<Section> sections;
  std::size_t number = 0;
  const auto add = [&](const char* id, const char* heading, const std::vector<std::size_t>& cases, const char* order,
                       std::size_t of, const char* what) {
    if (cases.empty()) return;
    sections.push_back({id, heading,
                        absl::StrFormat("<p>%d of %d %s, %s first.</p>\n", cases.size(), of, what, order) +
                            CasesHtml(gallery, cases, pictures, &number)});
  };
  add("worst", "Worst", choice.worst, "the lowest IoU", choice.with_truth, "answered expressions with a true box");
  add("best", "Best", choice.best, "the highest IoU", choice.with_truth, "answered expressions with a true box");
  add("absent", "Nothing to find", choice.absent, "the highest score", choice.without_truth,
      "answered expressions that nothing in the picture satisfies");
  if (!choice.failed.empty()) {
    sections.push_back(
        {"failed", "Failed calls",
         absl::StrFormat("<p>%d of %d expressions have no answer.</p>\n", choice.failed.size(), gallery.cases.size()) +
             FailuresHtml(gallery, choice.failed)});
  }
  return sections;
}

}  // namespace

std::string GalleryHtml(const Gallery& gallery, const CaseChoice& choice,
                        const std::map<std::string, PagePicture>& pictures) {
  const std::vector<Section> sections = Sections(gallery, choice, pictures);
  // The policy is a second wall: should a text ever come through unescaped, nothing in it runs or loads from elsewhere.
  std::string text = absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src 'self' file:; style-src "
      "'unsafe-inline'\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>",
      XmlText(gallery.title), "</title>\n<style>", kGalleryStyle, "</style>\n</head>\n<body>\n<h1>",
      Isolated(gallery.title), "</h1>\n<nav aria-label=\"Sections\"><ul>");
  for (const Section& section : sections) {
    absl::StrAppendFormat(&text, "<li><a href=\"#%s\">%s</a></li>", section.id, section.heading);
  }
  absl::StrAppend(&text, "</ul></nav>\n<main>\n", HeadHtml(gallery), kKey);
  for (const Section& section : sections) {
    absl::StrAppendFormat(&text, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n%s</section>\n", section.id,
                          section.id, section.heading, section.text);
  }
  return text + "</main>\n</body>\n</html>\n";
}

}  // namespace lqvg::eval
