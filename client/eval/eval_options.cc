#include "client/eval/eval_options.h"

#include <algorithm>
#include <array>
#include <span>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/cli/connection.h"
#include "client/cli/list_run.h"

namespace lqvg::eval {
namespace {

constexpr std::uint32_t kMostScenes = 100'000;
constexpr std::uint32_t kMostCases = 1'000;

struct Source {
  const char* name;
  std::vector<const char*> needs, takes;  // options that go with it
};

std::span<const Source> Sources() {
  static const std::array<Source, 4> sources = {{{"--rsvg-hr", {"--images-dir"}, {}},
                                                 {"--dior-rsvg", {"--index", "--images-dir"}, {}},
                                                 {"--scenes", {}, {"--seed", "--size"}},
                                                 {"--jsonl", {"--images-dir"}, {}}}};
  return sources;
}

absl::StatusOr<Source> ChooseSource(const cli::Arguments& arguments) {
  const auto given = [&](const Source& source) { return arguments.Has(source.name); };
  if (std::ranges::count_if(Sources(), given) != 1) {
    return absl::InvalidArgumentError("one of --rsvg-hr, --dior-rsvg, --scenes and --jsonl must say what is asked");
  }
  const Source source = *std::ranges::find_if(Sources(), given);
  for (const char* needed : source.needs) {
    if (!arguments.Has(needed)) return absl::InvalidArgumentError(absl::StrCat(source.name, " needs ", needed));
  }
  const auto goes_with_it = [&](const std::vector<const char*>& options, const char* option) {
    return std::ranges::any_of(options, [&](const char* other) { return absl::string_view(option) == other; });
  };
  for (const char* option : {"--index", "--images-dir", "--seed", "--size"}) {
    if (!arguments.Has(option) || goes_with_it(source.needs, option) || goes_with_it(source.takes, option)) continue;
    return absl::InvalidArgumentError(absl::StrCat(option, " does not go with ", source.name));
  }
  return source;
}

absl::Status ReadScenes(const cli::Arguments& arguments, EvalOptions* options) {
  if (options->source != "--scenes") return absl::OkStatus();
  const auto scenes = cli::ParseCount("--scenes", arguments.Value("--scenes"), 1, kMostScenes);
  if (!scenes.ok()) return scenes.status();
  options->scenes = static_cast<int>(*scenes);
  if (arguments.Has("--seed")) {
    const auto seed = cli::ParseCount("--seed", arguments.Value("--seed"));
    if (!seed.ok()) return seed.status();
    options->seed = *seed;
  }
  if (!arguments.Has("--size")) return absl::OkStatus();
  absl::StatusOr<std::vector<load::SizeShare>> sizes = load::ParseSizes(arguments.Value("--size"));
  if (!sizes.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--size is '", arguments.Value("--size"), "': ", sizes.status().message()));
  }
  options->sizes = *std::move(sizes);
  return absl::OkStatus();
}

absl::StatusOr<DataSet> ReadWholeDataSet(const EvalOptions& options) {
  if (options.source == "--rsvg-hr") return ReadRsvgHr(options.path, options.images_dir);
  if (options.source == "--dior-rsvg") return ReadDiorRsvg(options.path, options.index, options.images_dir);
  if (options.source == "--jsonl") return ReadJsonl(options.path, options.images_dir);
  return MakeSceneSet(options.scenes, options.seed, options.sizes);
}

std::vector<cli::Option> MakeTable() {
  std::vector<cli::Option> table = cli::WithConnectionOptions({
      {"--rsvg-hr", "LIST", "a list of RSVG-HR: picture,xmin,ymin,xmax,ymax,expression on each line"},
      {"--dior-rsvg", "DIR", "DIOR-RSVG: the folder of its XML files, with --index"},
      {"--index", "FILE", "with --dior-rsvg: which expressions, such as its test.txt"},
      {"--jsonl", "FILE",
       "any data set: {\"image\", \"expression\", \"box\": [4 numbers] or null, \"kind\"} on each line"},
      {"--images-dir", "DIR", "with these three: where the pictures are"},
      {"--scenes", "N", "made-up pictures that no training learns from"},
      {"--size", "SIZES", "of the scenes, with shares: 256, or 256:3,512x384:1 (default 256)"},
      {"--seed", "N", "of the scenes (default 1)"},
      {"--limit", "N", "the first N expressions only"},
      {"--out", "DIR", "where results.jsonl, report.txt, figures.json and the gallery go; made if it is not there"},
      {"--resume", "", "keep what DIR holds and do the rest"},
      {"--concurrency", "N", "calls at a time, 1 to 64 (default 4)"},
      {"--json", "", "print figures.json, not a table"},
      {"--gallery", "N", "the N worst and N best cases with their pictures in DIR/gallery; 0: none (default 24)"},
  });
  table.push_back({"--version", "", "print the version and exit"});
  return table;
}

}  // namespace

const std::vector<cli::Option>& EvalOptionTable() {
  static const std::vector<cli::Option> table = MakeTable();
  return table;
}

absl::StatusOr<EvalOptions> ReadEvalOptions(const cli::Arguments& arguments) {
  for (const cli::Argument& argument : arguments.in_order()) {
    if (!argument.option.empty()) continue;
    return absl::InvalidArgumentError(absl::StrCat("'", argument.value, "' is no option"));
  }
  const absl::StatusOr<Source> source = ChooseSource(arguments);
  if (!source.ok()) return source.status();
  if (arguments.Value("--out").empty()) return absl::InvalidArgumentError("--out must name a folder");
  const auto concurrency = cli::ConcurrencyFrom(arguments);
  if (!concurrency.ok()) return concurrency.status();
  EvalOptions options{.source = source->name,
                      .path = arguments.Value(source->name),
                      .index = arguments.Value("--index"),
                      .images_dir = arguments.Value("--images-dir"),
                      .out = arguments.Value("--out"),
                      .resume = arguments.Has("--resume"),
                      .json = arguments.Has("--json"),
                      .concurrency = *concurrency};
  if (absl::Status status = ReadScenes(arguments, &options); !status.ok()) return status;
  if (arguments.Has("--limit")) {
    const auto limit = cli::ParseCount("--limit", arguments.Value("--limit"), 1, UINT32_MAX);
    if (!limit.ok()) return limit.status();
    options.limit = *limit;
  }
  if (arguments.Has("--gallery")) {
    const auto cases = cli::ParseCount("--gallery", arguments.Value("--gallery"), 0, kMostCases);
    if (!cases.ok()) return cases.status();
    options.gallery = *cases;
  }
  return options;
}

absl::StatusOr<DataSet> ReadDataSet(const EvalOptions& options) {
  absl::StatusOr<DataSet> data = ReadWholeDataSet(options);
  if (!data.ok()) return data.status();
  if (data->items.size() > options.limit) {
    data->items.resize(options.limit);
    absl::StrAppend(&data->name, ", the first ", options.limit, " expressions");
  }
  if (data->items.empty()) return absl::InvalidArgumentError(absl::StrCat(data->name, ": holds no expression"));
  return data;
}

}  // namespace lqvg::eval
