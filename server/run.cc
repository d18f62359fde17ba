#include "server/run.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "server/access.h"
#include "server/config_text.h"
#include "server/demo_model.h"
#include "server/serve.h"
#include "server/signals.h"
#include "server/version.h"
#include "server/wait_policy.h"
#include "server/warm_up.h"

namespace lqvg::serving {
namespace {

int Misconfigured(const std::string& program, const std::vector<std::string>& faults) {
  for (const std::string& fault : faults) std::cerr << program << ": " << fault << "\n";
  std::cerr << program << ": see " << program << " --help\n";
  return kExitMisconfigured;
}

int FailedCheck(const std::string& program, const absl::Status& status) {
  std::cerr << program << ": " << status.message() << "\n";
  return kExitFailed;
}

// --check: loads the model, runs it once, and says what its directory holds.
int CheckModel(const std::string& program, const Config& config, const LoadModel& load_model) {
  const TimePoint begun = SteadyClock().Now();
  const absl::StatusOr<LoadedModel> model = load_model(config.model);
  if (!model.ok()) return FailedCheck(program, model.status());
  if (absl::Status status = WarmUp(*model, config.pipeline.batch.max_images); !status.ok()) {
    return FailedCheck(program, status);
  }
  const ModelInfo& info = model->grounder->info();
  std::cout << absl::StreamFormat(
      "%s holds a model that loads and runs.\n"
      "  name        %s\n"
      "  digest      %s\n"
      "  input       %d x %d pixels\n"
      "  queries     %d per expression\n"
      "  tokens      at most %d per expression, of a vocabulary of %d\n"
      "  runs on     %s in %s with %d threads\n"
      "  took        %.1f s to load and to run twice\n",
      config.model.directory, config.model.name.empty() ? info.name : config.model.name, info.digest, info.input_size,
      info.input_size, info.num_queries, info.max_tokens, model->tokenizer->vocabulary_size(), info.device,
      info.precision, config.model.threads, std::chrono::duration<double>(SteadyClock().Now() - begun).count());
  return kExitStopped;
}

// Replaces what an empty setting stands for on this machine.
void Resolve(Config& config) {
  ResolveConfig(ReadProcessQuota(), config);
  if (config.model.directory.empty()) {
    std::error_code ignored;
    config.model.directory = DemoModelDirectory(std::filesystem::read_symlink("/proc/self/exe", ignored));
  }
}

std::vector<std::string> EnvironmentEntries() {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) entries.emplace_back(*entry);
  return entries;
}

}  // namespace

int RunProgram(int argc, char* const* argv, const LoadModel& load_model) {
  // Debian builds abseil so that every lock is checked for a cycle, which costs gRPC a twentieth of a call.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const std::string program = std::filesystem::path(argv[0]).filename().string();
  CommandLine command_line = ParseCommandLine(std::vector<std::string>(argv + 1, argv + argc), EnvironmentEntries());
  if (command_line.action == Action::kHelp) {
    std::cout << HelpText(program);
    return kExitStopped;
  }
  if (command_line.action == Action::kVersion) {
    std::cout << program << " " << kVersion << (*kCommit == '\0' ? "" : " ") << kCommit << "\n";
    return kExitStopped;
  }
  if (!command_line.errors.empty()) return Misconfigured(program, command_line.errors);
  Resolve(command_line.config);
  const std::vector<std::string> faults = CheckConfig(command_line.config);
  if (!faults.empty()) return Misconfigured(program, faults);

  const bool runs_model = command_line.action == Action::kServe || command_line.action == Action::kCheck;
  if (runs_model) {
    MakeWaitingPassive(argv);
    absl::StatusOr<Access> access = Access::Load(command_line.config.access);
    if (!access.ok()) return Misconfigured(program, {std::string(access.status().message())});
    if (command_line.action == Action::kServe) {
      BlockSignals();
      Serve(command_line, *access, load_model);
    }
  }
  for (const std::string& warning : command_line.warnings) std::cerr << program << ": " << warning << "\n";
  if (command_line.action == Action::kCheck) return CheckModel(program, command_line.config, load_model);
  std::cout << ConfigText(command_line);
  return kExitStopped;
}

}  // namespace lqvg::serving
