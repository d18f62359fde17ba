#include "client/cli/results_file.h"

#include <filesystem>
#include <functional>
#include <sstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "client/cli/print_result.h"
#include "files/atomic_file.h"
#include "google/protobuf/util/json_util.h"

namespace lqvg::cli {
namespace {

namespace fs = std::filesystem;

absl::Status CannotWrite(const std::string& path) {
  return absl::PermissionDeniedError(absl::StrCat("cannot write ", path));
}

bool Parse(const std::string& line, ResultLine* result) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;  // a later version may write more
  return google::protobuf::util::JsonStringToMessage(line, result, options).ok() && !result->image().empty();
}

bool DeservesAnotherTry(const ResultLine& result) {
  const std::string& code = result.error().code();
  return code == "UNAVAILABLE" || code == "CANCELLED" || code == "ABORTED" || code == "DEADLINE_EXCEEDED";
}

// Calls `use` with each line and what it says, but for a last one that is torn.
absl::Status ForEachResult(const std::string& content,
                           const std::function<void(const std::string& line, ResultLine result)>& use) {
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < content.size();) {
    const std::size_t newline = content.find('\n', begin);
    const bool is_last = newline == std::string::npos || newline + 1 == content.size();
    const std::string line = content.substr(begin, newline == std::string::npos ? newline : newline - begin);
    begin = newline == std::string::npos ? content.size() : newline + 1;
    ++number;
    ResultLine result;
    if (!Parse(line, &result)) {
      if (is_last) break;
      return absl::InvalidArgumentError(absl::StrCat("line ", number, " is not a result of lqvg ground --list"));
    }
    use(line, std::move(result));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file) return absl::InvalidArgumentError(absl::StrCat("cannot read ", path));
  return std::move(content).str();
}

absl::Status Named(const std::string& path, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", status.message()));
}

bool HoldsSomething(const std::string& path) {
  std::error_code error;  // of a file that does not exist: it holds nothing
  return fs::is_regular_file(path, error) && fs::file_size(path, error) > 0;
}

absl::StatusOr<HeldCounts> KeepWhatCounts(const std::string& path) {
  const auto content = ReadAll(path);
  if (!content.ok()) return content.status();
  auto held = ParseResults(*content);
  if (!held.ok()) return Named(path, held.status());
  if (absl::Status status = WriteAtomically(path, held->lines); !status.ok()) return status;
  return std::move(held->counts);
}

}  // namespace

absl::StatusOr<HeldResults> ParseResults(const std::string& content) {
  HeldResults held;
  const absl::Status status = ForEachResult(content, [&](const std::string& line, const ResultLine& result) {
    if (DeservesAnotherTry(result)) return;
    ++held.counts[{result.image(), result.expression()}];
    absl::StrAppend(&held.lines, line, "\n");
  });
  if (!status.ok()) return status;
  return held;
}

absl::StatusOr<std::vector<ResultLine>> ReadResults(const std::string& path) {
  std::vector<ResultLine> results;
  if (!HoldsSomething(path)) return results;
  const auto content = ReadAll(path);
  if (!content.ok()) return content.status();
  const absl::Status status =
      ForEachResult(*content, [&](const std::string&, ResultLine result) { results.push_back(std::move(result)); });
  if (!status.ok()) return Named(path, status);
  return results;
}

absl::StatusOr<std::unique_ptr<ResultsFile>> ResultsFile::Open(const std::string& path, bool resume) {
  HeldCounts held;
  if (HoldsSomething(path)) {
    if (!resume) {
      return absl::InvalidArgumentError(absl::StrCat(path, " is not empty: continue it with --resume, or remove it"));
    }
    auto kept = KeepWhatCounts(path);
    if (!kept.ok()) return kept.status();
    held = *std::move(kept);
  }
  std::ofstream file(path, std::ios::binary | std::ios::app);
  if (!file) return CannotWrite(path);
  return std::unique_ptr<ResultsFile>(new ResultsFile(path, std::move(held), std::move(file)));
}

ResultsFile::ResultsFile(std::string path, HeldCounts held, std::ofstream file)
    : path_(std::move(path)), held_(std::move(held)), file_(std::move(file)) {}

absl::Status ResultsFile::Append(const ResultLine& line) {
  const auto json = ToJson(line);
  if (!json.ok()) return json.status();
  const std::lock_guard lock(mutex_);
  file_ << *json << "\n" << std::flush;
  return file_ ? absl::OkStatus() : CannotWrite(path_);
}

}  // namespace lqvg::cli
