#include "server/accept_probe.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace lqvg::serving {
namespace {

constexpr AcceptProbeOptions kOptions = {.max_failures = 3};

bool IsDeafAfter(std::initializer_list<bool> accepted) {
  AcceptHistory history;
  for (const bool each : accepted) history = Append(history, each);
  return IsDeaf(history, kOptions);
}

TEST(AcceptProbeTest, SeveralFailuresInARowMakeAServerDeaf) {
  EXPECT_FALSE(IsDeafAfter({true, false, false}));
  EXPECT_TRUE(IsDeafAfter({true, false, false, false}));
}

TEST(AcceptProbeTest, OneSuccessForgivesTheFailuresBefore) {
  EXPECT_FALSE(IsDeafAfter({true, false, false, true, false, false}));
  EXPECT_TRUE(IsDeafAfter({true, false, false, true, false, false, false}));
}

TEST(AcceptProbeTest, AServerThatCouldNeverReachItselfIsNotDeaf) {
  EXPECT_FALSE(IsDeafAfter({}));
  EXPECT_FALSE(IsDeafAfter({false, false, false, false, false}));
}

TEST(AcceptProbeTest, AListenerIsGivenUpWithin15Seconds) {
  const AcceptProbeOptions defaults;
  const Duration last_probe = defaults.interval * 3 / 4;
  EXPECT_LE(defaults.interval * defaults.max_failures + last_probe, std::chrono::seconds(15));
}

}  // namespace
}  // namespace lqvg::serving
