#include "server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <utility>

#include "server/error_reasons.h"
#include "server/metrics_live.h"

namespace lqvg::serving {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;
using prometheus::Labels;
using Buckets = Histogram::BucketBoundaries;

// From a refusal's 1 ms to the default deadline. Steps of 2 to 2.5 bound what interpolating a quantile can be wrong by.
const Buckets kRequestSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60};
// Parsing takes 0.1 ms, a full-size model on a few cores 3 s.
const Buckets kStageSeconds = {0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                               0.1,    0.25,   0.5,   1,      2.5,   5,    10,    30};
// Batches are limited to 64 pictures and 1,024 expressions; powers of two are what people choose as limits.
const Buckets kBatchImages = {1, 2, 4, 8, 16, 32, 64};
const Buckets kBatchExpressions = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1'024};
// The first holds the late calls, the others show how close the rest came.
const Buckets kSlackSeconds = {0, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60};
// 128 x 128 to 8,192 x 8,192, the largest by default being 64 Mpx.
const Buckets kImagePixels = {16'384, 65'536, 262'144, 1'048'576, 4'194'304, 16'777'216, 67'108'864};

// Those that ground come first.
constexpr std::string_view kMethods[] = {"Ground",        "ModelInfer",     "GroundStream", "GetModel",
                                         "ModelMetadata", "ServerMetadata", "other"};
constexpr std::size_t kGroundingMethods = 3;

// Values of the label reason: "" for calls that did not fail, those of the contract in its order, and a last one for
// whatever else a part of the server may say.
constexpr std::size_t kReasons = std::size(kKnownReasons) + 2;

std::string_view ReasonName(std::size_t reason) {
  if (reason == 0) return "";
  return reason + 1 < kReasons ? kKnownReasons[reason - 1].name : "OTHER";
}

std::size_t ReasonIndex(std::string_view name) {
  if (name.empty()) return 0;
  const auto found = std::find_if(std::begin(kKnownReasons), std::end(kKnownReasons),
                                  [name](const KnownReason& reason) { return reason.name == name; });
  return static_cast<std::size_t>(found - std::begin(kKnownReasons)) + 1;
}

constexpr std::size_t kCodes = 17;  // of gRPC: OK to UNAUTHENTICATED

std::size_t MethodIndex(std::string_view name) {
  const auto found = std::find(std::begin(kMethods), std::end(kMethods) - 1, name);
  return static_cast<std::size_t>(found - std::begin(kMethods));
}

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// A counter's family whose series come into being when they are first counted, and are then found by an index.
class LazyCounters {
 public:
  LazyCounters(Family<Counter>& family, std::size_t size) : family_(family), counters_(size) {}

  template <typename MakeLabels>
  Counter& At(std::size_t index, MakeLabels make_labels) {
    Counter* counter = counters_[index].load(std::memory_order_acquire);
    if (counter == nullptr) {
      counter = &family_.Add(make_labels());  // the same object when two threads come here at once
      counters_[index].store(counter, std::memory_order_release);
    }
    return *counter;
  }

 private:
  Family<Counter>& family_;
  std::vector<std::atomic<Counter*>> counters_;
};

}  // namespace

struct Metrics::Series {
  explicit Series(std::function<LiveState()> state) : live(std::make_shared<LiveMetrics>(std::move(state))) {
    // A counter that comes into being with its first count has no increase that rate() could see, and a ratio of which
    // one side is missing is no ratio: what alerts and dashboards ask for is there, at 0, before it happens.
    const std::size_t internal_error = ReasonIndex("INTERNAL_ERROR");
    for (std::size_t method = 0; method + 1 < std::size(kMethods); ++method) {
      Request(method, absl::StatusCode::kOk, 0);
      Request(method, absl::StatusCode::kInternal, internal_error);
      request_seconds_of[method] = &RequestSeconds(method);
    }
    for (std::size_t method = 0; method < kGroundingMethods; ++method) {
      for (const KnownReason& reason : kKnownReasons) Request(method, reason.code, ReasonIndex(reason.name));
    }
    ExpressionError(internal_error);
  }

  Family<Counter>& Counters(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(*registry);
  }
  Family<Histogram>& Histograms(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(*registry);
  }
  void Info(const char* name, const char* help, const Labels& labels) {
    prometheus::BuildGauge().Name(name).Help(help).Register(*registry).Add(labels).Set(1);
  }
  Histogram& Stage(const char* stage) { return stage_seconds.Add({{"stage", stage}}, kStageSeconds); }
  Histogram& ModelStage(const char* stage) { return model_stage_seconds.Add({{"stage", stage}}, kStageSeconds); }
  Histogram& RequestSeconds(std::size_t method) {
    return request_seconds.Add({{"method", std::string(kMethods[method])}}, kRequestSeconds);
  }

  Counter& Request(std::size_t method, absl::StatusCode code, std::size_t reason) {
    const std::size_t number = std::min<std::size_t>(static_cast<std::size_t>(code), kCodes - 1);
    return requests.At((method * kCodes + number) * kReasons + reason, [&] {
      return Labels{{"method", std::string(kMethods[method])},
                    {"code", absl::StatusCodeToString(code)},
                    {"reason", std::string(ReasonName(reason))}};
    });
  }
  Counter& ExpressionError(std::size_t reason) {
    return expression_errors.At(reason, [reason] { return Labels{{"reason", std::string(ReasonName(reason))}}; });
  }

  const std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  const std::shared_ptr<LiveMetrics> live;

  LazyCounters requests{
      Counters("lqvg_requests_total", "Answered calls. reason is an ErrorReason of the contract, empty when OK."),
      std::size(kMethods) * kCodes* kReasons};
  Counter& expressions = Counters("lqvg_expressions_total",
                                  "Expressions of calls that were answered OK, those that failed alone included.")
                             .Add({});
  LazyCounters expression_errors{
      Counters("lqvg_expression_errors_total", "Expressions that failed alone, in a call that did not."), kReasons};

  Family<Histogram>& request_seconds =
      Histograms("lqvg_request_duration_seconds", "From a call's arrival to its answer, whatever the answer is.");
  std::array<Histogram*, std::size(kMethods) - 1> request_seconds_of = {};
  Family<Histogram>& stage_seconds =
      Histograms("lqvg_stage_duration_seconds",
                 "Of grounding calls that reached the stage. queue: all waiting; model: the batch they were in.");
  Histogram& parse = Stage("parse");
  Histogram& decode = Stage("decode");
  Histogram& prepare = Stage("prepare");
  Histogram& queue = Stage("queue");
  Histogram& model = Stage("model");
  Histogram& respond = Stage("respond");
  Histogram& slack = Histograms("lqvg_deadline_slack_seconds",
                                "Time left at the end of grounding calls that were answered or expired; 0: late.")
                         .Add({}, kSlackSeconds);
  Histogram& image_pixels =
      Histograms("lqvg_image_pixels", "Width times height of the pictures of calls that were answered OK.")
          .Add({}, kImagePixels);

  Family<Histogram>& model_stage_seconds =
      Histograms("lqvg_model_stage_duration_seconds", "Of batches that reached this part of the model.");
  Histogram& image_part = ModelStage("image");
  Histogram& text_part = ModelStage("text");
  Histogram& fusion_part = ModelStage("fusion");
  Histogram& transformer_part = ModelStage("transformer");
  Histogram& batch_images =
      Histograms("lqvg_batch_images",
                 "Pictures that were encoded together: different ones, and not those whose features were cached.")
          .Add({}, kBatchImages);
  Histogram& batch_expressions =
      Histograms("lqvg_batch_expressions",
                 "Pairs of picture and expression that were grounded together: different ones that were not cached.")
          .Add({}, kBatchExpressions);
  Counter& expired_executed = Counters("lqvg_expired_executed_total",
                                       "Calls that were past their deadline when their batch began: a fault if not 0.")
                                  .Add({});

  Family<Counter>& device_errors = Counters("lqvg_device_errors_total", "Batches that failed because of the device.");
  Counter& device_out_of_memory = device_errors.Add({{"class", "out_of_memory"}});
  Counter& device_sticky = device_errors.Add({{"class", "sticky"}});
  Counter& device_hang = device_errors.Add({{"class", "hang"}});
};

Metrics::Metrics(std::string_view version, std::string_view commit, std::function<LiveState()> state)
    : series_(std::make_unique<Series>(std::move(state))) {
  series_->Info("lqvg_build_info", "The program that runs; always 1.",
                {{"version", std::string(version)}, {"commit", std::string(commit)}});
}

Metrics::~Metrics() = default;

void Metrics::Record(const FinishedCall& call) {
  Series& series = *series_;
  const std::size_t method = MethodIndex(call.method);
  series.Request(method, call.code, ReasonIndex(call.reason)).Increment();
  if (call.whole_stream) return;  // its life is no call's duration
  if (method < series.request_seconds_of.size()) series.request_seconds_of[method]->Observe(Seconds(call.total));

  const auto observe = [](Histogram& histogram, Duration duration) {
    if (duration > Duration::zero()) histogram.Observe(Seconds(duration));  // else the call did not get there
  };
  observe(series.parse, call.times.parse);
  observe(series.decode, call.times.decode);
  observe(series.prepare, call.times.prepare);
  observe(series.queue, call.times.pool_queue + call.times.batch_queue);
  observe(series.model, call.times.model);
  observe(series.respond, call.respond);

  if (method < kGroundingMethods &&
      (call.code == absl::StatusCode::kOk || call.code == absl::StatusCode::kDeadlineExceeded)) {
    series.slack.Observe(std::max(0.0, Seconds(call.slack)));  // a sum must not fall
  }
  if (call.image_width > 0) series.image_pixels.Observe(1.0 * call.image_width * call.image_height);
  if (call.expressions > 0) series.expressions.Increment(call.expressions);
  for (const std::string& reason : call.expression_errors) series.ExpressionError(ReasonIndex(reason)).Increment();
}

void Metrics::Record(const BatchReport& batch) {
  Series& series = *series_;
  series.batch_images.Observe(batch.images);
  series.batch_expressions.Observe(batch.expressions);
  if (batch.expired_executed > 0) series.expired_executed.Increment(batch.expired_executed);
  const auto observe = [](Histogram& histogram, double seconds) {
    if (seconds > 0) histogram.Observe(seconds);
  };
  observe(series.image_part, batch.image_seconds);
  observe(series.text_part, batch.text_seconds);
  observe(series.fusion_part, batch.fusion_seconds);
  observe(series.transformer_part, batch.transformer_seconds);
  if (batch.status.code() == absl::StatusCode::kResourceExhausted) series.device_out_of_memory.Increment();
  if (batch.status.code() == absl::StatusCode::kUnavailable) series.device_sticky.Increment();
}

void Metrics::RecordDeviceHang() { series_->device_hang.Increment(); }

void Metrics::SetModel(const ModelInfo& info) {
  series_->Info("lqvg_model_info", "The model that is served; always 1.",
                {{"name", info.name}, {"digest", info.digest}, {"device", info.device}, {"precision", info.precision}});
}

std::string Metrics::Text() const {
  std::vector<prometheus::MetricFamily> families = series_->registry->Collect();
  for (prometheus::MetricFamily& family : series_->live->Collect()) families.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(families);
}

std::vector<std::weak_ptr<prometheus::Collectable>> Metrics::collectables() const {
  return {series_->registry, series_->live};
}

}  // namespace lqvg::serving
