#include "client/cli/ground_options.h"

#include "client/cli/connection.h"

namespace lqvg::cli {

std::vector<Option> GroundOptions() {
  return WithConnectionOptions({
      {.name = "--image", .value = "FILE", .help = "a picture; - is standard input", .short_name = "-i"},
      {.name = "--expression", .value = "TEXT", .help = "what to find", .short_name = "-e"},
      {.name = "--top", .value = "K", .help = "boxes per expression, best first (default 1)"},
      {.name = "--min-score", .value = "S", .help = "leave out boxes that score less, 0 to 1"},
      {.name = "--clip", .value = "", .help = "cut boxes at the picture's edges"},
      {.name = "--request-id", .value = "ID", .help = "name the call in the answer and in the server's log"},
      {.name = "--json",
       .value = "",
       .help = "print each GroundResponse as JSON on one line; null for a picture that failed beside others"},
      {.name = "--draw",
       .value = "OUT",
       .help = "draw the boxes into a PNG: a file, a folder, or a name with {} for each picture's name"},
      {.name = "--list", .value = "FILE", .help = "take pictures and expressions from a list"},
      {.name = "--out",
       .value = "RESULTS",
       .help = "with --list: where the results go, one JSON object per expression"},
      {.name = "--resume", .value = "", .help = "with --list: keep what RESULTS holds and do the rest"},
      {.name = "--images-dir", .value = "DIR", .help = "with --list: where its pictures are (default: this folder)"},
      {.name = "--concurrency", .value = "N", .help = "with --list: calls at a time, 1 to 64 (default 4)"},
  });
}

absl::StatusOr<v1::GroundRequest> RequestFrom(const Arguments& arguments) {
  v1::GroundRequest request;
  if (arguments.Has("--top")) {
    const auto top = ParseCount("--top", arguments.Value("--top"));
    if (!top.ok()) return top.status();
    request.set_max_boxes(*top);
  }
  if (arguments.Has("--min-score")) {
    const auto score = ParseNumber("--min-score", arguments.Value("--min-score"));
    if (!score.ok()) return score.status();
    request.set_min_score(*score);
  }
  request.set_clip_boxes(arguments.Has("--clip"));
  request.set_request_id(arguments.Value("--request-id"));
  return request;
}

}  // namespace lqvg::cli
