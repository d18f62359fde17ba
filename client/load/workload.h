// What the n-th call of a load asks: a picture, some of its questions, how long it may take, and whether its caller
// walks away. A function of n and the seed: two runs of the same options ask the same, however the calls interleave.
//
// Immutable; any thread may call Plan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "client/load/pictures.h"

namespace lqvg::load {

// How many expressions a call has.
enum class ExpressionCounts : std::uint8_t {
  kFixed,   // `expressions`
  kRsvgHr,  // drawn as the expressions per picture of RSVG-HR's training list are distributed (README of client/load)
};

struct WorkloadOptions {
  std::uint64_t seed = 1;
  double zipf = 0;  // exponent of the pictures' popularity; 0: all alike. The first picture is the most popular
  ExpressionCounts counts = ExpressionCounts::kFixed;
  int expressions = 1;  // per call, at most as many as the picture has questions
  // Uniform between the two; 1 us at least, finite.
  absl::Duration min_timeout = absl::Seconds(10), max_timeout = absl::Seconds(10);
  // The two parts exclude each other: together at most 1.
  double cancelled = 0;  // part of the calls that are cancelled after a uniform part of `cancel_within`
  absl::Duration cancel_within = absl::Milliseconds(100);
  double killed = 0;  // part of the calls that are sent on a connection of their own, which breaks just so
};

struct PlannedCall {
  std::uint64_t index = 0;
  std::size_t picture = 0;
  std::vector<std::size_t> questions;          // of the picture, distinct
  absl::Duration timeout = absl::Seconds(10);  // microseconds, so that it goes over the wire as it is
  std::optional<absl::Duration> give_up = {};  // after the send: cancel, or break the connection if `kills`
  bool kills = false;
};

class Workload {
 public:
  // `pictures` must outlive it, not be empty, and stay as it is. Options are not judged here.
  Workload(const std::vector<Picture>& pictures, const WorkloadOptions& options);

  PlannedCall Plan(std::uint64_t index) const;

  const std::vector<Picture>& pictures() const { return pictures_; }

 private:
  const std::vector<Picture>& pictures_;
  const WorkloadOptions options_;
  std::vector<double> cumulative_;  // of the pictures' popularity, ends in 1
};

}  // namespace lqvg::load
