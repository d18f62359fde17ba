#include "client/cli/ground_command.h"

#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/connection.h"
#include "client/cli/draw_result.h"
#include "client/cli/ground_options.h"
#include "client/cli/image_file.h"
#include "client/cli/list_command.h"
#include "client/cli/operands.h"
#include "client/cli/print_result.h"

namespace lqvg::cli {
namespace {

// Everything that the command line decides, before the first call.
struct Plan {
  Operands operands;
  v1::GroundRequest request;          // with the expressions, without a picture
  std::vector<std::string> drawings;  // one per picture, or none
  bool json = false;
  TableStyle style;
};

absl::StatusOr<Plan> MakePlan(const Arguments& arguments) {
  for (const char* option : {"--out", "--resume", "--images-dir", "--concurrency"}) {
    if (arguments.Has(option)) return absl::InvalidArgumentError(std::string(option) + " needs --list");
  }
  auto operands = SortOperands(arguments);
  if (!operands.ok()) return operands.status();
  auto request = RequestFrom(arguments);
  if (!request.ok()) return request.status();
  for (const std::string& expression : operands->expressions) request->add_expressions(expression);
  Plan plan{.operands = *std::move(operands), .request = *std::move(request), .drawings = {}, .style = {}};
  if (arguments.Has("--draw")) {
    auto drawings = DrawingPaths(arguments.Value("--draw"), plan.operands.images);
    if (!drawings.ok()) return drawings.status();
    plan.drawings = *std::move(drawings);
  }
  plan.json = arguments.Has("--json");
  plan.style.colors = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  plan.style.min_score = arguments.Value("--min-score");
  return plan;
}

ExitCode FailLocally(const absl::Status& status) {
  std::cerr << "lqvg: " << std::string(status.message()) << "\n";
  return kUsageError;
}

ExitCode FailCall(const std::string& subject, const absl::Status& status) {
  std::cerr << ErrorText(subject, client::ErrorOf(status));
  return ExitCodeOf(status.code());
}

absl::Status Print(const Plan& plan, const std::string& image, const v1::GroundResponse& response) {
  if (!plan.json) {
    std::cout << ResultTable(image, plan.operands.expressions, response, plan.style) << std::flush;
    return absl::OkStatus();
  }
  const auto json = ToJson(response);
  if (json.ok()) std::cout << *json << std::endl;
  return json.status();
}

// Keeps the lines of --json in step with the pictures.
void PrintNoAnswer(const Plan& plan) {
  if (plan.json && plan.operands.images.size() > 1) std::cout << "null" << std::endl;
}

// Reads, asks, prints and draws one picture.
ExitCode GroundPicture(const client::Client& client, const Plan& plan, std::size_t index) {
  const std::string& image = plan.operands.images[index];
  const std::string subject = plan.operands.images.size() > 1 ? image : "";
  auto encoded = ReadImageFile(image);
  if (!encoded.ok()) {
    PrintNoAnswer(plan);
    const bool too_large = encoded.status().code() == absl::StatusCode::kResourceExhausted;
    return too_large ? FailCall("", encoded.status()) : FailLocally(encoded.status());
  }
  v1::GroundRequest request = plan.request;
  request.mutable_image()->set_encoded(*std::move(encoded));
  const auto response = client.Ground(request);
  if (!response.ok()) {
    PrintNoAnswer(plan);
    return FailCall(subject, response.status());
  }
  if (const absl::Status printed = Print(plan, image, *response); !printed.ok()) return FailCall(subject, printed);
  if (!plan.drawings.empty()) {
    const absl::Status drawn = DrawResult(request.image().encoded(), *response, plan.drawings[index]);
    if (!drawn.ok()) return FailLocally(drawn);
  }
  for (const v1::Result& result : response->results()) {
    if (result.has_error()) return kSomeFailed;
  }
  return kSuccess;
}

absl::StatusOr<ExitCode> Run(const Arguments& arguments) {
  if (arguments.Has("--list")) return RunList(arguments);
  const auto plan = MakePlan(arguments);
  if (!plan.ok()) return plan.status();
  const auto client = ConnectFrom(arguments);
  if (!client.ok()) return client.status();
  const std::size_t count = plan->operands.images.size();
  if (count == 1) return GroundPicture(**client, *plan, 0);
  ExitCode code = kSuccess;
  for (std::size_t i = 0; i < count; ++i) {
    const ExitCode picture = GroundPicture(**client, *plan, i);
    if (picture != kSuccess) code = kSomeFailed;
  }
  return code;
}

}  // namespace

Verb GroundVerb() {
  return {
      .name = "ground",
      .summary = "find what expressions describe in pictures",
      .synopses = {"IMAGE... EXPRESSION... [--json] [--draw OUT.png]", "--list FILE --out RESULTS.jsonl [--resume]"},
      .explanation =
          "Asks where each EXPRESSION is in each IMAGE (JPEG, PNG or TIFF), one call per picture. An argument\n"
          "is a picture if a file of that name exists, else an expression; -i and -e say it outright.\n"
          "\n"
          "With --list, works through a file instead. Its lines are\n"
          "  picture,xmin,ymin,xmax,ymax,expression    as RSVG-HR has them; the box is copied to the results\n"
          "  picture<TAB>expression[<TAB>expression]\n"
          "  {\"image\": \"picture\", \"expressions\": [\"expression\"]}\n"
          "and the expressions of a picture go in one call. With --resume, what failed for a passing reason\n"
          "(server away, no answer in time) is asked again.\n",
      .options = GroundOptions(),
      .takes_files = true,
      .run = Run,
  };
}

}  // namespace lqvg::cli
