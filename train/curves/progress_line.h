// What a trainer tells a person now and then, on one line:
//
//   step 1200/40000  19.2k samples  loss 0.532 (boxes 0.21, giou 0.302)  31.4 samples/s  2 h 05 min left
//
// Pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lqvg::curves {

struct Progress {
  std::int64_t step = 0;
  std::int64_t steps = 0;                                   // of the whole training; 0: unknown, and not shown
  std::int64_t samples = 0;                                 // seen so far
  std::optional<double> loss = {};                          // the total
  std::vector<std::pair<std::string, double>> parts = {};   // of the loss, in the order to show
  std::vector<std::pair<std::string, double>> others = {};  // what else to show: ("acc@0.5", 0.61)
  double samples_per_second = 0;                            // lately; 0 or not finite: unknown
  std::optional<double> seconds_left = {};
};

std::string ProgressLine(const Progress& progress);

// Seconds that `steps_left` steps of `samples_per_step` take at this rate; nothing where the rate is unknown.
std::optional<double> SecondsLeft(std::int64_t steps_left, double samples_per_step, double samples_per_second);

// "45 s", "12 min", "2 h 05 min", "3 d 04 h": rounded to the smaller unit shown; "?" for what is negative or not
// finite.
std::string DurationText(double seconds);

// Three significant digits: "0.532", "0.00012", "1.2e-07", "123"; "nan", "inf".
std::string NumberText(double number);

// "950", "19.2k", "3.4M", "1.2G".
std::string CountText(std::int64_t count);

}  // namespace lqvg::curves
