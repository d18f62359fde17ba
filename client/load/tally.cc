#include "client/load/tally.h"

namespace lqvg::load {

void Tally::Count(const Outcome& outcome) {
  ++sent;
  const std::string status = outcome.reason.empty() ? outcome.status : outcome.status + " " + outcome.reason;
  ++statuses[status];
  if (!outcome.message.empty()) messages.emplace(status, outcome.message);
  lag.Record(outcome.lag);
  if (outcome.given_up) {
    ++given_up;
    return;
  }
  if (outcome.status != "OK") {
    error_latency.Record(outcome.service);
    return;
  }
  ++ok;
  if (outcome.within_deadline) ++good;
  expressions_ok += outcome.expressions;
  answers_known += outcome.answers_known;
  answers_right += outcome.answers_right;
  if (outcome.crossed) ++crossed;
  ok_latency.Record(outcome.latency);
  ok_service.Record(outcome.service);
}

void Tally::Add(const Tally& other) {
  sent += other.sent;
  ok += other.ok;
  good += other.good;
  given_up += other.given_up;
  expressions_ok += other.expressions_ok;
  answers_known += other.answers_known;
  answers_right += other.answers_right;
  crossed += other.crossed;
  for (const auto& [status, count] : other.statuses) statuses[status] += count;
  messages.insert(other.messages.begin(), other.messages.end());
  ok_latency.Add(other.ok_latency);
  ok_service.Add(other.ok_service);
  error_latency.Add(other.error_latency);
  lag.Add(other.lag);
}

}  // namespace lqvg::load
