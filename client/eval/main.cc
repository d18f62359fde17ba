// `lqvg-eval`: asks a server all of a data set and says how well it answered.
#include <google/protobuf/stubs/logging.h>

#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/list_run.h"
#include "client/cli/results_file.h"
#include "client/cpp/client.h"
#include "client/eval/answers.h"
#include "client/eval/data_set.h"
#include "client/eval/eval_options.h"
#include "client/eval/gallery.h"
#include "client/eval/metrics.h"
#include "client/eval/report.h"
#include "files/atomic_file.h"

namespace lqvg::eval {
namespace {

std::string Help() {
  std::string text = absl::StrCat(
      "lqvg-eval: asks a server all of a data set and says how well it answered.\n\n"
      "usage:\n"
      "  lqvg-eval --rsvg-hr LIST --images-dir DIR --out DIR [--resume]\n"
      "  lqvg-eval --dior-rsvg XML_DIR --index FILE --images-dir DIR --out DIR [--resume]\n"
      "  lqvg-eval --jsonl FILE --images-dir DIR --out DIR [--resume]\n"
      "  lqvg-eval --scenes N [--seed S] [--size SIZES] --out DIR [--resume]\n\n",
      ProtocolText(),
      "\nWith --resume, what failed for a passing reason (server away, no answer in time) is asked again; where\n"
      "nothing is left to ask, the reports are made anew without a server.\n\noptions:\n",
      cli::DescribeOptions(EvalOptionTable()), "\nexit codes:\n");
  for (const cli::ExitMeaning& meaning : cli::ExitMeanings()) {
    text += absl::StrFormat("  %-5d%s\n", meaning.code, meaning.text);
  }
  return text;
}

void Complain(const absl::Status& status) { std::cerr << absl::StrCat("lqvg-eval: ", status.message(), "\n"); }

void TellFlaws(const DataSet& data) {
  for (const datasets::Flaw& flaw : data.flaws) {
    std::cerr << absl::StrCat("lqvg-eval: ", flaw.place, ": ", flaw.description, "\n");
  }
}

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? absl::InvalidArgumentError(absl::StrCat(path, ": ", error.message())) : absl::OkStatus();
}

// A results file of another data set is not to be mixed with this one's.
absl::Status JudgeEarlierResults(const std::string& path, const DataSet& data) {
  const auto results = cli::ReadResults(path);
  if (!results.ok()) return results.status();
  const absl::Status judged = JudgeResults(*results, data.items);
  return judged.ok() ? judged : absl::InvalidArgumentError(absl::StrCat(path, ": ", judged.message()));
}

absl::StatusOr<std::vector<Answered>> ReadAnswers(const std::string& path, const DataSet& data) {
  const auto results = cli::ReadResults(path);
  if (!results.ok()) return results.status();
  return MakeAnswers(data.items, *results);
}

absl::Status ShowGallery(const EvalOptions& options, const DataSet& data, const Figures& figures,
                         const std::vector<Answered>& answers) {
  Gallery gallery{.title = data.name,
                  .figures = HeadFigures(figures),
                  .reliability = figures.reliability,
                  .cases = {},
                  .worst = options.gallery,
                  .best = options.gallery};
  for (const Answered& answered : answers) {
    GalleryCase shown{.answered = answered};
    if (answered.box && answered.truth) shown.iou = static_cast<double>(OverlapOf(*answered.box, *answered.truth).iou);
    gallery.cases.push_back(std::move(shown));
  }
  return WriteGallery(gallery, data.pictures, options.out);
}

absl::StatusOr<cli::ExitCode> Report(const EvalOptions& options, const DataSet& data,
                                     const std::vector<Answered>& answers) {
  const auto figures = MeasureFigures(answers);
  if (!figures.ok()) {
    Complain(figures.status());
    return cli::kInternalError;
  }
  const std::string text = ToText(data.name, *figures), json = ToJson(data.name, *figures);
  const std::filesystem::path out = options.out;
  if (absl::Status status = WriteAtomically((out / "report.txt").string(), text); !status.ok()) return status;
  if (absl::Status status = WriteAtomically((out / "figures.json").string(), json); !status.ok()) return status;
  if (options.gallery > 0) {
    if (absl::Status status = ShowGallery(options, data, *figures, answers); !status.ok()) return status;
  }
  std::cout << (options.json ? json : text) << std::flush;
  if (!std::cout) return absl::InvalidArgumentError("cannot write to standard output");
  return figures->failed.empty() ? cli::kSuccess : cli::kSomeFailed;
}

absl::StatusOr<cli::ExitCode> Evaluate(const EvalOptions& options, const DataSet& data,
                                       const cli::Arguments& connection) {
  if (absl::Status status = MakeFolder(options.out); !status.ok()) return status;
  const std::string results = (std::filesystem::path(options.out) / "results.jsonl").string();
  if (options.resume) {
    if (absl::Status status = JudgeEarlierResults(results, data); !status.ok()) return status;
  }
  const cli::ListRun run{.program = "lqvg-eval",
                         .items = data.items,
                         .pictures = data.pictures,
                         .concurrency = options.concurrency,
                         .results = results,
                         .resume = options.resume};
  const auto asked = cli::AskAll(run, connection);
  if (!asked.ok()) return asked.status();
  if (*asked != cli::kSuccess && *asked != cli::kSomeFailed) return *asked;  // not everything has been asked
  const auto answers = ReadAnswers(results, data);
  if (!answers.ok()) return answers.status();
  return Report(options, data, *answers);
}

cli::ExitCode Main(const std::vector<std::string>& words) {
  const auto fail = [](const absl::Status& status) {
    Complain(status);
    return cli::kUsageError;
  };
  const auto arguments = cli::ParseArguments(words, EvalOptionTable());
  if (!arguments.ok()) return fail(arguments.status());
  if (arguments->Has("--help")) {
    std::cout << Help();
    return cli::kSuccess;
  }
  if (arguments->Has("--version")) {
    std::cout << "lqvg-eval " << client::Version() << "\n";
    return cli::kSuccess;
  }
  const auto options = ReadEvalOptions(*arguments);
  if (!options.ok()) return fail(options.status());
  const auto data = ReadDataSet(*options);
  if (!data.ok()) return fail(data.status());
  TellFlaws(*data);
  const auto code = Evaluate(*options, *data, *arguments);
  return code.ok() ? *code : fail(code.status());
}

}  // namespace
}  // namespace lqvg::eval

int main(int argc, char** argv) {
  // protobuf complains on standard error of text that is not UTF-8; the results say so in our words.
  google::protobuf::SetLogHandler(nullptr);
  return lqvg::eval::Main({argv + 1, argv + argc});
}
