#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "client/load/report.h"

namespace lqvg::load {
namespace {

using Json = nlohmann::ordered_json;

Json SecondsOrNull(const LatencyHistogram& histogram, absl::Duration duration) {
  return histogram.count() == 0 ? Json() : Json(absl::ToDoubleSeconds(duration));
}

Json Latencies(const LatencyHistogram& histogram) {
  Json json = {{"min", SecondsOrNull(histogram, histogram.Min())},
               {"mean", SecondsOrNull(histogram, histogram.Mean())}};
  for (const auto& [name, percent] : std::initializer_list<std::pair<const char*, double>>{
           {"p50", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}, {"p99_9", 99.9}}) {
    json[name] = SecondsOrNull(histogram, histogram.Percentile(percent));
  }
  json["max"] = SecondsOrNull(histogram, histogram.Max());
  return json;
}

Json ClientJson(const Step& step) {
  const LatencyHistogram& lag = step.tally.lag;
  return {{"cpu_cores", step.client_cpu},
          {"cores", step.client_cores},
          {"lag_seconds",
           {{"p50", SecondsOrNull(lag, lag.Percentile(50))},
            {"p99", SecondsOrNull(lag, lag.Percentile(99))},
            {"max", SecondsOrNull(lag, lag.Max())}}}};
}

Json StepJson(const Step& step) {
  const Tally& tally = step.tally;
  Json json;
  json["offered_per_second"] = step.offered ? Json(*step.offered) : Json();
  json["concurrency"] = step.concurrency ? Json(*step.concurrency) : Json();
  json["duration_seconds"] = absl::ToDoubleSeconds(step.duration);
  json["due"] = step.offered ? Json(step.due) : Json();
  json["sent"] = tally.sent;
  json["ok"] = tally.ok;
  json["good"] = tally.good;
  json["given_up"] = tally.given_up;
  json["goodput_per_second"] = GoodputPerSecond(step);
  json["expressions_ok"] = tally.expressions_ok;
  json["latency_seconds"] = Latencies(tally.ok_latency);
  json["service_seconds"] = Latencies(tally.ok_service);
  json["error_latency_seconds"] = Latencies(tally.error_latency);
  json["statuses"] = Json::object();
  for (const auto& [status, count] : tally.statuses) json["statuses"][status] = count;
  json["messages"] = Json::object();
  for (const auto& [status, message] : tally.messages) json["messages"][status] = message;
  json["answers"] = {{"known", tally.answers_known}, {"right", tally.answers_right}, {"crossed", tally.crossed}};
  json["client"] = ClientJson(step);
  json["doubts"] = Doubts(step);
  return json;
}

}  // namespace

std::string ToJson(const Report& report) {
  Json json = {{"target", report.target}, {"protocol", report.protocol}, {"workload", report.workload}};
  json["steps"] = Json::array();
  for (const Step& step : report.steps) json["steps"].push_back(StepJson(step));
  // A file's name or a server's reason may be any bytes.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lqvg::load
