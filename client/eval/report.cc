#include "client/eval/report.h"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace lqvg::eval {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLeastNameWidth = 18;  // characters

// A data set may name its kinds in any way, and this may be a terminal.
std::string Printable(const std::string& text) { return absl::Utf8SafeCHexEscape(text); }

std::string Row(const std::string& name, std::size_t width, const Accuracy& accuracy) {
  std::string row =
      absl::StrCat("  ", name, std::string(width - name.size(), ' '), absl::StrFormat("%9d", accuracy.expressions));
  if (accuracy.expressions == 0) return row + "\n";
  for (const double above : accuracy.above) absl::StrAppendFormat(&row, "%8.4f", above);
  absl::StrAppendFormat(&row, "%11.4f%16.4f\n", accuracy.mean_iou, accuracy.cumulative_iou);
  return row;
}

std::string Table(const Figures& figures) {
  std::size_t width = kLeastNameWidth;
  for (const auto& [kind, accuracy] : figures.by_kind) width = std::max(width, Printable(kind).size());
  std::string text = absl::StrCat("  ", std::string(width, ' '), "   number");
  for (const double threshold : kThresholds) absl::StrAppendFormat(&text, "    @%.1f", threshold);
  text += "   mean IoU  cumulative IoU\n";
  text += Row("all", width, figures.overall);
  if (!figures.failed.empty()) text += Row("answered", width, figures.over_answered);
  for (const auto& [kind, accuracy] : figures.by_kind) text += Row(Printable(kind), width, accuracy);
  return text;
}

std::string FailureText(const Figures& figures) {
  std::string text;
  for (const auto& [reason, count] : figures.failed) {
    absl::StrAppend(&text, text.empty() ? ": " : ", ", count, " ", Printable(reason));
  }
  if (text.empty()) return text;
  return absl::StrCat("  failed ", figures.expressions - figures.answered, text,
                      "; they count as an IoU of 0 in all rows but \"answered\"\n");
}

Json AccuracyJson(const Accuracy& accuracy) {
  const auto measured = [&](double value) { return accuracy.expressions == 0 ? Json() : Json(value); };
  Json json = {{"expressions", accuracy.expressions}};
  for (std::size_t i = 0; i < kThresholds.size(); ++i) {
    json["accuracy"][absl::StrFormat("%.1f", kThresholds[i])] = measured(accuracy.above[i]);
  }
  json["mean_iou"] = measured(accuracy.mean_iou);
  json["cumulative_iou"] = measured(accuracy.cumulative_iou);
  return json;
}

}  // namespace

std::string ProtocolText() {
  return "@0.5 is the part of the expressions whose best box has an IoU above 0.5 with the true one, in pixels of the\n"
         "picture, not clipped; mean IoU is the mean of the IoU, cumulative IoU all intersections over all "
         "unions. This\n"
         "is the protocol published with LQVG. A figure compares with the published ones only where the model has the\n"
         "authors' weights, the pictures are the data set's own, and nothing failed.\n";
}

std::string ToText(const std::string& data_set, const Figures& figures) {
  std::string text = absl::StrCat(Printable(data_set), ": ", figures.expressions, " expressions");
  if (figures.absent > 0) absl::StrAppend(&text, ", ", figures.absent, " of them satisfied by nothing");
  text += absl::StrCat("\n\n", Table(figures), FailureText(figures));
  if (figures.auroc) {
    absl::StrAppendFormat(&text, "  AUROC of the score, what is there against what is not: %.4f\n", *figures.auroc);
  }
  if (figures.reliability.count > 0) absl::StrAppend(&text, "\n", ReliabilityText(figures.reliability));
  return text + "\n" + ProtocolText();
}

std::vector<GalleryFigure> HeadFigures(const Figures& figures) {
  const auto number = [](double value) { return absl::StrFormat("%.4f", value); };
  std::vector<GalleryFigure> head = {{"expressions", absl::StrCat(figures.expressions)}};
  if (figures.answered < figures.expressions) {
    head.push_back({"failed", absl::StrCat(figures.expressions - figures.answered)});
  }
  if (figures.overall.expressions > 0) {
    for (std::size_t i = 0; i < kThresholds.size(); ++i) {
      head.push_back({absl::StrFormat("acc@%.1f", kThresholds[i]), number(figures.overall.above[i])});
    }
    head.push_back({"mean IoU", number(figures.overall.mean_iou)});
    head.push_back({"cumulative IoU", number(figures.overall.cumulative_iou)});
  }
  if (figures.auroc) head.push_back({"AUROC", number(*figures.auroc)});
  return head;
}

std::string ToJson(const std::string& data_set, const Figures& figures) {
  Json json = {{"data_set", data_set},     {"expressions", figures.expressions}, {"present", figures.present},
               {"absent", figures.absent}, {"answered", figures.answered},       {"failed", Json::object()}};
  for (const auto& [reason, count] : figures.failed) json["failed"][reason] = count;
  const Json overall = AccuracyJson(figures.overall);
  for (const char* name : {"accuracy", "mean_iou", "cumulative_iou"}) json[name] = overall[name];
  json["over_answered"] = AccuracyJson(figures.over_answered);
  json["by_kind"] = Json::object();
  for (const auto& [kind, accuracy] : figures.by_kind) json["by_kind"][kind] = AccuracyJson(accuracy);
  if (figures.absent > 0) json["auroc"] = figures.auroc ? Json(*figures.auroc) : Json();
  json["reliability"] = ReliabilityJson(figures.reliability);
  // A file's name may be any bytes.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lqvg::eval
