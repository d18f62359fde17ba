#include "server/wire_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "image/rejection.h"
#include "tests/server/serving_fixture.h"

namespace lqvg::serving {
namespace {

using testing::ElementsAre;

ModelInfo TestModel() {
  return {.name = "demo",
          .digest = std::string(64, 'd'),
          .input_size = 1'024,
          .num_queries = 10,
          .max_tokens = 77,
          .device = "cpu",
          .precision = "fp32"};
}

TEST(ToGroundResponseTest, TellsBoxesSizesTimesAndNotes) {
  GroundAnswer answer;
  answer.results.push_back(std::vector<Box>{{.x_min = 1, .y_min = 2, .x_max = 3, .y_max = 4, .score = 0.5f}});
  answer.results.push_back(Reject(absl::StatusCode::kResourceExhausted, "DEVICE_MEMORY", "does not fit"));
  answer.image_width = 640;
  answer.image_height = 480;
  answer.alpha_dropped = answer.orientation_applied = true;
  answer.image_digest = std::string(32, 'i');
  answer.batch_images = 2;
  answer.batch_expressions = 5;
  answer.image_cache = ImageCacheOutcome::kShared;
  answer.text_cache_hits = 3;
  answer.response_cache_hits = 4;
  answer.image_retained = true;
  StageTimes times;
  times.pool_queue = std::chrono::milliseconds(1);
  times.batch_queue = std::chrono::milliseconds(2);
  times.decode = std::chrono::milliseconds(10);
  times.prepare = std::chrono::milliseconds(20);
  times.model = std::chrono::milliseconds(2'500);
  const CallOutcome outcome{
      .answer = answer, .times = times, .total = std::chrono::milliseconds(3'000), .request_id = "id"};

  const v1::GroundResponse response = ToGroundResponse(outcome, TestModel(), "id");

  ASSERT_EQ(response.results_size(), 2);
  EXPECT_EQ(response.results(0).boxes(0).y_max(), 4.0f);
  EXPECT_EQ(response.results(0).boxes(0).score(), 0.5f);
  EXPECT_FALSE(response.results(0).has_error());
  EXPECT_EQ(ReasonOf(response.results(1).error()), "DEVICE_MEMORY");
  EXPECT_EQ(response.image_width(), 640u);
  EXPECT_EQ(response.image_height(), 480u);
  EXPECT_EQ(response.model().name(), "demo");
  EXPECT_EQ(response.request_id(), "id");
  EXPECT_EQ(response.image_digest(), std::string(32, 'i'));
  EXPECT_TRUE(response.image_retained());
  EXPECT_THAT(response.image_notes(), ElementsAre(v1::IMAGE_NOTE_ALPHA_DROPPED, v1::IMAGE_NOTE_ORIENTATION_APPLIED));
  EXPECT_EQ(response.receipt().queue_time().nanos(), 3'000'000);
  EXPECT_EQ(response.receipt().decode_time().nanos(), 30'000'000);
  EXPECT_EQ(response.receipt().model_time().seconds(), 2);
  EXPECT_EQ(response.receipt().model_time().nanos(), 500'000'000);
  EXPECT_EQ(response.receipt().total_time().seconds(), 3);
  EXPECT_EQ(response.receipt().batch_images(), 2u);
  EXPECT_EQ(response.receipt().batch_expressions(), 5u);
  EXPECT_EQ(response.receipt().image_cache(), v1::CACHE_OUTCOME_SHARED);
  EXPECT_EQ(response.receipt().text_cache_hits(), 3u);
  EXPECT_EQ(response.receipt().response_cache_hits(), 4u);
}

TEST(ToGroundResponseTest, TellsWhatTheImageCacheDid) {
  const auto told = [](ImageCacheOutcome outcome) {
    GroundAnswer answer;
    answer.image_cache = outcome;
    const CallOutcome ended{.answer = answer, .times = {}, .request_id = {}};
    return ToGroundResponse(ended, TestModel(), "id").receipt().image_cache();
  };
  EXPECT_EQ(told(ImageCacheOutcome::kOff), v1::CACHE_OUTCOME_OFF);
  EXPECT_EQ(told(ImageCacheOutcome::kMiss), v1::CACHE_OUTCOME_MISS);
  EXPECT_EQ(told(ImageCacheOutcome::kHit), v1::CACHE_OUTCOME_HIT);
}

}  // namespace
}  // namespace lqvg::serving
