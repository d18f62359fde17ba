#include "train/curves/metrics_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace lqvg::curves {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 3> kOwnKeys = {"step", "samples", "seconds"};

bool IsOwnKey(const std::string& name) { return std::find(kOwnKeys.begin(), kOwnKeys.end(), name) != kOwnKeys.end(); }

absl::Status Failed(const std::string& path, const char* step) {
  return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot ", step));
}

std::optional<MetricsRow> ParseRow(const std::string& line) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  const auto is_number = [&](const char* key) { return json.contains(key) && json[key].is_number(); };
  if (!is_number("step") || !is_number("samples") || !is_number("seconds")) return std::nullopt;
  MetricsRow row;
  row.step = json["step"];
  row.samples = json["samples"];
  row.seconds = json["seconds"];
  for (const auto& [key, value] : json.items()) {
    if (IsOwnKey(key)) continue;
    if (!value.is_number() && !value.is_null()) return std::nullopt;
    row.values[key] = value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
  }
  return row;
}

struct History {
  std::vector<MetricsRow> rows;
  std::vector<std::int64_t> ends;  // of each row's line: the bytes up to there
};

absl::StatusOr<History> ReadHistory(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Failed(path, "be opened");
  std::ostringstream whole;
  whole << file.rdbuf();
  const std::string content = whole.str();
  History history;
  for (std::size_t begin = 0, number = 1; begin < content.size(); ++number) {
    const std::size_t newline = content.find('\n', begin);
    if (newline == std::string::npos) break;  // torn: a whole line has one
    std::optional<MetricsRow> row = ParseRow(content.substr(begin, newline - begin));
    if (!row) return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": is not a row of metrics"));
    begin = newline + 1;
    history.rows.push_back(*std::move(row));
    history.ends.push_back(static_cast<std::int64_t>(begin));
  }
  return history;
}

// JSON has no word for what is not finite.
Json Written(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

}  // namespace

absl::StatusOr<std::vector<MetricsRow>> ReadMetrics(const std::string& path) {
  absl::StatusOr<History> history = ReadHistory(path);
  if (!history.ok()) return history.status();
  return std::move(history->rows);
}

absl::StatusOr<std::unique_ptr<MetricsFile>> MetricsFile::Begin(const std::string& path) {
  absl::StatusOr<std::unique_ptr<MetricsFile>> file = Open(path, 0);
  if (file.ok() && lseek((*file)->descriptor_, 0, SEEK_END) > 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": holds a history already; resume it, or remove it"));
  }
  return file;
}

absl::StatusOr<std::unique_ptr<MetricsFile>> MetricsFile::Resume(const std::string& path, std::int64_t step) {
  const absl::StatusOr<History> history = ReadHistory(path);
  if (!history.ok() && history.status().code() != absl::StatusCode::kNotFound) return history.status();
  std::int64_t kept = 0;
  if (history.ok()) {
    for (std::size_t i = 0; i < history->rows.size() && history->rows[i].step <= step; ++i) kept = history->ends[i];
  }
  absl::StatusOr<std::unique_ptr<MetricsFile>> file = Open(path, kept);
  if (file.ok() && ftruncate((*file)->descriptor_, kept) != 0) return Failed(path, "be cut");
  return file;
}

absl::StatusOr<std::unique_ptr<MetricsFile>> MetricsFile::Open(const std::string& path, std::int64_t size) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor < 0) return Failed(path, "be opened");
  return std::unique_ptr<MetricsFile>(new MetricsFile(path, descriptor, size));
}

MetricsFile::MetricsFile(std::string path, int descriptor, std::int64_t size)
    : path_(std::move(path)), descriptor_(descriptor), size_(size) {}

MetricsFile::~MetricsFile() { close(descriptor_); }

absl::Status MetricsFile::Append(const MetricsRow& row) {
  Json json = {{"step", row.step}, {"samples", row.samples}, {"seconds", Written(row.seconds)}};
  for (const auto& [name, value] : row.values) {
    if (IsOwnKey(name)) return absl::InvalidArgumentError(absl::StrCat("a value may not be called ", name));
    json[name] = Written(value);
  }
  std::string line;
  try {
    line = json.dump() + "\n";
  } catch (const Json::type_error&) {
    return absl::InvalidArgumentError("the name of a value is not UTF-8");
  }
  const ssize_t written = write(descriptor_, line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) {
    size_ += written;
    return absl::OkStatus();
  }
  if (written >= 0) errno = ENOSPC;  // a file takes less than it is given only where there is no room for more
  const absl::Status status = Failed(path_, "be written");
  if (written > 0 && ftruncate(descriptor_, size_) != 0) return Failed(path_, "be cut after half a line");
  return status;
}

}  // namespace lqvg::curves
