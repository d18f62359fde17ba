#include "client/eval/reliability.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"

namespace lqvg::eval {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kBins = 10;

// In float, where 0.3 times 10 is 3: the float nearest to 0.3 is above 0.3, and in double would be in the next bin.
std::size_t BinOf(float score) {
  return static_cast<std::size_t>(std::max(static_cast<int>(std::ceil(score * kBins)) - 1, 0));
}

std::string ShareText(std::int64_t count, double share) { return count == 0 ? "-" : absl::StrFormat("%.3f", share); }

Json ShareOrNull(std::int64_t count, double share) { return count == 0 ? Json() : Json(share); }

}  // namespace

Reliability MeasureReliability(std::span<const Judged> answers) {
  Reliability all;
  for (int i = 0; i < kBins; ++i) {
    all.bins.push_back({.low = i / double{kBins}, .high = (i + 1) / double{kBins}});
  }
  for (const Judged& answer : answers) {
    const float score = answer.score > 0 ? std::min(answer.score, 1.0F) : 0;
    ReliabilityBin& bin = all.bins[BinOf(score)];
    ++bin.count;
    bin.mean_score += score;
    bin.right += answer.is_right ? 1 : 0;
  }
  // So far sums.
  for (ReliabilityBin& bin : all.bins) {
    if (bin.count == 0) continue;
    all.count += bin.count;
    all.mean_score += bin.mean_score;
    all.right += bin.right;
    all.expected_calibration_error += std::abs(bin.right - bin.mean_score);
    bin.mean_score /= static_cast<double>(bin.count);
    bin.right /= static_cast<double>(bin.count);
  }
  if (all.count == 0) return all;
  const auto count = static_cast<double>(all.count);
  all.mean_score /= count;
  all.right /= count;
  all.expected_calibration_error /= count;
  return all;
}

std::string ReliabilityText(const Reliability& reliability) {
  std::string text = absl::StrFormat("%-12s%10s%12s%10s\n", "score", "answers", "mean score", "right");
  const auto row = [&](const std::string& name, std::int64_t count, double mean_score, double right) {
    absl::StrAppendFormat(&text, "%-12s%10d%12s%10s\n", name, count, ShareText(count, mean_score),
                          ShareText(count, right));
  };
  for (const ReliabilityBin& bin : reliability.bins) {
    row(absl::StrFormat("%.1f to %.1f", bin.low, bin.high), bin.count, bin.mean_score, bin.right);
  }
  row("all", reliability.count, reliability.mean_score, reliability.right);
  absl::StrAppendFormat(&text, "expected calibration error %s\n",
                        ShareText(reliability.count, reliability.expected_calibration_error));
  return text;
}

Json ReliabilityJson(const Reliability& reliability) {
  const std::int64_t count = reliability.count;
  Json json = {{"answers", count},
               {"mean_score", ShareOrNull(count, reliability.mean_score)},
               {"right", ShareOrNull(count, reliability.right)},
               {"expected_calibration_error", ShareOrNull(count, reliability.expected_calibration_error)}};
  json["bins"] = Json::array();
  for (const ReliabilityBin& bin : reliability.bins) {
    json["bins"].push_back({{"low", bin.low},
                            {"high", bin.high},
                            {"answers", bin.count},
                            {"mean_score", ShareOrNull(bin.count, bin.mean_score)},
                            {"right", ShareOrNull(bin.count, bin.right)}});
  }
  return json;
}

}  // namespace lqvg::eval
