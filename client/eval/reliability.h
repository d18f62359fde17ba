// Whether scores can be believed: of the answers that score about 0.8, are eight in ten right?
//
// Pure functions, thread-safe.
//
// Expected calibration error, with n answers in bins B_1..B_M of their score:
//
//   ECE = sum over m of |B_m| / n * | right(B_m) - score(B_m) |
//
// where right(B) is the part of B's answers that are right and score(B) the mean of their scores. M. P. Naeini et al.,
// "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015; with bins of equal width, as here:
// C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, equation 3.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

namespace lqvg::eval {

struct Judged {
  float score = 0;        // 0..1; below counts as 0, above as 1, not a number as 0
  bool is_right = false;  // IoU above 0.5; never of an expression that nothing satisfies
};

struct ReliabilityBin {
  double low = 0, high = 0;  // scores above `low`, up to and with `high`; the first bin holds 0 too
  std::int64_t count = 0;
  double mean_score = 0, right = 0;  // 0..1; 0 in an empty bin
};

struct Reliability {
  std::vector<ReliabilityBin> bins;  // ten, from 0 to 1
  std::int64_t count = 0;            // of all; 0: the figures below mean nothing
  double mean_score = 0, right = 0;
  double expected_calibration_error = 0;  // 0..1
};

// Answers only: a failed call has no score.
Reliability MeasureReliability(std::span<const Judged> answers);

std::string ReliabilityText(const Reliability& reliability);  // a line for each bin, and the error

// {"answers":, "mean_score":, "right":, "expected_calibration_error":, "bins": [{"low":, "high":, "answers":,
// "mean_score":, "right":}]}; null where there are no answers.
nlohmann::ordered_json ReliabilityJson(const Reliability& reliability);

// The reliability diagram, with how many answers each bin holds below it: SVG, to be a file or part of an HTML page.
std::string ReliabilitySvg(const Reliability& reliability);

}  // namespace lqvg::eval
