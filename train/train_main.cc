// `lqvg-train`: trains a model by a recipe, or measures one.
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <getopt.h>
#include <malloc.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <limits>
#include <string>

#include "absl/strings/numbers.h"
#include "files/atomic_file.h"
#include "train/run.h"

namespace {

constexpr const char* kUsage =
    R"(usage: lqvg-train --recipe FILE --out DIR [--steps N] [--changed-recipe] [--device cpu|cuda] [--threads N]
       lqvg-train --evaluate MODEL_DIR [--scenes N] [--seed N] [--json FILE] [--device cpu|cuda] [--threads N]

The first trains. DIR gets the recipe, a checkpoint, the history with its curves, and the model directory DIR/model.
The same command goes on where the last one stopped; an interrupt (Ctrl-C) or SIGTERM ends it after the present step.
The second measures a model directory on made-up scenes that training does not see, 1000 unless told otherwise.

Exit codes: 0 done or stopped, 1 failed, 2 wrong command line.
)";

struct Arguments {
  lqvg::train::RunOptions run;
  lqvg::train::EvaluateOptions evaluate;
  std::string json;
  int threads = 0;
};

// By the numbers that getopt_long gives back.
enum Flag { kRecipe = 256, kOut, kSteps, kChangedRecipe, kDevice, kThreads, kEvaluate, kScenes, kSeed, kJson, kHelp };

constexpr option kFlags[] = {{"recipe", required_argument, nullptr, kRecipe},
                             {"out", required_argument, nullptr, kOut},
                             {"steps", required_argument, nullptr, kSteps},
                             {"changed-recipe", no_argument, nullptr, kChangedRecipe},
                             {"device", required_argument, nullptr, kDevice},
                             {"threads", required_argument, nullptr, kThreads},
                             {"evaluate", required_argument, nullptr, kEvaluate},
                             {"scenes", required_argument, nullptr, kScenes},
                             {"seed", required_argument, nullptr, kSeed},
                             {"json", required_argument, nullptr, kJson},
                             {"help", no_argument, nullptr, kHelp},
                             {nullptr, 0, nullptr, 0}};

// A whole number of at least `least`; else says so.
template <typename Number>
bool ReadNumber(const char* flag, const char* text, Number least, Number* number) {
  if (absl::SimpleAtoi(text, number) && *number >= least) return true;
  std::cerr << "lqvg-train: --" << flag << " is \"" << text << "\", must be a whole number from " << least << " on\n";
  return false;
}

bool SetFlag(int flag, const char* value, Arguments* a) {
  switch (flag) {
    case kRecipe:
      a->run.recipe = value;
      return true;
    case kOut:
      a->run.out = value;
      return true;
    case kSteps:
      return ReadNumber<std::int64_t>("steps", value, 1, &a->run.steps);
    case kChangedRecipe:
      return a->run.changed_recipe = true;
    case kDevice:
      a->run.device = a->evaluate.device = value;
      return true;
    case kThreads:
      return ReadNumber("threads", value, 1, &a->threads);
    case kEvaluate:
      a->evaluate.model_dir = value;
      return true;
    case kScenes:
      return ReadNumber<std::int64_t>("scenes", value, 2, &a->evaluate.scenes);
    case kSeed:
      return ReadNumber<std::uint64_t>("seed", value, 0, &a->evaluate.seed);
    case kJson:
      a->json = value;
      return true;
    default:
      return false;
  }
}

bool ParseArguments(int argc, char** argv, Arguments* arguments) {
  for (int flag = 0; (flag = getopt_long(argc, argv, "", kFlags, nullptr)) != -1;) {
    if (flag == kHelp) return false;
    if (!SetFlag(flag, optarg, arguments)) return false;
  }
  const bool trains = !arguments->run.recipe.empty() && !arguments->run.out.empty();
  const bool asks_to_train = !arguments->run.recipe.empty() || !arguments->run.out.empty();
  return optind == argc && (arguments->evaluate.model_dir.empty() ? trains : !asks_to_train);
}

std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

void RequestStop(int) { stop_requested = true; }

absl::Status Main(Arguments& arguments) {
  if (arguments.threads > 0) at::set_num_threads(arguments.threads);
  if (arguments.evaluate.model_dir.empty()) {
    std::signal(SIGINT, RequestStop);
    std::signal(SIGTERM, RequestStop);
    arguments.run.stop = &stop_requested;
    return lqvg::train::Run(arguments.run);
  }
  absl::StatusOr<lqvg::train::SceneFigures> figures = lqvg::train::Evaluate(arguments.evaluate);
  if (!figures.ok()) return figures.status();
  std::cout << lqvg::train::ToText(*figures);
  if (arguments.json.empty()) return absl::OkStatus();
  return lqvg::WriteAtomically(arguments.json, lqvg::train::ToJson(*figures));
}

// A step allocates the same some hundred megabytes as the one before it; by default glibc gives them back to the system
// each time, and half of a step is then page faults.
void KeepMemory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_TOP_PAD, 256 << 20);
  mallopt(M_ARENA_MAX, 1);  // the arenas of other threads do not keep anything of this size
}

}  // namespace

int main(int argc, char** argv) {
  KeepMemory();
  Arguments arguments;
  if (!ParseArguments(argc, argv, &arguments)) {
    std::cerr << kUsage;
    return 2;
  }
  try {
    const absl::Status status = Main(arguments);
    if (status.ok()) return 0;
    std::cerr << "lqvg-train: " << status.message() << "\n";
  } catch (const c10::Error& error) {
    std::cerr << "lqvg-train: " << error.what_without_backtrace() << "\n";
  }
  return 1;
}
