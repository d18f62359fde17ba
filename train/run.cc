#include "train/run.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "files/atomic_file.h"
#include "model/device.h"
#include "train/curves/curve_plot.h"
#include "train/curves/metrics_file.h"
#include "train/curves/progress_line.h"
#include "train/recipe.h"
#include "train/sources.h"
#include "train/trainer.h"

namespace lqvg::train {
namespace {

constexpr std::int64_t kReportEvery = 20;  // steps

std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Makes OUT, or finds in it a run of the same recipe.
absl::Status PrepareFolder(const RunOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  if (error) return absl::UnavailableError(absl::StrCat(options.out, ": ", error.message()));
  const std::string kept = options.out + "/recipe.json", asked = ContentOf(options.recipe);
  if (std::filesystem::exists(kept) && ContentOf(kept) != asked && !options.changed_recipe) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.out,
        " holds a run of another recipe; --changed-recipe goes on with it all the same, or name another folder"));
  }
  return WriteAtomically(kept, asked);
}

// The sums of the steps since the last report, and when they began.
class Since {
 public:
  void Add(const StepReport& report) {
    ++steps_;
    samples_ += report.samples;
    total_ += report.total, focal_ += report.focal, l1_ += report.l1, giou_ += report.giou, facets_ += report.facets;
    norm_ += report.gradient_norm;
    rate_ = report.learning_rate;
  }
  double Seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }
  std::map<std::string, double> Means() const {
    const double n = static_cast<double>(steps_);
    return {{"loss", total_ / n},         {"focal", focal_ / n},    {"l1", l1_ / n},        {"giou", giou_ / n},
            {"gradient_norm", norm_ / n}, {"learning_rate", rate_}, {"facets", facets_ / n}};
  }
  std::int64_t steps() const { return steps_; }
  std::int64_t samples() const { return samples_; }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::int64_t steps_ = 0, samples_ = 0;
  double total_ = 0, focal_ = 0, l1_ = 0, giou_ = 0, facets_ = 0, norm_ = 0, rate_ = 0;
};

// A run in progress. Everything it tells goes through here, to the terminal, the history and the curves.
class Progressing {
 public:
  static absl::StatusOr<std::unique_ptr<Progressing>> Begin(const RunOptions& options, const Recipe& recipe) {
    auto run = std::unique_ptr<Progressing>(new Progressing(options, recipe));
    absl::StatusOr<Sources> sources = OpenSources(recipe);
    if (!sources.ok()) return sources.status();
    run->sources_ = *std::move(sources);
    absl::StatusOr<at::Device> device = OpenDevice(options.device);
    if (!device.ok()) return device.status();
    absl::StatusOr<std::unique_ptr<Trainer>> trainer = Trainer::Create(recipe, *run->sources_.training, *device);
    if (!trainer.ok()) return trainer.status();
    run->trainer_ = *std::move(trainer);
    if (absl::Status status = run->TakeUp(); !status.ok()) return status;
    return run;
  }

  absl::Status Go() {
    while (trainer_->step() < recipe_.steps) {
      absl::StatusOr<StepReport> report = trainer_->Step();
      if (!report.ok()) return report.status();
      since_.Add(*report);
      const bool last = report->step == recipe_.steps, stopped = options_.stop != nullptr && *options_.stop;
      const bool keep = last || stopped || report->step % recipe_.checkpoint_every == 0;
      const bool watch = last || (recipe_.evaluate_every > 0 && report->step % recipe_.evaluate_every == 0);
      // First the report: keeping and watching take time that is no step's, so counting begins anew after them.
      if (keep || watch || report->step % kReportEvery == 0) {
        if (absl::Status status = Report(); !status.ok()) return status;
      }
      if (keep) {
        if (absl::Status status = Keep(); !status.ok()) return status;
      }
      if (watch) {
        if (absl::Status status = Watch(); !status.ok()) return status;
      }
      if (stopped && !last) {
        std::cout << "stopped after step " << report->step << "; the same command goes on from there" << std::endl;
        return absl::OkStatus();
      }
    }
    std::cout << "the model is " << options_.out << "/model" << std::endl;
    return absl::OkStatus();
  }

 private:
  Progressing(const RunOptions& options, const Recipe& recipe) : options_(options), recipe_(recipe) {}

  std::string In(const char* name) const { return options_.out + "/" + name; }

  // From the checkpoint, if there is one.
  absl::Status TakeUp() {
    const std::string path = In("checkpoint.safetensors");
    if (std::filesystem::exists(path)) {
      if (absl::Status status = trainer_->Load(path); !status.ok()) return status;
      std::cout << "going on after step " << trainer_->step() << std::endl;
    }
    absl::StatusOr<std::unique_ptr<curves::MetricsFile>> history =
        curves::MetricsFile::Resume(In("history.jsonl"), trainer_->step());
    if (!history.ok()) return history.status();
    history_ = *std::move(history);
    absl::StatusOr<std::vector<curves::MetricsRow>> rows = curves::ReadMetrics(In("history.jsonl"));
    if (rows.ok() && !rows->empty()) samples_ = rows->back().samples, seconds_ = rows->back().seconds;
    since_ = Since();
    return absl::OkStatus();
  }

  absl::Status Report() {
    samples_ += since_.samples();
    seconds_ += since_.Seconds();
    std::map<std::string, double> means = since_.Means();
    std::vector<std::pair<std::string, double>> parts = {
        {"focal", means.at("focal")}, {"l1", means.at("l1")}, {"giou", means.at("giou")}};
    if (recipe_.facets > 0) {
      parts.emplace_back("facets", means.at("facets"));
    } else {
      means.erase("facets");  // nobody has computed them
    }
    const double per_step = static_cast<double>(since_.samples()) / static_cast<double>(since_.steps());
    const double speed = static_cast<double>(since_.samples()) / since_.Seconds();
    std::cout << curves::ProgressLine(
                     {.step = trainer_->step(),
                      .steps = recipe_.steps,
                      .samples = samples_,
                      .loss = means.at("loss"),
                      .parts = std::move(parts),
                      .samples_per_second = speed,
                      .seconds_left = curves::SecondsLeft(recipe_.steps - trainer_->step(), per_step, speed)})
              << std::endl;
    absl::Status status = history_->Append({trainer_->step(), samples_, seconds_, means});
    since_ = Since();
    return status;
  }

  absl::Status Keep() {
    if (absl::Status status = trainer_->Save(In("checkpoint.safetensors")); !status.ok()) return status;
    absl::Status status = trainer_->Export(In("model"));
    since_ = Since();
    return status;
  }

  // How good the model is by now.
  absl::Status Watch() {
    std::map<std::string, double> values;
    const Network network = trainer_->Exported();
    if (sources_.watched_scenes) {
      absl::StatusOr<SceneFigures> figures =
          EvaluateScenes(network, *sources_.watched_scenes, 0, recipe_.evaluate_pictures);
      if (!figures.ok()) return figures.status();
      values = {{"accuracy_at_50", figures->accuracy.above[0]},
                {"mean_iou", figures->accuracy.mean_iou},
                {"auroc", figures->auroc},
                {"auroc_hard", figures->auroc_hard}};
    } else if (sources_.watched_list) {
      absl::StatusOr<Accuracy> accuracy = WatchList(network);
      if (!accuracy.ok()) return accuracy.status();
      values = {{"accuracy_at_50", accuracy->above[0]}, {"mean_iou", accuracy->mean_iou}};
    }
    if (values.empty()) return absl::OkStatus();
    std::vector<std::pair<std::string, double>> shown(values.begin(), values.end());
    std::cout << curves::ProgressLine({.step = trainer_->step(), .samples = samples_, .others = shown}) << std::endl;
    if (absl::Status status = history_->Append({trainer_->step(), samples_, seconds_, values}); !status.ok()) {
      return status;
    }
    absl::Status status = DrawCurves();
    since_ = Since();
    return status;
  }

  absl::StatusOr<Accuracy> WatchList(const Network& network) {
    std::vector<Sample> samples;
    const std::size_t count =
        std::min(sources_.watched_list->pictures(), static_cast<std::size_t>(recipe_.evaluate_pictures));
    for (std::size_t i = 0; i < count; ++i) {
      absl::StatusOr<Sample> sample = sources_.watched_list->Make(i);
      if (!sample.ok()) return sample.status();
      samples.push_back(*std::move(sample));
    }
    return MeasureAccuracy(samples, BestBoxes(network, samples));
  }

  absl::Status DrawCurves() {
    absl::StatusOr<std::vector<curves::MetricsRow>> rows = curves::ReadMetrics(In("history.jsonl"));
    if (!rows.ok()) return rows.status();
    const auto panel = [&](const char* title, const char* y, bool is_noisy, const std::vector<const char*>& names) {
      curves::Panel made{.title = title, .y_label = y, .is_logarithmic = is_noisy, .is_noisy = is_noisy};
      for (const char* name : names) made.curves.push_back(curves::CurveOf(*rows, name));
      return made;
    };
    const std::string svg = curves::DrawSvg(
        {"Training",
         "step",
         {panel("Losses, summed over the decoder's layers", "loss", true, {"loss", "focal", "l1", "giou"}),
          panel("Scenes or pictures not trained on", "part of 1", false,
                {"accuracy_at_50", "mean_iou", "auroc", "auroc_hard"}),
          panel("Learning rate", "rate", false, {"learning_rate"})}});
    return WriteAtomically(In("curves.svg"), svg);
  }

  const RunOptions options_;
  const Recipe recipe_;
  Sources sources_;
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<curves::MetricsFile> history_;
  std::int64_t samples_ = 0;  // expressions learned from, up to the last report
  double seconds_ = 0;        // spent on that
  Since since_;
};

}  // namespace

absl::Status Run(const RunOptions& options) {
  absl::StatusOr<Recipe> recipe = ReadRecipe(options.recipe);
  if (!recipe.ok()) return recipe.status();
  if (options.steps > 0) recipe->steps = options.steps;
  if (absl::Status status = PrepareFolder(options); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Progressing>> run = Progressing::Begin(options, *recipe);
  if (!run.ok()) return run.status();
  return (*run)->Go();
}

absl::StatusOr<SceneFigures> Evaluate(const EvaluateOptions& options) {
  absl::StatusOr<at::Device> device = OpenDevice(options.device);
  if (!device.ok()) return device.status();
  absl::StatusOr<std::unique_ptr<const Tokenizer>> tokenizer = Tokenizer::Load(options.model_dir);
  if (!tokenizer.ok()) return tokenizer.status();
  absl::StatusOr<std::unique_ptr<const Network>> network = LoadNetwork(options.model_dir, *device);
  if (!network.ok()) return network.status();
  const SceneSamples source(**tokenizer, {.seed = options.seed, .input_size = (*network)->architecture.input_size});
  return EvaluateScenes(**network, source, 0, options.scenes);
}

}  // namespace lqvg::train
