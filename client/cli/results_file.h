// The results of `lqvg ground --list` and lqvg-eval: one line of JSON per expression, flushed as it is written, so that
// whatever ends the program costs at most the line being written; and the reading back of it that --resume needs.
//
// The command owns it. Append is thread-safe; everything blocks on the file system.
#pragma once

#include <cstddef>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/list_line.pb.h"

namespace lqvg::cli {

// How often each (image, expression) is in the results: a list may hold a pair twice, with different true boxes.
using HeldCounts = std::map<std::pair<std::string, std::string>, std::size_t>;

// What of an earlier run's results counts.
struct HeldResults {
  HeldCounts counts;
  std::string lines;  // the lines that count, each with its newline
};

// Reads the content of a results file. Left out: a last line torn by the end of the program, and what failed for a
// passing reason (UNAVAILABLE, CANCELLED, ABORTED, DEADLINE_EXCEEDED) and so deserves another try. INVALID_ARGUMENT:
// any other line is not a result, so this is not a results file, or a damaged one.
absl::StatusOr<HeldResults> ParseResults(const std::string& content);

// Every line of the results file at `path`, those that failed too; without a last line that is torn. None where there
// is no such file. INVALID_ARGUMENT: it cannot be read, or is not a results file.
absl::StatusOr<std::vector<ResultLine>> ReadResults(const std::string& path);

class ResultsFile {
 public:
  // Opens `path` for the results to come. With `resume`, what counts of it stays, and what does not is removed first;
  // without, INVALID_ARGUMENT if there is anything in it. PERMISSION_DENIED: it cannot be written.
  static absl::StatusOr<std::unique_ptr<ResultsFile>> Open(const std::string& path, bool resume);

  const HeldCounts& held() const { return held_; }

  // Writes one line. PERMISSION_DENIED: it could not be written (a full disk, say); nothing more will be.
  absl::Status Append(const ResultLine& line);

 private:
  ResultsFile(std::string path, HeldCounts held, std::ofstream file);

  const std::string path_;
  const HeldCounts held_;
  std::mutex mutex_;
  std::ofstream file_;  // guarded by mutex_
};

}  // namespace lqvg::cli
