// `--draw`: an answer drawn on its picture, written as a PNG.
//
// Stateless and thread-safe; blocks for decoding, encoding and the file system.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lqvg/v1/grounding.pb.h"

namespace lqvg::cli {

// Where the drawing of each picture goes, in order: `out` with {} replaced by the picture's name without folder and
// suffix; `out`/NAME.png where `out` is a folder; `out` itself for a single picture. INVALID_ARGUMENT: two drawings
// would go to the same file, or the folder does not exist.
absl::StatusOr<std::vector<std::string>> DrawingPaths(const std::string& out, const std::vector<std::string>& images);

// Decodes `encoded`, draws each expression's boxes in a colour of its own, labelled with the expression's number
// (from 1) and the score, and writes `path`, whole or not at all. The errors are those of decoding and writing.
absl::Status DrawResult(const std::string& encoded, const v1::GroundResponse& response, const std::string& path);

}  // namespace lqvg::cli
