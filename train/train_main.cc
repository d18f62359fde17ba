// `lqvg-train`: trains a model by a recipe, resumes, exports, evaluates.
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <getopt.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "model/network.h"
#include "train/evaluation.h"
#include "train/recipe.h"
#include "train/scene_samples.h"
#include "train/trainer.h"

namespace {

using lqvg::train::Recipe;

constexpr const char* kUsage =
    "usage: lqvg-train --recipe FILE --out DIR [--steps N] [--device cpu|cuda] [--threads N]\n"
    "       lqvg-train --evaluate MODEL_DIR [--scenes N] [--seed N] [--json FILE]\n"
    "The first trains: DIR gets the recipe, a checkpoint to resume from, history.jsonl, and the model directory\n"
    "DIR/model. Run again it goes on where it stopped. The second measures a model directory on made-up scenes that\n"
    "training does not see.\n";

// Scenes to learn from, to watch and to judge by must not meet: they come from seeds of their own.
constexpr std::uint64_t kWatchedSeed = 0x77617463;
constexpr std::uint64_t kHeldOutSeed = 0x68656c64;

struct Arguments {
  std::string recipe, out, evaluate, device = "cpu", json;
  std::int64_t steps = 0, scenes = 1000, threads = 0;
  std::uint64_t seed = kHeldOutSeed;
};

bool ParseArguments(int argc, char** argv, Arguments* a) {
  const option options[] = {{"recipe", required_argument, nullptr, 'r'},   {"out", required_argument, nullptr, 'o'},
                            {"evaluate", required_argument, nullptr, 'e'}, {"device", required_argument, nullptr, 'd'},
                            {"json", required_argument, nullptr, 'j'},     {"steps", required_argument, nullptr, 'n'},
                            {"scenes", required_argument, nullptr, 's'},   {"threads", required_argument, nullptr, 't'},
                            {"seed", required_argument, nullptr, 'S'},     {nullptr, 0, nullptr, 0}};
  for (int c = 0; (c = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
    switch (c) {
      case 'r': a->recipe = optarg; break;
      case 'o': a->out = optarg; break;
      case 'e': a->evaluate = optarg; break;
      case 'd': a->device = optarg; break;
      case 'j': a->json = optarg; break;
      case 'n': if (!absl::SimpleAtoi(optarg, &a->steps)) return false; break;
      case 's': if (!absl::SimpleAtoi(optarg, &a->scenes)) return false; break;
      case 't': if (!absl::SimpleAtoi(optarg, &a->threads)) return false; break;
      case 'S': if (!absl::SimpleAtoi(optarg, &a->seed)) return false; break;
      default: return false;
    }
  }
  return optind == argc && (a->evaluate.empty() ? !a->recipe.empty() && !a->out.empty() : a->recipe.empty());
}

int Fail(const absl::Status& status) {
  std::cerr << "lqvg-train: " << status.message() << "\n";
  return 1;
}

int Evaluate(const Arguments& arguments) {
  auto tokenizer = lqvg::Tokenizer::Load(arguments.evaluate);
  if (!tokenizer.ok()) return Fail(tokenizer.status());
  auto network = lqvg::LoadNetwork(arguments.evaluate, at::Device(arguments.device));
  if (!network.ok()) return Fail(network.status());
  const lqvg::train::SceneSamples source(
      **tokenizer, {.seed = arguments.seed, .input_size = (*network)->architecture.input_size});
  auto figures = lqvg::train::EvaluateScenes(**network, source, 0, arguments.scenes);
  if (!figures.ok()) return Fail(figures.status());
  std::cout << lqvg::train::ToText(*figures);
  if (!arguments.json.empty()) std::ofstream(arguments.json) << lqvg::train::ToJson(*figures);
  return 0;
}

int Train(const Arguments& arguments) {
  auto recipe = lqvg::train::ReadRecipe(arguments.recipe);
  if (!recipe.ok()) return Fail(recipe.status());
  if (arguments.steps > 0) recipe->steps = arguments.steps;
  auto tokenizer = lqvg::Tokenizer::Load(recipe->model_dir);
  if (!tokenizer.ok()) return Fail(tokenizer.status());
  auto architecture = lqvg::ReadArchitecture(recipe->model_dir + "/config.json");
  if (!architecture.ok()) return Fail(architecture.status());
  const lqvg::train::SceneSampleOptions options = {.seed = recipe->seed,
                                                   .input_size = architecture->input_size,
                                                   .expressions = recipe->expressions_per_picture,
                                                   .absent = recipe->scenes.absent_share,
                                                   .resized = recipe->scenes.resized_share};
  const lqvg::train::SceneSamples source(**tokenizer, options);
  auto watched_options = options;
  watched_options.seed = kWatchedSeed;
  watched_options.expressions = 4;
  const lqvg::train::SceneSamples watched(**tokenizer, watched_options);

  auto trainer = lqvg::train::Trainer::Create(*recipe, source, at::Device(arguments.device));
  if (!trainer.ok()) return Fail(trainer.status());
  std::filesystem::create_directories(arguments.out);
  const std::string checkpoint = arguments.out + "/checkpoint.safetensors";
  if (std::filesystem::exists(checkpoint)) {
    if (absl::Status status = (*trainer)->Load(checkpoint); !status.ok()) return Fail(status);
    std::cout << "going on after step " << (*trainer)->step() << std::endl;
  }
  std::ofstream history(arguments.out + "/history.jsonl", std::ios::app);
  auto begin = std::chrono::steady_clock::now();
  double loss = 0, focal = 0, l1 = 0, giou = 0, norm = 0;
  std::int64_t count = 0, samples = 0;
  constexpr std::int64_t kReport = 20;
  while ((*trainer)->step() < recipe->steps) {
    auto report = (*trainer)->Step();
    if (!report.ok()) return Fail(report.status());
    loss += report->total, focal += report->focal, l1 += report->l1, giou += report->giou, norm += report->gradient_norm;
    ++count, samples += report->samples;
    if (report->step % kReport == 0) {
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      const double n = static_cast<double>(count);
      std::cout << absl::StrFormat("step %6d  loss %7.3f  focal %6.3f  l1 %6.3f  giou %6.3f  norm %6.2f  rate %.2e  %5.1f samples/s  %.2f h left",
                                   report->step, loss / n, focal / n, l1 / n, giou / n, norm / n, report->learning_rate,
                                   static_cast<double>(samples) / seconds,
                                   seconds / n * static_cast<double>(recipe->steps - report->step) / 3600)
                << std::endl;
      history << absl::StrFormat("{\"step\": %d, \"loss\": %.4f, \"focal\": %.4f, \"l1\": %.4f, \"giou\": %.4f, \"rate\": %.3e}",
                                 report->step, loss / n, focal / n, l1 / n, giou / n, report->learning_rate)
              << std::endl;
      loss = focal = l1 = giou = norm = 0;
      count = samples = 0;
      begin = std::chrono::steady_clock::now();
    }
    const bool last = report->step == recipe->steps;
    if (last || report->step % recipe->checkpoint_every == 0) {
      if (absl::Status status = (*trainer)->Save(checkpoint); !status.ok()) return Fail(status);
      if (absl::Status status = (*trainer)->Export(arguments.out + "/model"); !status.ok()) return Fail(status);
    }
    if (last || (recipe->evaluate_every > 0 && report->step % recipe->evaluate_every == 0)) {
      auto figures = lqvg::train::EvaluateScenes((*trainer)->Exported(), watched, 0, recipe->evaluate_pictures);
      if (!figures.ok()) return Fail(figures.status());
      std::cout << absl::StrFormat("step %6d  acc@0.5 %.3f  mIoU %.3f  class only %.3f  shuffled %.3f  AUROC %.3f  hard %.3f  distractors %.2f",
                                   report->step, figures->accuracy.above[0], figures->accuracy.mean_iou,
                                   figures->class_only, figures->shuffled, figures->auroc, figures->auroc_hard,
                                   figures->with_distractor)
                << std::endl;
      begin = std::chrono::steady_clock::now();
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!ParseArguments(argc, argv, &arguments)) {
    std::cerr << kUsage;
    return 2;
  }
  try {
    if (arguments.threads > 0) at::set_num_threads(static_cast<int>(arguments.threads));
    return arguments.evaluate.empty() ? Train(arguments) : Evaluate(arguments);
  } catch (const c10::Error& error) {
    std::cerr << "lqvg-train: " << error.what() << "\n";
    return 1;
  }
}
