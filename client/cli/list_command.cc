#include "client/cli/list_command.h"

#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/ground_options.h"
#include "client/cli/list_run.h"

namespace lqvg::cli {
namespace {

absl::StatusOr<ListRun> MakeRun(const Arguments& arguments) {
  for (const Argument& argument : arguments.in_order()) {
    for (const char* other : {"", "--image", "--expression", "--json", "--draw", "--request-id"}) {
      if (argument.option != other) continue;
      const std::string what = argument.option.empty() ? argument.value : argument.option;
      return absl::InvalidArgumentError(absl::StrCat(what, " does not go with --list"));
    }
  }
  if (!arguments.Has("--out")) return absl::InvalidArgumentError("--list needs --out");
  const auto concurrency = ConcurrencyFrom(arguments);
  if (!concurrency.ok()) return concurrency.status();
  auto request = RequestFrom(arguments);
  if (!request.ok()) return request.status();
  const std::string path = arguments.Value("--list");
  std::ifstream list(path);
  auto items = list ? ReadList(list) : absl::InvalidArgumentError("no such file");
  if (!items.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", items.status().message()));
  return ListRun{.items = *std::move(items),
                 .request = *std::move(request),
                 .pictures = PicturesIn(arguments.Value("--images-dir")),
                 .concurrency = *concurrency,
                 .results = arguments.Value("--out"),
                 .resume = arguments.Has("--resume")};
}

}  // namespace

absl::StatusOr<ExitCode> RunList(const Arguments& arguments) {
  const auto run = MakeRun(arguments);
  if (!run.ok()) return run.status();
  return AskAll(*run, arguments);
}

}  // namespace lqvg::cli
