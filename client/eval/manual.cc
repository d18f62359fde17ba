#include "client/eval/manual.h"

#include "absl/strings/str_cat.h"
#include "client/cli/exit_code.h"
#include "client/cli/manual.h"
#include "client/cpp/client.h"
#include "client/eval/eval_options.h"

namespace lqvg::eval {

manual::Program DescribeLqvgEval() {
  manual::Program program{
      .name = "lqvg-eval",
      .summary = "asks an lqvg-serve server all of a data set and says how well it answered",
      .version = client::Version(),
      .synopses = {"--rsvg-hr LIST --images-dir DIR --out DIR [OPTION...]",
                   "--dior-rsvg XML_DIR --index FILE --images-dir DIR --out DIR [OPTION...]",
                   "--jsonl FILE --images-dir DIR --out DIR [OPTION...]", "--scenes N --out DIR [OPTION...]"},
      .description =
          "Sends the pictures and expressions of a data set to a server, lqvg-server(1), and tells accuracy, mean and "
          "cumulative IoU by the protocol published with LQVG, for each kind of object too.\n\n"
          "Results are written as they come; an interrupt loses nothing, and --resume does the rest. Where nothing is "
          "left to ask, it makes the reports anew without a server. A call that failed counts as an IoU of 0.\n\n"
          "A figure compares with the published ones only where the model has the authors' weights and the pictures "
          "are the data set's own.",
      .about_options = "One of --rsvg-hr, --dior-rsvg, --jsonl and --scenes says what is asked.",
      .groups = {{.title = "Options", .options = cli::ForManual(EvalOptionTable())}},
      .sections = {{"FILES",
                    {{"results.jsonl", "In the folder of --out: a line for each expression, with the answer."},
                     {"report.txt", "Likewise: the table."},
                     {"figures.json", "Likewise: the figures for programs."}}},
                   {"EXIT STATUS", {}}},
      .examples = {{"Scenes that the demo model has not seen:", "lqvg-eval --scenes 1000 --out evaluation"},
                   {"The test set of RSVG-HR, resumable:",
                    "lqvg-eval --rsvg-hr rsvg_hr_test.txt --images-dir images --out evaluation --resume"}},
      .see_also = "lqvg-server(1), lqvg(1)"};
  for (const cli::ExitMeaning& meaning : cli::ExitMeanings()) {
    program.sections.back().entries.push_back({absl::StrCat(meaning.code), manual::Sentence(meaning.text)});
  }
  return program;
}

}  // namespace lqvg::eval
