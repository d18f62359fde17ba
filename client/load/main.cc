// `lqvg-load`: puts a server under load and says what it stood.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/cpp/channel.h"
#include "client/load/load_options.h"
#include "client/load/load_step.h"
#include "client/load/plotted_run.h"
#include "client/load/report.h"
#include "files/atomic_file.h"
#include "files/file_bytes.h"

namespace lqvg::load {
namespace {

std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

void RequestStop(int) {
  if (stop_requested.exchange(true)) std::_Exit(cli::kInterrupted);  // a second one does not wait for the calls
}

std::string Help() {
  return "lqvg-load: puts a server under load and says what it stood.\n\n"
         "usage:\n"
         "  lqvg-load --rate R[,R...] [options]                open loop\n"
         "  lqvg-load --concurrency N[,N...] [options]         closed loop\n"
         "  lqvg-load --replay FILE [options]                  recorded arrivals\n"
         "  ... --expression TEXT... PICTURE...                about these pictures, not made-up scenes\n\n"
         "Latency counts from when a call was due, not from when it was sent: a server that stalls is\n"
         "charged for every call that it kept waiting. Goodput is calls answered OK by their deadline.\n\n"
         "options:\n" +
         cli::DescribeOptions(LoadOptionTable()) +
         "\nexit codes:\n"
         "  0    measured; 1 nothing was answered, or an answer belonged to another call\n"
         "  2    wrong command line, or a file cannot be read or written\n"
         "  4    server not reached\n";
}

// A name for this run in the request ids.
std::string Nonce() {
  absl::BitGen random;
  return absl::StrFormat("load-%08x", absl::Uniform<std::uint32_t>(random));
}

absl::Status Reach(const client::ClientOptions& server) {
  if (absl::Status status = client::CheckOptions(server); !status.ok()) return status;
  const auto channel = client::MakeChannel(server, client::Sharing::kOwnConnection);
  if (channel->WaitForConnected(absl::ToChronoTime(absl::Now() + absl::Seconds(5)))) return absl::OkStatus();
  return absl::UnavailableError(absl::StrFormat("%s does not answer", server.target));
}

absl::StatusOr<StepOptions> MakeStep(const LoadOptions& options, std::optional<double> rate,
                                     std::optional<int> concurrency) {
  StepOptions step;
  step.caller = options.caller;
  step.rate = rate;
  step.concurrency = concurrency;
  step.warm_up = options.warm_up, step.duration = options.duration;
  step.max_calls = options.max_calls, step.max_in_flight = options.max_in_flight;
  step.stop = &stop_requested;
  if (!options.replay.empty()) {
    absl::StatusOr<Arrivals> arrivals = Arrivals::Replay(options.replay, options.speed);
    if (!arrivals.ok()) return arrivals.status();
    step.arrivals = *std::move(arrivals);
  } else if (rate) {
    step.arrivals = options.constant ? Arrivals::Constant(*rate) : Arrivals::Poisson(*rate, options.workload.seed);
  }
  if (!options.quiet) {
    step.on_progress = [last = std::pair{absl::ZeroDuration(), std::int64_t{0}}](absl::Duration elapsed,
                                                                                 const Tally& so_far) mutable {
      const double seconds = absl::ToDoubleSeconds(elapsed - last.first);
      std::cerr << LiveLine(elapsed, so_far, static_cast<double>(so_far.ok - last.second) / seconds) + "\n";
      last = {elapsed, so_far.ok};
    };
  }
  return step;
}

absl::StatusOr<std::vector<StepOptions>> MakeSteps(const LoadOptions& options) {
  std::vector<absl::StatusOr<StepOptions>> made;
  for (const double rate : options.rates) made.push_back(MakeStep(options, rate, std::nullopt));
  for (const int concurrency : options.concurrencies) made.push_back(MakeStep(options, std::nullopt, concurrency));
  if (!options.replay.empty()) made.push_back(MakeStep(options, std::nullopt, std::nullopt));
  std::vector<StepOptions> steps;
  for (absl::StatusOr<StepOptions>& step : made) {
    if (!step.ok()) return step.status();
    steps.push_back(*std::move(step));
  }
  return steps;
}

constexpr std::size_t kMostReportBytes = 16u << 20;

absl::Status WriteReports(const LoadOptions& options, const Report& report, const std::vector<PlottedRun>& beside) {
  const auto write = [](const std::string& path, const std::string& text) {
    return path.empty() ? absl::OkStatus() : WriteAtomically(path, text);
  };
  if (absl::Status status = write(options.json, ToJson(report)); !status.ok()) return status;
  if (absl::Status status = write(options.csv, ToCsv(report)); !status.ok()) return status;
  if (beside.empty()) return write(options.plot, ToSvg(report));
  std::vector<PlottedRun> runs = beside;
  runs.insert(runs.begin(), Plot(report, options.name));
  return write(options.plot, DrawRuns("Load on several servers", report.workload, runs));
}

// Read before the load begins: a wrong path is not to be found out after it.
absl::StatusOr<std::vector<PlottedRun>> ReadBeside(const LoadOptions& options) {
  std::vector<PlottedRun> runs;
  for (const auto& [name, path] : options.beside) {
    const absl::StatusOr<std::string> text = ReadBytes(path, kMostReportBytes);
    if (!text.ok()) return text.status();
    absl::StatusOr<PlottedRun> run = ParsePlottedRun(*text, name);
    if (!run.ok()) return absl::InvalidArgumentError(absl::StrCat(path, " ", run.status().message()));
    runs.push_back(*std::move(run));
  }
  return runs;
}

// Every step that could be run; a stop leaves the rest out.
absl::StatusOr<Report> Measure(const LoadOptions& options) {
  absl::StatusOr<std::vector<StepOptions>> steps = MakeSteps(options);
  if (!steps.ok()) return steps.status();
  const auto pictures =
      options.files.empty() ? MakeScenes(options.scenes) : ReadPictures(options.files, options.expressions);
  if (!pictures.ok()) return pictures.status();
  const Workload workload(*pictures, options.workload);
  const auto protocol = options.protocol == "oip" ? MakeOipProtocol(options.model, Nonce()) : MakeLqvgProtocol(Nonce());
  if (absl::Status status = Reach(options.caller.server); !status.ok()) return status;
  Report report{options.caller.server.target, protocol->name(), DescribeWorkload(options), {}};
  std::uint64_t next = 0;
  for (StepOptions& step : *steps) {
    if (stop_requested) break;
    step.first_call = next;
    absl::StatusOr<Step> measured = RunStep(std::move(step), workload, *protocol);
    if (!measured.ok()) return measured.status();
    next += std::uint64_t{1} << 32;  // no two calls of a run are alike
    report.steps.push_back(*std::move(measured));
  }
  return report;
}

cli::ExitCode CodeOf(const Report& report) {
  std::int64_t ok = 0, crossed = 0;
  for (const Step& step : report.steps) ok += step.tally.ok, crossed += step.tally.crossed;
  return ok > 0 && crossed == 0 ? cli::kSuccess : cli::kSomeFailed;
}

cli::ExitCode Main(const std::vector<std::string>& words) {
  const auto fail = [](const absl::Status& status) {
    std::cerr << "lqvg-load: " << status.message() << "\n";
    return absl::IsUnavailable(status) ? cli::kUnavailable : cli::kUsageError;
  };
  const auto arguments = cli::ParseArguments(words, LoadOptionTable());
  if (!arguments.ok()) return fail(arguments.status());
  if (arguments->Has("--help")) {
    std::cout << Help();
    return cli::kSuccess;
  }
  if (arguments->Has("--version")) {
    std::cout << "lqvg-load " << client::Version() << "\n";
    return cli::kSuccess;
  }
  const auto options = ReadLoadOptions(*arguments);
  if (!options.ok()) return fail(options.status());
  const auto beside = ReadBeside(*options);
  if (!beside.ok()) return fail(beside.status());
  std::signal(SIGINT, RequestStop);
  std::signal(SIGTERM, RequestStop);
  const auto report = Measure(*options);
  if (!report.ok()) return fail(report.status());
  std::cout << ToText(*report) << std::flush;
  if (absl::Status status = WriteReports(*options, *report, *beside); !status.ok()) return fail(status);
  return CodeOf(*report);
}

}  // namespace
}  // namespace lqvg::load

int main(int argc, char** argv) { return lqvg::load::Main({argv + 1, argv + argc}); }
