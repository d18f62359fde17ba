#include "client/load/load_step.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "client/load/ledger.h"

namespace lqvg::load {
namespace {

// Processor time of this process so far, of all threads.
absl::Duration ProcessorTime() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

constexpr absl::Duration kMoment = absl::Milliseconds(10);

int UsableCores() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

// Tells the progress until it is destroyed.
class Teller {
 public:
  Teller(const OnProgress& tell, const Ledger& ledger, absl::Time begin) {
    if (!tell) return;
    thread_ = std::thread([this, &tell, &ledger, begin] {
      std::unique_lock lock(mutex_);
      while (!over_.wait_for(lock, std::chrono::seconds(1), [this] { return is_over_; })) {
        if (absl::Now() > begin) tell(absl::Now() - begin, ledger.Sum());
      }
    });
  }
  ~Teller() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    over_.notify_all();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread thread_;
};

class Loop {
 public:
  Loop(StepOptions options, const Workload& workload)
      : options_(std::move(options)),
        workload_(workload),
        ledger_(options_.caller.threads),
        next_call_(options_.first_call) {}

  absl::StatusOr<Step> Run(const Protocol& protocol) {
    const auto done = [this](int thread, absl::Time due, const Outcome& outcome) {
      ledger_.Count(thread, due, outcome);
      if (!options_.concurrency) return;
      const bool was_reached = outcome.status != "UNAVAILABLE" || !outcome.reason.empty();
      was_reached ? SendNext() : static_cast<void>(++waiting_);
    };
    // Made last and gone first: its threads count in the ledger and send.
    absl::StatusOr<std::unique_ptr<Caller>> caller = Caller::Create(options_.caller, workload_, protocol, done);
    if (!caller.ok()) return caller.status();
    caller_ = caller->get();
    const absl::Time start = absl::Now();
    begin_ = start + options_.warm_up;
    end_ = begin_ + options_.duration;
    ledger_.SetWindow(begin_, end_);
    {
      const Teller teller(options_.on_progress, ledger_, begin_);
      if (options_.concurrency) {
        Keep(*options_.concurrency);
      } else {
        Pace(start);
      }
      caller_->WaitForAll();
    }
    caller->reset();
    return Step{.offered = options_.rate,
                .concurrency = options_.concurrency,
                .due = due_,
                .duration = measured_,
                .tally = ledger_.Sum(),
                .client_cpu = absl::FDivDuration(processor_time_, measured_),
                .client_cores = UsableCores()};
  }

 private:
  bool IsStopped() const { return options_.stop != nullptr && *options_.stop; }

  // Sends at the arrivals' times, whatever comes back.
  void Pace(absl::Time start) {
    std::optional<absl::Duration> processor;
    while (!IsStopped() && (options_.max_calls == 0 || due_ < options_.max_calls)) {
      const std::optional<absl::Duration> arrival = options_.arrivals->Next();
      if (!arrival || start + *arrival >= end_) break;
      const absl::Time due = start + *arrival;
      SleepUntil(due);
      if (due >= begin_ && !processor) processor = ProcessorTime();
      due_ += due >= begin_;
      if (caller_->in_flight() >= options_.max_in_flight) continue;
      caller_->Send(workload_.Plan(next_call_++), due);
    }
    // The last interval is part of the time measured, or the rate would be too high.
    if (options_.max_calls == 0) SleepUntil(end_);
    Measured(processor.value_or(ProcessorTime()));
  }

  // Keeps `callers` of them waiting for an answer each: as one comes, the next call goes. Callers that do not reach the
  // server try again only after a moment, or they would spin.
  void Keep(int callers) {
    waiting_ = callers;
    WakeUntil(begin_);
    const absl::Duration processor = ProcessorTime();
    WakeUntil(end_);
    is_over_ = true;
    Measured(processor);
  }

  void SendNext() {
    const absl::Time now = absl::Now();
    if (is_over_ || IsStopped() || now >= end_) return;
    if (options_.max_calls > 0 && now >= begin_ && kept_.fetch_add(1) >= options_.max_calls) {
      is_over_ = true;
      return;
    }
    caller_->Send(workload_.Plan(next_call_++), now);
  }

  void WakeUntil(absl::Time time) {
    while (absl::Now() < time && !IsStopped() && !is_over_) {
      for (int callers = waiting_.exchange(0); callers > 0; --callers) SendNext();
      absl::SleepFor(std::min(kMoment, time - absl::Now()));
    }
  }

  // In pieces, so that a stop is noticed.
  void SleepUntil(absl::Time time) const {
    for (absl::Duration left = time - absl::Now(); left > absl::ZeroDuration() && !IsStopped();
         left = time - absl::Now()) {
      absl::SleepFor(std::min(left, absl::Milliseconds(100)));
    }
  }

  void Measured(absl::Duration processor_before) {
    measured_ = std::clamp(absl::Now() - begin_, absl::Microseconds(1), options_.duration);
    processor_time_ = ProcessorTime() - processor_before;
  }

  StepOptions options_;
  const Workload& workload_;
  Ledger ledger_;
  Caller* caller_ = nullptr;
  absl::Time begin_, end_;  // of what is measured
  std::atomic<std::uint64_t> next_call_;
  std::atomic<bool> is_over_ = false;
  std::atomic<int> waiting_ = 0;        // callers of a closed loop that have no call
  std::atomic<std::int64_t> kept_ = 0;  // measured calls of a closed loop
  std::int64_t due_ = 0;                // measured calls that an open loop's clock asked for
  absl::Duration measured_ = absl::Microseconds(1), processor_time_;
};

}  // namespace

absl::StatusOr<Step> RunStep(StepOptions options, const Workload& workload, const Protocol& protocol) {
  return Loop(std::move(options), workload).Run(protocol);
}

}  // namespace lqvg::load
