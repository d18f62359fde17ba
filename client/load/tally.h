// What became of the calls of a load: how many ended how, how fast, and whether they were right.
//
// Plain data. Every thread keeps one of its own; Add puts them together.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "client/load/latency_histogram.h"

namespace lqvg::load {

// A call that has ended.
struct Outcome {
  std::string status = "OK";     // the gRPC status's name, "DEADLINE_EXCEEDED"
  std::string message = {};      // of a status that is not OK
  std::string reason = {};       // of the server's ErrorInfo, if it gave one: "QUEUE_FULL"
  absl::Duration latency = {};   // from when it should have been sent to its end
  absl::Duration service = {};   // from when it was sent
  absl::Duration lag = {};       // from when it should have been sent to when it was
  bool within_deadline = false;  // of an OK call: ended before its timeout, counted from when it should have been sent
  bool given_up = false;         // this tool cancelled it or broke its connection before it ended
  int expressions = 0;           // asked
  int answers_known = 0;         // of an OK call: expressions whose right box is known
  int answers_right = 0;         // of those, boxes with IoU > 0.5
  bool crossed = false;          // the answer is another call's: another id, size of the picture, or number of boxes
};

struct Tally {
  std::int64_t sent = 0;
  std::int64_t ok = 0, good = 0;  // good: OK and within the deadline
  std::int64_t given_up = 0;
  std::int64_t expressions_ok = 0;  // of the OK calls
  std::int64_t answers_known = 0, answers_right = 0, crossed = 0;
  std::map<std::string, std::int64_t> statuses;  // by name, and "UNAVAILABLE QUEUE_FULL" where there is a reason
  std::map<std::string, std::string> messages;   // the first of each status that is not OK, by the same names
  LatencyHistogram ok_latency;                   // Outcome::latency of the OK calls
  LatencyHistogram ok_service;                   // Outcome::service of them
  LatencyHistogram error_latency;  // Outcome::service of the calls that the server or the deadline ended otherwise
  LatencyHistogram lag;            // of all

  // Calls that this tool gave up count in `sent`, `given_up`, `statuses` and `lag`, and nowhere else, however they
  // ended.
  void Count(const Outcome& outcome);
  void Add(const Tally& other);
};

}  // namespace lqvg::load
