#include "client/cli/print_result.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/util/json_util.h"

namespace lqvg::cli {
namespace {

constexpr std::size_t kWidestExpression = 60;  // characters; longer ones get a line to themselves

// File names, expressions and messages may hold anything, and a terminal obeys escape sequences.
std::string Printable(const std::string& text) {
  std::string printable = text;
  std::replace_if(
      printable.begin(), printable.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return printable;
}

// Characters, not bytes: every byte but the continuations of UTF-8.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string Pad(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, Width(text)), ' ');
}

std::string Colored(const char* escape, const std::string& text, const TableStyle& style) {
  return style.colors ? absl::StrCat("\x1b[", escape, "m", text, "\x1b[0m") : text;
}

std::string Bold(const std::string& text, const TableStyle& style) { return Colored("1", text, style); }
std::string Dim(const std::string& text, const TableStyle& style) { return Colored("2", text, style); }

std::string Row(const v1::Box& box, const TableStyle& style) {
  return absl::StrCat(Colored(box.score() >= 0.5f ? "32" : "33", absl::StrFormat("%5.3f", box.score()), style),
                      absl::StrFormat("  %8.1f %8.1f %8.1f %8.1f", box.x_min(), box.y_min(), box.x_max(), box.y_max()));
}

// The cells beside an expression: one per box, or the one that says why there is none.
std::vector<std::string> Cells(const v1::Result& result, const TableStyle& style) {
  if (result.has_error()) return {Colored("31", ErrorLine(client::ErrorOf(result.error())), style)};
  if (result.boxes().empty()) {
    return {style.min_score.empty() ? "nothing found" : absl::StrCat("nothing scored ", style.min_score, " or more")};
  }
  std::vector<std::string> cells;
  for (const v1::Box& box : result.boxes()) cells.push_back(Row(box, style));
  return cells;
}

const char* NoteText(int note) {
  switch (note) {
    case v1::IMAGE_NOTE_ALPHA_DROPPED:
      return ", alpha dropped";
    case v1::IMAGE_NOTE_CMYK_CONVERTED:
      return ", CMYK converted";
    case v1::IMAGE_NOTE_ORIENTATION_IGNORED:
      return ", EXIF orientation ignored";
    case v1::IMAGE_NOTE_ORIENTATION_APPLIED:
      return ", EXIF orientation applied";
    default:
      return "";
  }
}

std::string Title(const std::string& image, const v1::GroundResponse& response, const TableStyle& style) {
  std::string facts = absl::StrCat("  ", response.image_width(), " x ", response.image_height(), " pixels");
  for (const int note : response.image_notes()) absl::StrAppend(&facts, NoteText(note));
  return absl::StrCat(Bold(Printable(image), style), Dim(facts, style), "\n");
}

}  // namespace

std::string ResultTable(const std::string& image, const std::vector<std::string>& expressions,
                        const v1::GroundResponse& response, const TableStyle& style) {
  const std::size_t count = std::min(expressions.size(), static_cast<std::size_t>(response.results_size()));
  std::size_t width = Width("expression");
  for (std::size_t i = 0; i < count; ++i) {
    width = std::max(width, std::min(kWidestExpression, Width(Printable(expressions[i]))));
  }
  const auto header = absl::StrCat("  ", Pad("expression", width), "  score     x_min    y_min    x_max    y_max");
  std::string table = absl::StrCat(Title(image, response, style), Dim(header, style), "\n");
  for (std::size_t i = 0; i < count; ++i) {
    std::string label = Printable(expressions[i]);
    if (Width(label) > width) {
      absl::StrAppend(&table, "  ", label, "\n");
      label.clear();
    }
    for (const std::string& cell : Cells(response.results(static_cast<int>(i)), style)) {
      absl::StrAppend(&table, "  ", Pad(label, width), "  ", cell, "\n");
      label.clear();
    }
  }
  return table;
}

absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok())
    return absl::InternalError(absl::StrCat("the answer cannot be written as JSON: ", status.ToString()));
  return json;
}

std::string ErrorLine(const client::CallError& error) {
  return absl::StrCat(absl::StatusCodeToString(error.code), error.reason.empty() ? "" : " ", Printable(error.reason),
                      ": ", Printable(error.message));
}

std::string ErrorText(const std::string& subject, const client::CallError& error, const std::string& program) {
  std::string text =
      absl::StrCat(program, ": ", Printable(subject), subject.empty() ? "" : ": ", ErrorLine(error), "\n");
  for (const client::Violation& violation : error.violations) {
    absl::StrAppend(&text, "  ", Printable(violation.field), ": ", Printable(violation.description), "\n");
  }
  if (!error.request_id.empty()) absl::StrAppend(&text, "  request id: ", Printable(error.request_id), "\n");
  return text;
}

}  // namespace lqvg::cli
