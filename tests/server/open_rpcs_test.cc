#include "server/open_rpcs.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "tests/support/fake_clock.h"

namespace lqvg::serving {
namespace {

class OpenRpcsTest : public testing::Test {
 protected:
  bool AllDone() { return rpcs_.AwaitDone(clock_, clock_.Now()); }

  FakeClock clock_;
  OpenRpcs rpcs_;
};

TEST_F(OpenRpcsTest, WaitsForThoseThatHaveBegun) {
  EXPECT_TRUE(AllDone());
  OpenRpcs::Token first = rpcs_.Begin();
  OpenRpcs::Token second = rpcs_.Begin();
  first.reset();
  EXPECT_FALSE(AllDone());
  second.reset();
  EXPECT_TRUE(AllDone());
}

TEST_F(OpenRpcsTest, IsNotHeldByThoseThatBeginMeanwhile) {
  OpenRpcs::Token old = rpcs_.Begin();
  std::future<bool> done =
      std::async(std::launch::async, [this] { return rpcs_.AwaitDone(clock_, clock_.Now() + std::chrono::hours(1)); });
  // Until the wait has begun, what begins is waited for, too.
  OpenRpcs::Token late = rpcs_.Begin();
  while (late == old) late = rpcs_.Begin();
  old.reset();
  EXPECT_TRUE(done.get());
}

}  // namespace
}  // namespace lqvg::serving
