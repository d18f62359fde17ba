#include "server/device_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>

#include "tests/support/fake_clock.h"

namespace lqvg::serving {
namespace {

using std::chrono::seconds;

class DeviceWatchTest : public testing::Test {
 protected:
  FakeClock clock_;
  std::promise<TimePoint> hung_;
  std::optional<DeviceWatch> watch_{std::in_place, seconds(30), clock_, [this] { hung_.set_value(clock_.Now()); }};
};

TEST_F(DeviceWatchTest, ARunThatLastsTooLongHangs) {
  watch_->Begin();
  const TimePoint begun = clock_.Now();
  clock_.Advance(seconds(30));
  EXPECT_EQ(hung_.get_future().get() - begun, seconds(30));
}

// Had one of the first two been taken for a hang, it would have been told at an earlier time.
TEST_F(DeviceWatchTest, ARunThatCameBackInTimeDoesNot) {
  watch_->Begin();
  clock_.Advance(seconds(29));
  watch_->End();
  clock_.Advance(seconds(29));
  watch_->Begin();
  clock_.Advance(seconds(29));
  watch_->Begin();  // the next part of the same batch
  const TimePoint begun = clock_.Now();
  clock_.Advance(seconds(29));
  clock_.Advance(seconds(1));
  EXPECT_EQ(hung_.get_future().get() - begun, seconds(30));
}

TEST_F(DeviceWatchTest, EndsWhileARunIsUnderWay) {
  watch_->Begin();
  watch_.reset();
  clock_.Advance(seconds(30));
  EXPECT_EQ(hung_.get_future().wait_for(seconds(0)), std::future_status::timeout);
}

}  // namespace
}  // namespace lqvg::serving
