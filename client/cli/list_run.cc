#include "client/cli/list_run.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/connection.h"
#include "client/cli/print_result.h"
#include "client/cli/progress_bar.h"
#include "client/cli/results_file.h"

namespace lqvg::cli {
namespace {

constexpr std::uint32_t kDefaultConcurrency = 4, kMaxConcurrency = 64;

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch nothing else");

void StopOnInterrupt() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupted = true; };
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
}

// Takes what the calls yield: into the file, the progress bar and the summary.
class Outcomes {
 public:
  Outcomes(const std::string& program, ResultsFile* file, std::size_t total)
      : file_(file), bar_(std::cerr, isatty(STDERR_FILENO) == 1, total, absl::Now(), program) {}

  void Add(const std::vector<ResultLine>& lines) {
    const std::lock_guard lock(mutex_);
    for (const ResultLine& line : lines) {
      if (status_.ok()) status_ = file_->Append(line);
      if (!status_.ok()) return;
      if (line.has_error()) {
        const std::string& reason = line.error().reason();
        ++failed_[reason.empty() ? line.error().code() : reason];
      } else {
        ++answered_;
      }
      bar_.Add(line.has_error(), absl::Now());
    }
  }

  // Whether writing still works.
  absl::Status status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

  // "12 answered, 3 failed: 2 NO_SUCH_FILE, 1 QUEUE_FULL", after the bar is gone. All threads have ended.
  std::string Summary() {
    bar_.Finish();
    std::size_t total = 0;
    std::string reasons;
    for (const auto& [reason, count] : failed_) {
      absl::StrAppend(&reasons, reasons.empty() ? ": " : ", ", count, " ", reason);
      total += count;
    }
    return absl::StrCat(answered_, " answered, ", total, " failed", reasons);
  }

  bool AnyFailed() const { return !failed_.empty(); }

 private:
  ResultsFile* const file_;
  mutable std::mutex mutex_;  // guards what follows
  absl::Status status_;
  ProgressBar bar_;
  std::size_t answered_ = 0;
  std::map<std::string, std::size_t> failed_;  // by reason
};

void RunCalls(const std::vector<ListCall>& calls, const ListRun& run, const client::Client& client,
              Outcomes* outcomes) {
  const Ask ask = [&](const v1::GroundRequest& request) { return client.Ground(request); };
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    while (!interrupted && outcomes->status().ok()) {
      const std::size_t index = next++;
      if (index >= calls.size()) return;
      outcomes->Add(RunCall(calls[index], run.request, run.pictures, ask));
    }
  };
  std::vector<std::jthread> threads(std::min<std::size_t>(run.concurrency, calls.size()));
  for (std::jthread& thread : threads) thread = std::jthread(work);
}

std::size_t CountItems(const std::vector<ListCall>& calls) {
  std::size_t count = 0;
  for (const ListCall& call : calls) count += call.items.size();
  return count;
}

}  // namespace

absl::StatusOr<std::uint32_t> ConcurrencyFrom(const Arguments& arguments) {
  if (!arguments.Has("--concurrency")) return kDefaultConcurrency;
  return ParseCount("--concurrency", arguments.Value("--concurrency"), 1, kMaxConcurrency);
}

absl::StatusOr<ExitCode> AskAll(const ListRun& run, const Arguments& connection) {
  const auto client = ConnectFrom(connection);
  if (!client.ok()) return client.status();
  const auto file = ResultsFile::Open(run.results, run.resume);
  if (!file.ok()) return file.status();
  const std::size_t total = CountItems(PlanCalls(run.items, (*file)->held(), 1));
  std::vector<ListCall> calls;
  if (total > 0) {
    // Also tells at once, and once, that the server is away.
    const auto model = (*client)->GetModel();
    if (!model.ok()) {
      std::cerr << ErrorText("", client::ErrorOf(model.status()), run.program);
      return ExitCodeOf(model.status().code());
    }
    calls = PlanCalls(run.items, (*file)->held(), std::max(1u, model->limits().max_expressions()));
  }
  StopOnInterrupt();
  const std::string begin = run.program + ": ";
  if (total < run.items.size()) std::cerr << begin << run.items.size() - total << " already done\n";
  Outcomes outcomes(run.program, file->get(), total);
  RunCalls(calls, run, **client, &outcomes);
  const std::string summary = outcomes.Summary();
  std::cerr << begin << summary << "\n";
  if (!outcomes.status().ok()) {
    std::cerr << begin << std::string(outcomes.status().message()) << "\n";
    return kUsageError;
  }
  if (interrupted) {
    std::cerr << begin << "interrupted; --resume does the rest\n";
    return kInterrupted;
  }
  return outcomes.AnyFailed() ? kSomeFailed : kSuccess;
}

}  // namespace lqvg::cli
