#include "client/cli/list_command.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/connection.h"
#include "client/cli/ground_options.h"
#include "client/cli/list_call.h"
#include "client/cli/list_file.h"
#include "client/cli/print_result.h"
#include "client/cli/progress_bar.h"
#include "client/cli/results_file.h"

namespace lqvg::cli {
namespace {

constexpr std::uint32_t kMaxConcurrency = 64;

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch nothing else");

void StopOnInterrupt() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupted = true; };
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
}

struct ListPlan {
  std::vector<ListItem> items;
  v1::GroundRequest request;  // what all calls share
  std::string folder;
  std::uint32_t concurrency = 4;
};

absl::StatusOr<ListPlan> MakePlan(const Arguments& arguments) {
  for (const Argument& argument : arguments.in_order()) {
    for (const char* other : {"", "--image", "--expression", "--json", "--draw", "--request-id"}) {
      if (argument.option != other) continue;
      const std::string what = argument.option.empty() ? argument.value : argument.option;
      return absl::InvalidArgumentError(absl::StrCat(what, " does not go with --list"));
    }
  }
  if (!arguments.Has("--out")) return absl::InvalidArgumentError("--list needs --out");
  ListPlan plan{.items = {}, .request = {}, .folder = arguments.Value("--images-dir")};
  if (arguments.Has("--concurrency")) {
    const auto count = ParseCount("--concurrency", arguments.Value("--concurrency"));
    if (!count.ok()) return count.status();
    if (*count < 1 || *count > kMaxConcurrency) {
      return absl::InvalidArgumentError(absl::StrCat("--concurrency is ", *count, ", not 1 to ", kMaxConcurrency));
    }
    plan.concurrency = *count;
  }
  auto request = RequestFrom(arguments);
  if (!request.ok()) return request.status();
  plan.request = *std::move(request);
  const std::string path = arguments.Value("--list");
  std::ifstream list(path);
  auto items = list ? ReadList(list) : absl::InvalidArgumentError("no such file");
  if (!items.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", items.status().message()));
  plan.items = *std::move(items);
  return plan;
}

// Takes what the calls yield: into the file, the progress bar and the summary.
class Outcomes {
 public:
  Outcomes(ResultsFile* file, std::size_t total)
      : file_(file), bar_(std::cerr, isatty(STDERR_FILENO) == 1, total, absl::Now()) {}

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

void RunCalls(const std::vector<ListCall>& calls, const ListPlan& plan, const Ask& ask, Outcomes* outcomes) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    while (!interrupted && outcomes->status().ok()) {
      const std::size_t index = next++;
      if (index >= calls.size()) return;
      outcomes->Add(RunCall(calls[index], plan.request, plan.folder, ask));
    }
  };
  std::vector<std::jthread> threads(std::min<std::size_t>(plan.concurrency, calls.size()));
  for (std::jthread& thread : threads) thread = std::jthread(work);
}

std::size_t CountItems(const std::vector<ListCall>& calls) {
  std::size_t count = 0;
  for (const ListCall& call : calls) count += call.items.size();
  return count;
}

}  // namespace

absl::StatusOr<ExitCode> RunList(const Arguments& arguments) {
  const auto plan = MakePlan(arguments);
  if (!plan.ok()) return plan.status();
  const auto client = ConnectFrom(arguments);
  if (!client.ok()) return client.status();
  const auto file = ResultsFile::Open(arguments.Value("--out"), arguments.Has("--resume"));
  if (!file.ok()) return file.status();
  // Also tells at once, and once, that the server is away.
  const auto model = (*client)->GetModel();
  if (!model.ok()) {
    std::cerr << ErrorText("", client::ErrorOf(model.status()));
    return ExitCodeOf(model.status().code());
  }
  StopOnInterrupt();
  const auto max_expressions = std::max(1u, model->limits().max_expressions());
  const std::vector<ListCall> calls = PlanCalls(plan->items, (*file)->held(), max_expressions);
  const std::size_t total = CountItems(calls);
  if (total < plan->items.size()) std::cerr << "lqvg: " << plan->items.size() - total << " already done\n";
  Outcomes outcomes(file->get(), total);
  RunCalls(
      calls, *plan, [&](const v1::GroundRequest& request) { return (*client)->Ground(request); }, &outcomes);
  const std::string summary = outcomes.Summary();
  std::cerr << "lqvg: " << summary << "\n";
  if (!outcomes.status().ok()) {
    std::cerr << "lqvg: " << std::string(outcomes.status().message()) << "\n";
    return kUsageError;
  }
  if (interrupted) {
    std::cerr << "lqvg: interrupted; --resume does the rest\n";
    return kInterrupted;
  }
  return outcomes.AnyFailed() ? kSomeFailed : kSuccess;
}

}  // namespace lqvg::cli
