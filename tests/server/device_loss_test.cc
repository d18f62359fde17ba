// What the pipeline does when its device fails: too little memory for a batch, a sticky error, a hang.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "image/rejection.h"
#include "server/pipeline.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_grounder.h"
#include "tests/support/gate.h"
#include "tests/support/outcome_log.h"
#include "tests/support/query_maker.h"

namespace lqvg::serving {
namespace {

using std::chrono::seconds;

class DeviceLossTest : public testing::Test {
 protected:
  void TearDown() override {
    gate_.Open();
    if (faults_ != nullptr) faults_->Release();
    pipeline_.reset();
  }

  void Inject(FaultPoint point, Fault fault) {
    FaultPlan plan;
    plan.at[static_cast<std::size_t>(point)] = fault;
    faults_ = std::make_unique<FaultPoints>(plan, clock_);
    options_.faults = faults_.get();
  }

  void Open() {
    options_.device_timeout = device_timeout_;
    options_.batch_observer = [this](const BatchReport& report) { batch_sizes_.push_back(report.calls); };
    options_.device_loss_observer = [this](DeviceLoss loss) {
      answered_before_ = static_cast<int>(log_.size());
      losses_.push_back(loss);
    };
    pipeline_ = std::make_unique<Pipeline>(options_, clock_);
    pipeline_->Open(grounder_, [](const GroundQuery& query, Call&) {
      return MakeQuery("", 1, {static_cast<std::int32_t>(std::stoi(query.expressions.at(0)))});
    });
  }

  // A call about a picture of its own.
  void Start(std::int32_t token = 1) {
    pipeline_->Start({.parse = [token]() -> absl::StatusOr<GroundQuery> {
                        return GroundQuery{.request_id = "any", .expressions = {std::to_string(token)}};
                      },
                      .done = log_.Recorder()});
  }

  // Returns when every call that was started is queued. One thread prepares them in order of arrival, so the refusal of
  // another one tells.
  void AwaitPrepared() {
    const std::size_t refused = refused_.size() + 1;
    pipeline_->Start({.parse = []() -> absl::StatusOr<GroundQuery> { return absl::InvalidArgumentError("last"); },
                      .done = refused_.Recorder()});
    refused_.Wait(refused);
  }

  // Keeps the worker at the gate with a first call, and has `more` calls wait in the queue.
  void HoldWithQueue(int more) {
    grounder_.before_encode_images = [this] { gate_.Pass(); };
    Start();
    gate_.WaitForArrivals(1);
    for (int i = 0; i < more; ++i) Start();
    AwaitPrepared();
  }

  int CountOf(const std::string& reason, std::size_t calls) {
    int count = 0;
    for (std::size_t i = 1; i <= calls; ++i) count += ReasonOf(log_.Wait(i)) == reason ? 1 : 0;
    return count;
  }

  FakeClock clock_;
  FakeGrounder grounder_;
  Gate gate_;
  OutcomeLog log_, refused_;
  std::unique_ptr<FaultPoints> faults_;
  Duration device_timeout_ = seconds(30);
  // Read after the pipeline has stopped, or when its worker and watchdog have nothing to do.
  std::vector<int> batch_sizes_;
  std::vector<DeviceLoss> losses_;
  int answered_before_ = -1;
  Pipeline::Options options_{.decode_threads = 1, .batch = {.max_images = 5}};
  std::unique_ptr<Pipeline> pipeline_;
};

TEST_F(DeviceLossTest, AStickyErrorAnswersTheBatchTheQueueAndWhateverComes) {
  grounder_.before_ground = [] { return Reject(absl::StatusCode::kUnavailable, "DEVICE_LOST", "an illegal access"); };
  options_.batch.max_expressions = 1;
  Open();
  HoldWithQueue(4);
  gate_.Open();
  EXPECT_EQ(CountOf("DEVICE_LOST", 5), 5);
  EXPECT_EQ(log_.Wait(1).answer.status().message(), "the device of this server is lost") << "not the model's own words";
  EXPECT_TRUE(pipeline_->WaitIdle(TimePoint::max()));
  EXPECT_EQ(pipeline_->occupancy().in_flight, 0);
  Start();
  EXPECT_EQ(ReasonOf(log_.Wait(6)), "DEVICE_LOST");
  pipeline_->Stop();
  EXPECT_EQ(losses_, std::vector{DeviceLoss::kError});
  EXPECT_EQ(answered_before_, 0) << "health is told before a client can come back";
  EXPECT_EQ(batch_sizes_, std::vector{1}) << "nothing is run on a lost device";
}

TEST_F(DeviceLossTest, ABatchThatDoesNotComeBackIsAnsweredAndSoIsTheQueue) {
  Open();
  HoldWithQueue(1);
  EXPECT_EQ(log_.size(), 0u);
  clock_.Advance(device_timeout_);
  EXPECT_EQ(CountOf("DEVICE_LOST", 2), 2);
  EXPECT_TRUE(pipeline_->WaitIdle(TimePoint::max())) << "although the worker is still there";
  EXPECT_EQ(losses_, std::vector{DeviceLoss::kHang});
  gate_.Open();
  pipeline_->Stop();
  EXPECT_EQ(grounder_.pairs_grounded, 0) << "what was answered is not run when the device comes back after all";
}

TEST_F(DeviceLossTest, ABatchThatDoesNotFitRunsInHalves) {
  int encoded_before = 0;
  grounder_.before_ground = [this, &encoded_before] {
    const int pictures = grounder_.images_encoded - std::exchange(encoded_before, grounder_.images_encoded);
    return pictures <= 2 ? absl::OkStatus() : Reject(absl::StatusCode::kResourceExhausted, "DEVICE_MEMORY", "too much");
  };
  Open();
  HoldWithQueue(5);
  gate_.Open();
  EXPECT_EQ(CountOf("", 6), 6);
  pipeline_->Stop();
  EXPECT_EQ(batch_sizes_, (std::vector{1, 5, 3, 2, 1, 2}));
  EXPECT_TRUE(losses_.empty());
}

TEST_F(DeviceLossTest, OnlyWhatDoesNotFitAloneFails) {
  Open();
  HoldWithQueue(2);
  Start(FakeGrounder::kTooLargeToken);
  Start(2);
  gate_.Open();
  EXPECT_EQ(CountOf("", 5), 4);
  EXPECT_EQ(CountOf("DEVICE_MEMORY", 5), 1);
}

TEST_F(DeviceLossTest, TooLittleMemoryAThousandTimesInARowLosesNothing) {
  Open();
  for (std::size_t call = 1; call <= 1'000; ++call) {
    Start(FakeGrounder::kTooLargeToken);
    ASSERT_EQ(ReasonOf(log_.Wait(call)), "DEVICE_MEMORY");
  }
  EXPECT_TRUE(absl::IsResourceExhausted(log_.Wait(1).answer.status()));
  Start(1);
  EXPECT_TRUE(log_.Wait(1'001).answer.ok());
  pipeline_->Stop();
  EXPECT_TRUE(losses_.empty());
}

TEST_F(DeviceLossTest, AFaultThatComesOncePerBatchIsOvercomeInHalves) {
  Inject(FaultPoint::kBatched, {.failure = InjectedFailure::kDeviceMemory});
  options_.batch.max_images = 4;
  options_.batch.max_queue_delay = std::chrono::hours(1);  // so that four calls are one batch
  options_.default_deadline = device_timeout_ = std::chrono::hours(24);
  Open();
  for (int i = 0; i < 4; ++i) Start();
  EXPECT_EQ(CountOf("", 4), 4);
  Start();
  AwaitPrepared();
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(ReasonOf(log_.Wait(5)), "DEVICE_MEMORY");
  pipeline_->Stop();
  EXPECT_EQ(batch_sizes_, (std::vector{4, 2, 2, 1}));
}

}  // namespace
}  // namespace lqvg::serving
