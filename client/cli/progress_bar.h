// How far a long run is: a bar that redraws itself on a terminal, a plain line now and then anywhere else.
//
// The command owns it and calls it from one thread at a time; writing to the stream is all that can block. The time is
// passed in.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>

#include "absl/time/time.h"

namespace lqvg::cli {

struct Progress {
  std::size_t total = 0;
  std::size_t done = 0;    // answered or failed
  std::size_t failed = 0;  // of `done`
};

// "[####----]  4/8  2.0/s  0:02 left", and "  1 failed" where any did. Without `elapsed` no rate and no time left.
std::string ProgressText(const Progress& progress, absl::Duration elapsed);

class ProgressBar {
 public:
  // Writes to `stream`, which must live longer. `terminal`: it understands a carriage return. `program` begins the
  // lines that are written elsewhere.
  ProgressBar(std::ostream& stream, bool terminal, std::size_t total, absl::Time now, std::string program = "lqvg");

  // Notes one expression more. Writes at most 10 times a second on a terminal, every 5 seconds elsewhere.
  void Add(bool failed, absl::Time now);

  // Removes the bar from a terminal. Nothing may be added afterwards.
  void Finish();

 private:
  std::ostream& stream_;
  const bool terminal_;
  const std::string program_;
  const absl::Time start_;
  absl::Time written_;
  Progress progress_;
};

}  // namespace lqvg::cli
