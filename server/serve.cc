#include "server/serve.h"

#include <unistd.h>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/accept_probe.h"
#include "server/address.h"
#include "server/caches.h"
#include "server/call_log.h"
#include "server/decode_budget.h"
#include "server/drain.h"
#include "server/fault_points.h"
#include "server/metrics.h"
#include "server/metrics_endpoint.h"
#include "server/prepare_query.h"
#include "server/process_stats.h"
#include "server/settings.h"
#include "server/shared_decode.h"
#include "server/signals.h"
#include "server/version.h"
#include "server/warm_up.h"

namespace lqvg::serving {
namespace {

// Each connection takes one. gRPC 1.51 that once ran out of them never accepts again (CVE-2023-4785).
constexpr std::uint64_t kFewFiles = 4'096;

std::string WithPort(const std::string& address, int port) {
  absl::StatusOr<Address> parsed = ParseAddress(address);
  if (!parsed.ok()) return address;
  parsed->port = port;
  return FormatAddress(*parsed);
}

class ServerProcess {
 public:
  ServerProcess(const CommandLine& command_line, Access& access, const LoadModel& load_model)
      : command_line_(command_line), config_(command_line.config), access_(access), load_model_(load_model) {}

  // Returns the exit code, when everything that is worth ending in order has ended.
  int Run() {
    Announce();
    if (absl::Status status = OpenPorts(); !status.ok()) return FailStart(status);
    signals_.emplace([this](int signal) { OnSignal(signal); });
    WatchListener();
    loader_ = std::thread([this] { LoadThenServe(); });

    const absl::StatusOr<DrainPlan> plan = lifecycle_.AwaitStop();
    accept_probe_.reset();
    if (plan.ok()) return Stop(*plan);
    server_->Shutdown(clock_.Now());
    return FailStart(plan.status());
  }

 private:
  void Announce() {
    std::vector<std::string> values;
    for (const Setting& setting : Settings()) values.push_back(ValueText(setting, config_));
    std::vector<LogField> fields = {{"version", kVersion}, {"commit", kCommit}};
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (command_line_.origins[i] != Origin::kDefault) fields.push_back({Settings()[i].name, values[i]});
    }
    log_.Write(LogLevel::kInfo, "starting", fields);
    access_.Announce(log_);
    for (const std::string& warning : command_line_.warnings) log_.Write(LogLevel::kWarning, warning);
    if (faults_) {
      log_.Write(LogLevel::kWarning, "FAULTS ARE PUT INTO THIS SERVER ON PURPOSE: it is for tests, never for service",
                 {{"fault-points", FormatFaultPlan(config_.faults)}});
    }
    if (const std::uint64_t files = RaiseFileLimit(); files < kFewFiles) {
      log_.Write(LogLevel::kWarning,
                 absl::StrCat("only ", files, " files may be open, and a connection is one of them"));
    }
  }

  absl::Status OpenPorts() {
    SetLibraryLog([this](std::string_view message) { call_log_.Record(message); });
    ServerOptions options = config_.server;
    options.version = kVersion;
    options.commit = kCommit;
    options.tls = access_.identity();
    options.authenticator = access_.authenticator();
    absl::StatusOr<std::unique_ptr<Server>> server =
        Server::Start(options, pipeline_, clock_, [this](const FinishedCall& call) {
          metrics_.Record(call);
          call_log_.Record(call);
        });
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    listen_address_ = WithPort(options.address, server_->port());
    log_.Write(LogLevel::kInfo,
               absl::StrCat("gRPC listens on ", listen_address_, ", not serving before the model is loaded"));
    if (const int port = server_->health_port(); port != 0) {
      log_.Write(LogLevel::kInfo,
                 absl::StrCat("health alone, in plaintext, on ", WithPort(options.health_address, port)));
    }

    absl::StatusOr<std::unique_ptr<MetricsEndpoint>> endpoint =
        MetricsEndpoint::Start(config_.metrics_address, metrics_);
    if (!endpoint.ok()) return endpoint.status();
    metrics_endpoint_ = *std::move(endpoint);
    metrics_address_ = WithPort(config_.metrics_address, metrics_endpoint_->port());
    log_.Write(LogLevel::kInfo, absl::StrCat("metrics at http://", metrics_address_, "/metrics"));
    return absl::OkStatus();
  }

  int FailStart(const absl::Status& status) {
    log_.Write(LogLevel::kError, absl::StrCat("the start failed: ", status.message()));
    return kExitFailed;
  }

  // The loader's thread.
  void LoadThenServe() {
    absl::Status status;
    try {
      status = LoadAndOpen();
    } catch (const std::exception& error) {
      status = absl::InternalError(absl::StrCat("loading the model threw: ", error.what()));
    }
    if (!status.ok()) lifecycle_.FailStart(status);
  }

  absl::Status LoadAndOpen() {
    const TimePoint begun = clock_.Now();
    absl::StatusOr<LoadedModel> model = load_model_(config_.model);
    if (!model.ok()) return model.status();
    if (absl::Status status = WarmUp(*model, config_.pipeline.batch.max_images); !status.ok()) {
      return absl::Status(status.code(), absl::StrCat("the model does not run: ", status.message()));
    }
    model_ = *std::move(model);

    ModelInfo info = model_.grounder->info();
    if (!config_.model.name.empty()) info.name = config_.model.name;
    if (absl::Status status = CheckModelFits(config_, info); !status.ok()) return status;
    metrics_.SetModel(info);
    server_->SetModel(info);
    pipeline_.Open(*model_.grounder, PreparationFor(info));
    const double seconds = std::chrono::duration<double>(clock_.Now() - begun).count();
    lifecycle_.BeginServing([&] {
      server_->SetReady(true);
      log_.Write(LogLevel::kInfo,
                 absl::StrFormat("ready: grpc %s, metrics %s, model %s (%s...), %s, %d threads, loaded in %.1f s",
                                 listen_address_, metrics_address_, info.name, info.digest.substr(0, 12), info.device,
                                 config_.model.threads, seconds));
    });
    return absl::OkStatus();
  }

  PrepareFunction PreparationFor(const ModelInfo& info) {
    if (model_.prepare) return model_.prepare;
    const RequestLimits& limits = config_.server.limits;
    const PrepareOptions options = {
        .canvas_side = info.input_size,
        .image_limits = limits.image,
        .expression_limits = {.max_bytes = limits.max_expression_bytes, .max_tokens = info.max_tokens},
        .decode_budget = &decode_budget_,
        .caches = &caches_,
        .shared_decode = &shared_decode_};
    return [this, options](GroundQuery query, Call& call) {
      return PrepareQuery(std::move(query), call, *model_.tokenizer, options, clock_);
    };
  }

  // The signals' thread.
  void OnSignal(int signal) {
    const char* const name = NameOfSignal(signal);
    switch (lifecycle_.OnSignal(signal)) {
      case SignalResponse::kReload:
        access_.Reload(log_, [this](TlsIdentity identity) { server_->ReplaceTlsIdentity(std::move(identity)); });
        break;
      case SignalResponse::kDrain:
        log_.Write(LogLevel::kInfo, absl::StrCat(name, ": stopping; another one ends the process at once"));
        break;
      case SignalResponse::kEndNow: {
        const int cut_off = pipeline_.occupancy().in_flight;
        log_.Write(LogLevel::kWarning, absl::StrCat(name, " again: ending at once"),
                   {{"calls_cut_off", std::int64_t{cut_off}}});
        _exit(ExitCode(cut_off == 0 ? kExitStopped : kExitFailed));
      }
    }
  }

  void WatchListener() {
    if (const absl::StatusOr<Address> address = ParseAddress(listen_address_); address.ok()) {
      accept_probe_.emplace(*address, config_.accept_probe, [this] { OnDeaf(); });
    }
  }

  // The probe's thread.
  void OnDeaf() {
    log_.Write(LogLevel::kError, "no connection is accepted any more, perhaps since no file could be opened: ending");
    Break();
  }

  // The batcher's or its watchdog's thread.
  void OnDeviceLoss(DeviceLoss loss) {
    if (loss == DeviceLoss::kHang) metrics_.RecordDeviceHang();
    log_.Write(LogLevel::kError,
               loss == DeviceLoss::kHang ? "the device hangs: a batch does not come back" : "the device is lost",
               {{"calls_inside", std::int64_t{pipeline_.occupancy().in_flight}}});
    Break();
  }

  // Only another process can serve: ends this one with kExitBroken. Health first: a client that is answered must not
  // come back.
  void Break() {
    server_->SetLive(false);
    server_->SetReady(false);
    lifecycle_.Break();
    EndProcessAt(PlanBreakdown(clock_.Now()).end_at);  // also when a drain with more time has begun before
  }

  // What broke is the reason why a process ends, whatever else there is.
  int ExitCode(int otherwise) const { return lifecycle_.broken() ? kExitBroken : otherwise; }

  int Stop(const DrainPlan& plan) {
    EndProcessAt(plan.end_at);
    const DrainResult result = Drain(
        plan, {.become_unready = [this] { server_->SetReady(false); },
               .await_time = [this](TimePoint time) { lifecycle_.AwaitTime(time); },
               .refuse_calls = [this] { RefuseCalls(); },
               .await_idle = [this](TimePoint deadline) { return pipeline_.WaitIdle(deadline); },
               .abandon_calls = [this] { AbandonCalls(); },
               // Not Shutdown: calls that come just then would be CANCELLED for their clients, who do not repeat
               // such. Instead they are refused until the process ends, and its connections with it.
               .close_transport = [this](Duration at_most) { server_->AwaitAnswersSent(clock_.Now() + at_most); }});
    lifecycle_.FinishDrain();
    if (lifecycle_.broken()) {
      log_.Write(LogLevel::kError, "stopped: another process must serve, see the error above");
      return kExitBroken;
    }
    // Only then is it certain that no thread uses the model. The server stays until the process ends: it refuses late
    // calls, and a SIGHUP or a batch that nobody waits for may still ask for it.
    if (plan.had_served && result == DrainResult::kFinished) {
      loader_.join();
      pipeline_.Stop();
      caches_.Clear();
      model_ = LoadedModel();
    }
    log_.Write(LogLevel::kInfo,
               result == DrainResult::kFinished ? "stopped: every call was answered"
                                                : "stopped: time ran out, see the warning above",
               {{"calls_admitted", static_cast<std::int64_t>(pipeline_.occupancy().admitted)}});
    return ExitCode(kExitStopped);
  }

  void RefuseCalls() {
    server_->BeginDrain();  // first, so that what streams have read is still admitted
    pipeline_.BeginDrain();
    log_.Write(LogLevel::kInfo, "refusing new calls",
               {{"calls_inside", std::int64_t{pipeline_.occupancy().in_flight}}});
  }

  void AbandonCalls() {
    const std::int64_t left = pipeline_.occupancy().in_flight;
    log_.Write(LogLevel::kWarning, "the drain timeout is over: answering what is left with SHUTTING_DOWN",
               {{"calls", left}});
    // Stop answers at once, but returns only when the running batch has ended, which is what nobody has time for.
    std::thread([this] { pipeline_.Stop(); }).detach();
  }

  // Against whatever hangs while the process stops.
  void EndProcessAt(TimePoint time) {
    std::thread([this, time] {
      std::this_thread::sleep_until(time);
      log_.Write(LogLevel::kError, "stopping took too long: ending at once",
                 {{"calls_cut_off", std::int64_t{pipeline_.occupancy().in_flight}}});
      _exit(ExitCode(kExitFailed));
    }).detach();
  }

  const CommandLine& command_line_;
  const Config& config_;
  Access& access_;
  const LoadModel& load_model_;

  Log log_{config_.log};
  SteadyClock clock_;
  CallLog call_log_{log_, clock_};
  Lifecycle lifecycle_{config_.drain, clock_};
  std::optional<FaultPoints> faults_;
  Metrics metrics_{kVersion, kCommit, [this] {
                     return LiveState{.occupancy = pipeline_.occupancy(),
                                      .caches = caches_.counts(),
                                      .cost = pipeline_.cost(),
                                      .largest_batch = pipeline_.largest_batch()};
                   }};
  LoadedModel model_;                                 // used by the pipeline
  Caches caches_{config_.caches};                     // used by the pipeline; holds parts of the model's
  DecodeBudget decode_budget_{config_.decode_bytes};  // used by the pipeline
  SharedDecode shared_decode_;                        // used by the pipeline
  Pipeline pipeline_{PipelineOptions(), clock_};
  std::unique_ptr<Server> server_;
  std::unique_ptr<MetricsEndpoint> metrics_endpoint_;
  std::string listen_address_, metrics_address_;
  std::optional<SignalThread> signals_;
  std::optional<AcceptProbe> accept_probe_;
  std::thread loader_;

  Pipeline::Options PipelineOptions() {
    Pipeline::Options options = config_.pipeline;
    if (!config_.faults.empty()) options.faults = &faults_.emplace(config_.faults, clock_);
    options.caches = &caches_;
    options.device_loss_observer = [this](DeviceLoss loss) { OnDeviceLoss(loss); };
    options.batch_observer = [this](const BatchReport& batch) {
      metrics_.Record(batch);
      call_log_.Record(batch);
    };
    return options;
  }
};

}  // namespace

void Serve(const CommandLine& command_line, Access& access, const LoadModel& load_model) {
  ServerProcess process(command_line, access, load_model);
  // Neither its destructor nor those of static objects run: what had to end in order has ended, and the libraries'
  // globals would be destroyed in the linker's order, beneath threads that still use them.
  _exit(process.Run());
}

}  // namespace lqvg::serving
