// The history of a training: one line of JSON per report, so that a run that ends in any way leaves all but its last
// line, and so that curves are drawn of the whole run, however often it was resumed.
//
//   {"step":200,"samples":3200,"seconds":41.5,"loss":1.25,"learning_rate":0.0001}
//
// The trainer owns it; one thread at a time. Everything blocks on the file system. A line is the system's once Append
// has returned: it outlives the program, not a power cut.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace lqvg::curves {

struct MetricsRow {
  std::int64_t step = 0;
  std::int64_t samples = 0;              // seen since the training began, resumed or not
  double seconds = 0;                    // spent on them
  std::map<std::string, double> values;  // by name; whatever was reported. One that is not finite is null in the file
};

// The rows in the file's order; a null is read as not a number. A last line torn by the end of the program is left out.
// NOT_FOUND: no such file. INVALID_ARGUMENT names file and line: any other line that is not a row.
absl::StatusOr<std::vector<MetricsRow>> ReadMetrics(const std::string& path);

class MetricsFile {
 public:
  // Begins a history. INVALID_ARGUMENT: `path` holds something already. Other errors name the path and the system's
  // reason.
  static absl::StatusOr<std::unique_ptr<MetricsFile>> Begin(const std::string& path);

  // Goes on from a checkpoint made after `step`: what the file holds from the first line of a later step on is removed,
  // and will be written anew; so is a torn last line. No file, or an empty one, is a history without lines so far.
  // INVALID_ARGUMENT as of ReadMetrics, and then the file is left as it is.
  static absl::StatusOr<std::unique_ptr<MetricsFile>> Resume(const std::string& path, std::int64_t step);

  ~MetricsFile();
  MetricsFile(const MetricsFile&) = delete;
  MetricsFile& operator=(const MetricsFile&) = delete;

  // INVALID_ARGUMENT, and nothing is written: a value called "step", "samples" or "seconds", or a name that is not
  // UTF-8. After any other error (a full disk, say) the file ends with the line before, and Append may be tried again.
  absl::Status Append(const MetricsRow& row);

 private:
  MetricsFile(std::string path, int descriptor, std::int64_t size);
  static absl::StatusOr<std::unique_ptr<MetricsFile>> Open(const std::string& path, std::int64_t size);

  const std::string path_;
  const int descriptor_;
  std::int64_t size_;  // bytes, of whole lines
};

}  // namespace lqvg::curves
