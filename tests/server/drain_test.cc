#include "server/drain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lqvg::serving {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

constexpr TimePoint kStart{std::chrono::hours(1)};
constexpr DrainPlan kPlan = {.refuse_at = kStart + seconds(5),
                             .abandon_at = kStart + seconds(25),
                             .end_at = kStart + seconds(25) + kTeardownMargin,
                             .had_served = true};

class DrainTest : public testing::Test {
 protected:
  // Steps that write down their names, and their times in seconds after kStart.
  DrainSteps Steps(bool becomes_idle) {
    const auto note = [this](const std::string& step) { steps_.push_back(step); };
    const auto note_time = [note](const std::string& step, TimePoint time) {
      note(step + " " + std::to_string(std::chrono::duration_cast<seconds>(time - kStart).count()));
    };
    return {.become_unready = [note] { note("unready"); },
            .await_time = [note_time](TimePoint time) { note_time("await", time); },
            .refuse_calls = [note] { note("refuse"); },
            .await_idle =
                [note_time, becomes_idle](TimePoint time) {
                  note_time("idle by", time);
                  return becomes_idle;
                },
            .abandon_calls = [note] { note("abandon"); },
            .close_transport = [note_time](Duration at_most) { note_time("close within", kStart + at_most); }};
  }

  std::vector<std::string> steps_;
};

TEST_F(DrainTest, ServesThroughTheDelayThenRefusesThenFinishes) {
  EXPECT_EQ(Drain(kPlan, Steps(/*becomes_idle=*/true)), DrainResult::kFinished);
  EXPECT_THAT(steps_, ElementsAre("unready", "await 5", "refuse", "idle by 25", "close within 1"));
}

TEST_F(DrainTest, AnswersWhatIsLeftBeforeItCloses) {
  EXPECT_EQ(Drain(kPlan, Steps(/*becomes_idle=*/false)), DrainResult::kAbandoned);
  EXPECT_THAT(steps_, ElementsAre("unready", "await 5", "refuse", "idle by 25", "abandon", "close within 1"));
}

TEST_F(DrainTest, ClosesBeforeTheProcessIsEnded) {
  DrainSteps steps = Steps(/*becomes_idle=*/false);
  Duration at_most{};
  steps.close_transport = [&at_most](Duration duration) { at_most = duration; };
  Drain(kPlan, steps);
  EXPECT_LT(kPlan.abandon_at + at_most, kPlan.end_at);
}

}  // namespace
}  // namespace lqvg::serving
