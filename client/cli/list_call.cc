#include "client/cli/list_call.h"

#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "client/cli/image_file.h"
#include "client/cpp/call_error.h"

namespace lqvg::cli {
namespace {

// The index in "expressions[3]"; nothing for any other field.
std::optional<std::size_t> ExpressionIndex(const std::string& field) {
  absl::string_view text = field;
  std::size_t index = 0;
  const bool matches = absl::ConsumePrefix(&text, "expressions[") && absl::ConsumeSuffix(&text, "]");
  return matches && absl::SimpleAtoi(text, &index) ? std::optional(index) : std::nullopt;
}

void SetFailure(const client::CallError& error, ResultLine* line) {
  line->mutable_error()->set_code(absl::StatusCodeToString(error.code));
  line->mutable_error()->set_reason(error.reason);
  line->mutable_error()->set_message(error.message);
  line->set_request_id(error.request_id);
}

// A picture that is not there, in the words that errors of the server have.
client::CallError FileError(const absl::Status& status) {
  client::CallError error = client::ErrorOf(status);
  if (status.code() == absl::StatusCode::kNotFound) error.reason = "NO_SUCH_FILE";
  if (status.code() == absl::StatusCode::kPermissionDenied) error.reason = "UNREADABLE_FILE";
  return error;
}

void SetAnswer(const v1::GroundResponse& response, int index, ResultLine* line) {
  if (index >= response.results_size()) {
    SetFailure(client::ErrorOf(absl::InternalError("the server left this expression out")), line);
    return;
  }
  const v1::Result& result = response.results(index);
  if (result.has_error()) {
    SetFailure(client::ErrorOf(result.error()), line);
  } else {
    *line->mutable_boxes() = result.boxes();
    if (!result.boxes().empty()) line->set_score(result.boxes(0).score());
    line->set_image_width(response.image_width());
    line->set_image_height(response.image_height());
  }
  line->set_request_id(response.request_id());
}

// The lines, of those in `asked`, that a refused call names as its cause.
std::map<std::size_t, std::string> Offenders(const client::CallError& error, const std::vector<std::size_t>& asked) {
  std::map<std::size_t, std::string> offenders;
  for (const client::Violation& violation : error.violations) {
    const auto index = ExpressionIndex(violation.field);
    if (index && *index < asked.size()) offenders.emplace(asked[*index], violation.description);
  }
  return offenders;
}

}  // namespace

ResultLine MakeLine(const ListItem& item) {
  ResultLine line;
  line.set_image(item.image);
  line.set_expression(item.expression);
  if (item.truth) *line.mutable_truth() = *item.truth;
  if (!item.kind.empty()) line.set_kind(item.kind);
  if (item.absent) line.set_absent(true);
  return line;
}

PictureSource PicturesIn(const std::string& folder) {
  return [folder](const std::string& image) { return ReadImageFile((std::filesystem::path(folder) / image).string()); };
}

std::vector<ListCall> PlanCalls(const std::vector<ListItem>& items, HeldCounts held, std::size_t max_expressions) {
  std::vector<ListCall> calls;
  std::map<std::string, std::size_t> open;  // image -> its call that still has room
  for (const ListItem& item : items) {
    if (const auto done = held.find({item.image, item.expression}); done != held.end() && done->second > 0) {
      --done->second;
      continue;
    }
    auto [entry, is_new] = open.try_emplace(item.image, calls.size());
    if (is_new || calls[entry->second].items.size() >= max_expressions) {
      entry->second = calls.size();
      calls.push_back({item.image, {}});
    }
    calls[entry->second].items.push_back(item);
  }
  return calls;
}

std::vector<ResultLine> RunCall(const ListCall& call, v1::GroundRequest request, const PictureSource& pictures,
                                const Ask& ask) {
  std::vector<ResultLine> lines;
  std::vector<std::size_t> open;  // lines without an outcome
  for (const ListItem& item : call.items) {
    open.push_back(lines.size());
    lines.push_back(MakeLine(item));
  }
  const auto fail_open = [&](const client::CallError& error) {
    for (const std::size_t i : open) SetFailure(error, &lines[i]);
    return lines;
  };
  auto encoded = pictures(call.image);
  if (!encoded.ok()) return fail_open(FileError(encoded.status()));
  request.mutable_image()->set_encoded(*std::move(encoded));
  while (!open.empty()) {
    request.clear_expressions();
    for (const std::size_t i : open) request.add_expressions(lines[i].expression());
    const auto response = ask(request);
    if (response.ok()) {
      for (std::size_t i = 0; i < open.size(); ++i) SetAnswer(*response, static_cast<int>(i), &lines[open[i]]);
      break;
    }
    client::CallError error = client::ErrorOf(response.status());
    const auto offenders = Offenders(error, open);
    if (offenders.empty()) return fail_open(error);
    for (const auto& [line, description] : offenders) {
      error.message = description;
      SetFailure(error, &lines[line]);
    }
    std::erase_if(open, [&](std::size_t line) { return offenders.contains(line); });
  }
  return lines;
}

}  // namespace lqvg::cli
