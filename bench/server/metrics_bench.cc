// What metrics cost: the CPU time of recording a request, beside that of serving it without a model.
//
// Serving is everything that the server itself does with a Ground call, from the message's bytes to the answer's, with
// the real pipeline, tokenizer, decoder and metrics; but no socket, no gRPC call and a model that computes nothing, so
// the share of metrics is larger here than in any server. Ends with 1 when it is above the limit.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/server/idle_grounder.h"
#include "lqvg/v1/grounding.pb.h"
#include "model/tokenizer.h"
#include "server/finished_call.h"
#include "server/metrics.h"
#include "server/pipeline.h"
#include "server/prepare_query.h"
#include "server/request_limits.h"
#include "server/wire.h"
#include "server/wire_answer.h"

namespace lqvg::serving {
namespace {

constexpr double kLimit = 0.01;  // of a request's CPU time
// Calls that are inside at once, so that threads need not be woken for each: that would look like work of the request.
constexpr int kCallsAtOnce = 32;

// The server without its transport.
class Service {
 public:
  explicit Service(const Tokenizer& tokenizer) {
    const PrepareOptions prepare = {
        .canvas_side = model_.info().input_size,
        .image_limits = limits_.image,
        .expression_limits = {.max_bytes = limits_.max_expression_bytes, .max_tokens = model_.info().max_tokens}};
    pipeline_.Open(model_, [this, &tokenizer, prepare](GroundQuery query, Call& call) {
      return PrepareQuery(std::move(query), call, tokenizer, prepare, clock_);
    });
  }

  // Serves the same request kCallsAtOnce times.
  void Serve(const grpc::ByteBuffer& bytes) {
    {
      MutexLock lock(&mutex_);
      unanswered_ = kCallsAtOnce;
    }
    for (int i = 0; i < kCallsAtOnce; ++i) {
      CallRequest request;
      request.bytes = bytes.Length();
      request.parse = [this, bytes] { return ParseGroundRequest(bytes, limits_, model_.info(), "request"); };
      request.done = [this](const CallOutcome& outcome) { Answer(outcome); };
      pipeline_.Start(std::move(request));
    }
    MutexLock lock(&mutex_);
    while (unanswered_ > 0) answered_.Wait(&mutex_);
  }

  int failed() const { return failed_; }

 private:
  void Answer(const CallOutcome& outcome) {
    const TimePoint begun = clock_.Now();
    FinishedCall record{.method = "Ground", .times = outcome.times};
    if (outcome.answer.ok()) {
      benchmark::DoNotOptimize(ToByteBuffer(ToGroundResponse(outcome, model_.info(), outcome.request_id)));
      record.image_width = outcome.answer->image_width;
      record.image_height = outcome.answer->image_height;
      record.expressions = static_cast<int>(outcome.answer->results.size());
    }
    record.respond = clock_.Now() - begun;
    record.total = outcome.total + record.respond;
    record.slack = outcome.slack - record.respond;
    metrics_.Record(record);
    MutexLock lock(&mutex_);
    if (!outcome.answer.ok()) ++failed_;
    if (--unanswered_ == 0) answered_.NotifyAll();
  }

  Pipeline::Options PipelineOptions() {
    return {.batch_observer = [this](const BatchReport& batch) { metrics_.Record(batch); }};
  }

  const RequestLimits limits_;
  SteadyClock clock_;
  IdleGrounder model_{/*side=*/256, /*max_tokens=*/128, IdleTimes()};  // of the demo's size
  Metrics metrics_{"0", "0", [] { return LiveState(); }};
  Mutex mutex_;
  CondVar answered_;
  int unanswered_ = 0;
  int failed_ = 0;
  Pipeline pipeline_{PipelineOptions(), clock_};  // last: its threads use everything above
};

grpc::ByteBuffer RequestOf(v1::Image image) {
  v1::GroundRequest request;
  *request.mutable_image() = std::move(image);
  request.add_expressions("the large white storage tank on the left of the pier");
  return ToByteBuffer(request);
}

v1::Image DemoScene() {
  std::ifstream file(LQVG_SOURCE_DIR "/docs/demo/scene.png", std::ios::binary);
  v1::Image image;
  image.set_encoded(std::string(std::istreambuf_iterator<char>(file), {}));
  return image;
}

v1::Image SmallRawImage() {
  constexpr int kSide = 64;
  v1::Image image;
  image.mutable_raw()->set_width(kSide);
  image.mutable_raw()->set_height(kSide);
  image.mutable_raw()->set_data(std::string(std::size_t{3} * kSide * kSide, 'x'));
  return image;
}

void ServeBenchmark(benchmark::State& state, const Tokenizer& tokenizer, const v1::Image& image) {
  const grpc::ByteBuffer bytes = RequestOf(image);
  Service service(tokenizer);
  for (auto unused : state) service.Serve(bytes);
  if (service.failed() > 0) state.SkipWithError("a call failed");
}

// Everything that is recorded of a request that was answered, and that ran in a batch of its own.
void RecordBenchmark(benchmark::State& state) {
  Metrics metrics("0", "0", [] { return LiveState(); });
  const auto ms = [](int count) { return std::chrono::milliseconds(count); };
  const FinishedCall call{.method = "Ground",
                          .times = {.parse = ms(1),
                                    .pool_queue = ms(2),
                                    .decode = ms(5),
                                    .prepare = ms(3),
                                    .batch_queue = ms(2),
                                    .model = ms(300)},
                          .respond = ms(1),
                          .total = ms(314),
                          .slack = ms(10'000),
                          .image_width = 800,
                          .image_height = 800,
                          .batch_images = 1,
                          .batch_expressions = 1,
                          .expressions = 1};
  const BatchReport batch{.calls = 1,
                          .images = 1,
                          .expressions = 1,
                          .image_seconds = 0.1,
                          .text_seconds = 0.05,
                          .fusion_seconds = 0.05,
                          .transformer_seconds = 0.1,
                          .status = absl::OkStatus()};
  for (auto unused : state) {
    metrics.Record(call);
    metrics.Record(batch);
  }
}

// Prints as Google Benchmark does, and keeps the least CPU time of each benchmark: what it takes when nothing disturbs.
class KeepingReporter final : public benchmark::ConsoleReporter {
 public:
  KeepingReporter() : ConsoleReporter(OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) failed_ = true;
      if (run.run_type != Run::RT_Iteration) continue;
      double& least = nanoseconds_.try_emplace(run.run_name.function_name, run.GetAdjustedCPUTime()).first->second;
      least = std::min(least, run.GetAdjustedCPUTime());
    }
    ConsoleReporter::ReportRuns(runs);
  }

  bool failed() const { return failed_; }
  const std::map<std::string, double>& nanoseconds() const { return nanoseconds_; }

 private:
  bool failed_ = false;
  std::map<std::string, double> nanoseconds_;  // per iteration
};

// Whether the benchmarks ran and metrics stay below their limit.
bool PrintShares(const KeepingReporter& reporter) {
  const auto record = reporter.nanoseconds().find("record");
  if (reporter.failed() || record == reporter.nanoseconds().end()) return false;
  bool within = true;
  for (const auto& [name, nanoseconds] : reporter.nanoseconds()) {
    if (name == "record") continue;
    const double call = nanoseconds / kCallsAtOnce;
    const double share = record->second / call;
    within = within && share <= kLimit;
    std::printf("metrics: %.0f ns of the %.1f us of CPU time of a call of %s, %.2f %% (limit %.0f %%)\n",
                record->second, call / 1e3, name.c_str(), 100 * share, 100 * kLimit);
  }
  return within;
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const auto tokenizer = Tokenizer::Load(LQVG_SOURCE_DIR "/models/demo");
  if (!tokenizer.ok()) {
    std::fprintf(stderr, "%s\n", tokenizer.status().ToString().c_str());
    return 1;
  }
  benchmark::RegisterBenchmark("record", RecordBenchmark);
  const std::pair<const char*, v1::Image> pictures[] = {{"scene.png", DemoScene()}, {"raw_64x64", SmallRawImage()}};
  for (const auto& [name, image] : pictures) {
    benchmark::RegisterBenchmark(name, [&tokenizer, &image = image](benchmark::State& state) {
      ServeBenchmark(state, **tokenizer, image);
    })->MeasureProcessCPUTime();
  }
  KeepingReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return PrintShares(reporter) ? 0 : 1;
}

}  // namespace
}  // namespace lqvg::serving

int main(int argc, char** argv) { return lqvg::serving::Main(argc, argv); }
