// A batcher around the fake model, with calls that wait where a test wants them to.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/batcher.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_grounder.h"
#include "tests/support/gate.h"
#include "tests/support/outcome_log.h"
#include "tests/support/query_maker.h"

namespace lqvg::serving {

// A batcher whose model stops at `gate_` with its first batch until the test opens it.
class BatcherTest : public testing::Test {
 protected:
  // A call in the batcher, with a log of its own.
  struct Submitted {
    PreparedQuery query;
    std::unique_ptr<OutcomeLog> log = std::make_unique<OutcomeLog>();
    std::shared_ptr<Call> call;

    bool answered_right() { return IsAnswerTo(*log->Wait().answer, query); }
  };

  void TearDown() override {
    gate_.Open();
    batcher_.reset();
  }

  void Start(BatchLimits limits = {}, std::size_t max_queue = 256) {
    grounder_.before_encode_images = [this] { gate_.Pass(); };
    batcher_ = std::make_unique<Batcher>(
        Batcher::Options{.limits = limits,
                         .max_queue = max_queue,
                         .observer = [this](const BatchReport& report) { reports_.push_back(report); }},
        grounder_, clock_);
  }

  Submitted Submit(const std::string& image_key, const std::vector<std::int32_t>& tokens,
                   Duration deadline = std::chrono::seconds(60)) {
    Submitted submitted;
    submitted.query = MakeQuery(image_key, static_cast<std::uint32_t>(std::hash<std::string>()(image_key)), tokens);
    submitted.call =
        std::make_shared<Call>(clock_, clock_.Now() + deadline, nullptr, submitted.log->Recorder(), AdmissionSlot());
    batcher_->Submit(submitted.call, submitted.query);
    return submitted;
  }

  // Keeps the worker busy, so that what comes next waits in the queue.
  Submitted SubmitAndHold() {
    Submitted first = Submit("first", {1});
    gate_.WaitForArrivals(1);
    return first;
  }

  // From now on each batch takes this long.
  void TakeTime(Duration duration) {
    grounder_.before_ground = [this, duration] {
      clock_.Advance(duration);
      return absl::OkStatus();
    };
  }

  // Asks for the place of a call of one expression.
  absl::Status Announce(Duration deadline) {
    announced_.push_back(std::make_shared<Call>(
        clock_, clock_.Now() + deadline, nullptr, [](const CallOutcome&) {}, AdmissionSlot()));
    return batcher_->Announce(announced_.back(), {});
  }

  FakeClock clock_;
  std::vector<std::shared_ptr<Call>> announced_;
  FakeGrounder grounder_;
  Gate gate_;
  std::vector<BatchReport> reports_;  // read after the batcher has stopped
  std::unique_ptr<Batcher> batcher_;
};

}  // namespace lqvg::serving
