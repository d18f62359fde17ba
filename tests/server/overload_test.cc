// The policy under overload, on paper: admission, choice and cost model together, in virtual time. What threads,
// sockets and processor time add is measured by bench/serving_bench.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <random>
#include <vector>

#include "server/choose_batch.h"
#include "server/cost_model.h"
#include "server/forecast.h"

namespace lqvg::serving {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Device {
  Duration fixed = milliseconds(20);
  Duration per_image = milliseconds(5);
  double noise = 0.03;  // of the time of a batch, up or down
};

struct Load {
  int calls = 20'000;
  double over_capacity = 1;
  Duration shortest_deadline = milliseconds(500);
  Duration longest_deadline = milliseconds(500);
};

struct Result {
  double goodput_over_capacity = 0;
  int answered = 0, refused = 0, expired = 0, late = 0, expired_executed = 0;
};

// One server with a device that runs up to 8 pictures at once.
class Simulation {
 public:
  Simulation(const Device& device, const Load& load) : device_(device), load_(load), now_(TimePoint() + seconds(1)) {}

  Result Run() {
    const double capacity = limits_.max_images / Seconds(BatchTime(limits_.max_images));
    std::exponential_distribution<double> gap(load_.over_capacity * capacity);
    const TimePoint begun = now_;
    TimePoint next_arrival = now_;
    for (int arrived = 0; arrived < load_.calls;) {
      if (next_arrival <= busy_until_ || queue_.empty()) {
        now_ = next_arrival;
        Arrive();
        ++arrived;
        next_arrival = now_ + FromSeconds(gap(random_));
      } else {
        now_ = std::max(now_, busy_until_);
      }
      if (now_ >= busy_until_) RunNext();
    }
    result_.goodput_over_capacity = result_.answered / Seconds(now_ - begun) / capacity;
    return result_;
  }

 private:
  static double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
  static Duration FromSeconds(double time) { return duration_cast<Duration>(std::chrono::duration<double>(time)); }
  Duration BatchTime(int images) const { return device_.fixed + images * device_.per_image; }

  void Arrive() {
    std::uniform_real_distribution<double> allowed(Seconds(load_.shortest_deadline), Seconds(load_.longest_deadline));
    const QueuedCall call = {.arrival = now_, .deadline = now_ + FromSeconds(allowed(random_))};
    const TimePoint device_free = std::max(now_, expected_free_);
    if (CheckReachable(queue_, call, now_, device_free, model_.cost(), limits_).ok()) {
      queue_.push_back(call);
    } else {
      ++result_.refused;
    }
  }

  void RunNext() {
    result_.expired +=
        static_cast<int>(std::erase_if(queue_, [&](const QueuedCall& call) { return call.deadline <= now_; }));
    const BatchChoice choice = ChooseBatch(queue_, now_, model_.cost(), limits_);
    if (choice.run.empty()) return;
    const auto images = static_cast<int>(choice.run.size());
    std::uniform_real_distribution<double> noise(1 - device_.noise, 1 + device_.noise);
    const Duration took = FromSeconds(Seconds(BatchTime(images)) * noise(random_));
    std::vector<std::size_t> run = choice.run;
    std::sort(run.rbegin(), run.rend());
    for (const std::size_t i : run) {
      if (queue_[i].deadline <= now_) ++result_.expired_executed;
      ++(now_ + took <= queue_[i].deadline ? result_.answered : result_.late);
      queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    busy_until_ = now_ + took;
    expected_free_ = choice.done_at;
    model_.Learn(images, images, took);
  }

  const Device device_;
  const Load load_;
  const BatchLimits limits_ = {.max_images = 8};
  CostModel model_;
  std::vector<QueuedCall> queue_;
  TimePoint now_, busy_until_{}, expected_free_{};
  std::mt19937 random_{7};
  Result result_;
};

TEST(OverloadTest, NearlyTheWholeCapacityIsOfUseAtAnyLoad) {
  for (const double over_capacity : {1.0, 1.5, 2.0, 5.0, 10.0}) {
    const Result result = Simulation({}, {.over_capacity = over_capacity}).Run();
    EXPECT_GT(result.goodput_over_capacity, over_capacity == 1 ? 0.93 : 0.97) << over_capacity;
    EXPECT_LE(result.late + result.expired, 20) << over_capacity << ": admitted and not answered in time";
  }
}

TEST(OverloadTest, BelowTheCapacityNobodyIsRefused) {
  const Result result = Simulation({}, {.over_capacity = 0.5}).Run();
  EXPECT_LE(result.refused, 20);
  EXPECT_LE(result.late + result.expired, 20);
}

TEST(OverloadTest, TightDeadlinesAtTwiceTheCapacityAreNeverRunLate) {
  // Of 100,000 calls some have less time than the device needs at all.
  const Result result = Simulation({}, {.calls = 100'000,
                                        .over_capacity = 2,
                                        .shortest_deadline = milliseconds(6),
                                        .longest_deadline = milliseconds(120)})
                            .Run();
  EXPECT_EQ(result.expired_executed, 0);
  EXPECT_LE(result.late + result.expired, result.answered / 100);
  EXPECT_GT(result.goodput_over_capacity, 0.65);
}

TEST(OverloadTest, AnUnsteadyDeviceCostsLittle) {
  const Result result = Simulation({.noise = 0.3}, {.over_capacity = 2}).Run();
  EXPECT_GT(result.goodput_over_capacity, 0.93);
  EXPECT_LE(result.late + result.expired, result.answered / 50);
}

TEST(OverloadTest, PicturesThatDoNotBatchWellRunOneByOne) {
  const Device device = {.fixed = Duration(0), .per_image = milliseconds(20)};
  const Result result = Simulation(device, {.over_capacity = 2}).Run();
  EXPECT_GT(result.goodput_over_capacity, 0.97);
}

}  // namespace
}  // namespace lqvg::serving
