// Everything that an operator can set, and how the command line and the environment become it.
//
// Config only aggregates: each value lives in the Options of the part that it configures, with its default. What can be
// set, and within what bounds, is the table in settings.cc. Plain values; parsing happens once, before any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "model/grounder.h"
#include "server/accept_probe.h"
#include "server/access.h"
#include "server/caches.h"
#include "server/fault_plan.h"
#include "server/lifecycle.h"
#include "server/log.h"
#include "server/pipeline.h"
#include "server/process_quota.h"
#include "server/server.h"

namespace lqvg::serving {

struct ModelOptions {
  std::string directory = "";  // empty: the demo model, see demo_model.h
  std::string name = "";       // served under this name; empty: the directory's
  std::string device = "cpu";  // or "cuda"
  int threads = 0;             // for one operation; 0: one per core
};

// Zeros that mean "chosen for this machine" are replaced by ResolveConfig.
struct Config {
  ModelOptions model;
  ServerOptions server = {.memory_quota_bytes = 0};
  AccessOptions access;
  bool insecure = false;  // plaintext beyond loopback is meant
  AcceptProbeOptions accept_probe;
  std::string metrics_address = "127.0.0.1:9464";
  std::uint64_t decode_bytes = 1ull << 30;  // of the DecodeBudget
  CacheBudgets caches;
  // Parsing and hashing 16 KiB takes some 20 us, less than waking another thread. A file of 185 KB read on the
  // transport's threads cost a fifth of the requests per second (bench/serving_bench.py overhead).
  Pipeline::Options pipeline = {
      .decode_threads = 0, .read_at_once_bytes = std::size_t{16} << 10, .batch = {.max_images = 0}};
  DrainOptions drain;
  LogOptions log;
  FaultPlan faults;  // for tests of the server: empty in service
};

enum class Action { kServe, kCheck, kPrintConfig, kVersion, kHelp };

// Where a setting's value comes from. A flag wins over the environment.
enum class Origin { kDefault, kEnvironment, kFlag };

struct CommandLine {
  Action action = Action::kServe;
  Config config;
  std::vector<Origin> origins;        // one per row of Settings()
  std::vector<std::string> warnings;  // one line each
  std::vector<std::string> errors;    // one line each; if there are any, config is not to be used
};

// `arguments` without the program's name; `environment` as NAME=value. All faults are reported, not only the first.
// Given twice, a flag's last value counts. An empty environment variable counts as unset.
CommandLine ParseCommandLine(std::span<const std::string> arguments, std::span<const std::string> environment);

// Replaces the zeros: threads by the quota's cores, memory_quota_bytes by min(1 GiB, a quarter of the memory),
// max_images by 1 on a CPU and 8 on CUDA.
void ResolveConfig(const ProcessQuota& quota, Config& config);

// What is wrong with the values together, one line each.
std::vector<std::string> CheckConfig(const Config& config);

// INVALID_ARGUMENT when the limits admit no call to this model.
absl::Status CheckModelFits(const Config& config, const ModelInfo& model);

}  // namespace lqvg::serving
