#include "client/load/load_options.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/credentials.h"

namespace lqvg::load {
namespace {

using cli::Arguments;

// Reads one option after the other and keeps the first error.
class Reader {
 public:
  explicit Reader(const Arguments& arguments) : arguments_(arguments) {}

  void Text(const char* option, std::string* value) const { *value = arguments_.Value(option, *value); }

  template <typename Int>
  void Whole(const char* option, Int least, Int most, Int* value) {
    if (!arguments_.Has(option)) return;
    const std::string text = arguments_.Value(option);
    Int number = 0;
    if (absl::SimpleAtoi(text, &number) && number >= least && number <= most) {
      *value = number;
    } else {
      Fail(option, text, absl::StrCat("a whole number, ", least, " to ", most));
    }
  }

  void Number(const char* option, double least, double most, double* value) {
    if (!arguments_.Has(option)) return;
    const std::string text = arguments_.Value(option);
    if (!InRange(text, least, most, value)) Fail(option, text, absl::StrCat("a number, ", least, " to ", most));
  }

  template <typename Value>
  void List(const char* option, double least, double most, std::vector<Value>* values) {
    if (!arguments_.Has(option)) return;
    const std::string text = arguments_.Value(option);
    for (const absl::string_view part : absl::StrSplit(text, ',')) {
      double number = 0;
      if (!InRange(part, least, most, &number) || static_cast<double>(static_cast<Value>(number)) != number) {
        return Fail(option, text, absl::StrCat("numbers with commas between, ", least, " to ", most, " each"));
      }
      values->push_back(static_cast<Value>(number));
    }
  }

  void Time(const char* option, absl::Duration* value) {
    if (!arguments_.Has(option)) return;
    const std::string text = arguments_.Value(option);
    if (!IsTime(text, value)) Fail(option, text, "a duration such as 500ms or 10s, to 24h");
  }

  // "1s", or "100ms..2s".
  void TimeRange(const char* option, absl::Duration* least, absl::Duration* most) {
    if (!arguments_.Has(option)) return;
    const std::string text = arguments_.Value(option);
    const std::vector<std::string> ends = absl::StrSplit(text, absl::MaxSplits("..", 1));
    const bool is_right =
        IsTime(ends.front(), least) && IsTime(ends.back(), most) && *least <= *most && *least >= absl::Microseconds(1);
    if (!is_right) Fail(option, text, "a duration from 1us on such as 500ms, or two of them: 100ms..2s");
  }

  void Fail(absl::string_view option, absl::string_view text, absl::string_view wanted) {
    status_.Update(absl::InvalidArgumentError(absl::StrCat(option, " is '", text, "', must be ", wanted)));
  }
  void Fail(absl::Status status) { status_.Update(std::move(status)); }

  const absl::Status& status() const { return status_; }

 private:
  static bool InRange(absl::string_view text, double least, double most, double* value) {
    double number = 0;
    if (!absl::SimpleAtod(text, &number) || !(number >= least && number <= most)) return false;
    *value = number;
    return true;
  }
  static bool IsTime(const std::string& text, absl::Duration* value) {
    absl::Duration duration;
    if (!absl::ParseDuration(text, &duration) || duration < absl::ZeroDuration() || duration > absl::Hours(24)) {
      return false;
    }
    *value = duration;
    return true;
  }

  const Arguments& arguments_;
  absl::Status status_;
};

constexpr double kLeastRate = 0.001, kMostRate = 1e6;
constexpr int kMostCallers = 100'000, kMostPictures = 100'000;

void ReadWhen(const Arguments& arguments, Reader* reader, LoadOptions* options) {
  reader->List("--rate", kLeastRate, kMostRate, &options->rates);
  reader->List("--concurrency", 1, kMostCallers, &options->concurrencies);
  reader->Text("--replay", &options->replay);
  reader->Number("--speed", 0.001, 1000, &options->speed);
  const int ways = arguments.Has("--rate") + arguments.Has("--concurrency") + arguments.Has("--replay");
  if (ways != 1) {
    reader->Fail(absl::InvalidArgumentError("one of --rate, --concurrency and --replay must say when calls are sent"));
  }
  const std::string arrivals = arguments.Value("--arrivals", "poisson");
  options->constant = arrivals == "constant";
  if (!options->constant && arrivals != "poisson") reader->Fail("--arrivals", arrivals, "poisson or constant");
  reader->Time("--warm-up", &options->warm_up);
  reader->Time("--duration", &options->duration);
  if (options->duration <= absl::ZeroDuration()) reader->Fail("--duration", "0", "above 0");
  reader->Whole<std::int64_t>("--calls", 1, 1'000'000'000'000, &options->max_calls);
  // So many calls, however long it takes.
  if (arguments.Has("--calls") && !arguments.Has("--duration")) options->duration = absl::Hours(24);
  reader->Whole<std::int64_t>("--max-in-flight", 1, 1'000'000, &options->max_in_flight);
}

void ReadWhat(const Arguments& arguments, Reader* reader, LoadOptions* options) {
  for (const cli::Argument& argument : arguments.in_order()) {
    if (argument.option.empty()) options->files.push_back(argument.value);
    if (argument.option == "--expression") options->expressions.push_back(argument.value);
  }
  if (options->files.empty() != options->expressions.empty()) {
    reader->Fail(absl::InvalidArgumentError("picture files and --expression go together: neither, for made-up scenes"));
  }
  reader->Whole("--scenes", 1, kMostPictures, &options->scenes.pictures);
  reader->Whole("--questions", 1, 32, &options->scenes.questions);
  reader->Whole<std::uint64_t>("--seed", 0, UINT64_MAX, &options->scenes.seed);
  options->workload.seed = options->scenes.seed;
  if (arguments.Has("--size")) {
    absl::StatusOr<std::vector<SizeShare>> sizes = ParseSizes(arguments.Value("--size"));
    if (sizes.ok()) {
      options->scenes.sizes = *std::move(sizes);
    } else {
      reader->Fail("--size", arguments.Value("--size"), sizes.status().message());
    }
  }
  if (arguments.Value("--expressions") == "rsvg-hr") {
    options->workload.counts = ExpressionCounts::kRsvgHr;
  } else {
    reader->Whole("--expressions", 1, 32, &options->workload.expressions);
  }
  reader->Number("--zipf", 0, 10, &options->workload.zipf);
  reader->TimeRange("--timeout", &options->workload.min_timeout, &options->workload.max_timeout);
  reader->Number("--cancel", 0, 1, &options->workload.cancelled);
  reader->Number("--kill", 0, 1, &options->workload.killed);
  reader->Time("--give-up-within", &options->workload.cancel_within);
  if (options->workload.cancelled + options->workload.killed > 1) {
    reader->Fail(absl::InvalidArgumentError("--cancel and --kill are parts of all calls: together at most 1"));
  }
}

void ReadServer(const Arguments& arguments, Reader* reader, LoadOptions* options) {
  client::ClientOptions& server = options->caller.server;
  server.target = arguments.Value("--server", cli::EnvironmentValue("LQVG_SERVER", server.target));
  reader->Fail(cli::ReadCredentials(arguments, &server));
  options->protocol = arguments.Value("--protocol", options->protocol);
  if (options->protocol != "lqvg" && options->protocol != "oip") {
    reader->Fail("--protocol", options->protocol, "lqvg or oip");
  }
  reader->Text("--model", &options->model);
  reader->Whole("--channels", 1, 1000, &options->caller.channels);
  reader->Whole("--threads", 1, 256, &options->caller.threads);
  options->caller.kills = options->workload.killed > 0;
}

}  // namespace

const std::vector<cli::Option>& LoadOptionTable() {
  static const auto* const options = [] {
    auto* table = new std::vector<cli::Option>{
        {"--server", "HOST:PORT", "the server [$LQVG_SERVER, else 127.0.0.1:50051]", "-s"},
        {"--protocol", "lqvg|oip", "our API, or the Open Inference Protocol v2 as of Triton [lqvg]"},
        {"--model", "NAME", "the model's name in the Open Inference Protocol [lqvg]"},
        {"--rate", "R,R...", "open loop: calls per second, whatever comes back; a step for each"},
        {"--arrivals", "KIND", "gaps of the open loop: poisson, or constant [poisson]"},
        {"--concurrency", "N,N...", "closed loop: so many callers, each waiting for its answer; a step for each", "-c"},
        {"--replay", "FILE", "open loop: calls at these times, a number of seconds on each line"},
        {"--speed", "X", "of the replay [1]"},
        {"--duration", "T", "measured time of a step [10s]", "-d"},
        {"--warm-up", "T", "time before it, not measured [1s]"},
        {"--calls", "N", "end a step after so many measured calls", "-n"},
        {"--max-in-flight", "N", "an open loop leaves calls out rather than have more unanswered [10000]"},
        {"--scenes", "N", "made-up pictures to ask about [100]"},
        {"--size", "SIZES", "of the scenes, with shares: 256, or 256:3,512x384:1 [256]"},
        {"--questions", "N", "different expressions for a scene [8]"},
        {"--seed", "N", "of pictures, questions and arrivals [1]"},
        {"--expression", "TEXT", "with picture files as operands: what to ask about each; may be repeated"},
        {"--expressions", "N|rsvg-hr", "per call, or as many as pictures of RSVG-HR have [1]"},
        {"--zipf", "S", "how much more popular the first pictures are; 0: all alike [0]"},
        {"--timeout", "T|T..T", "deadline of a call, counted from when it is due; drawn between the two [10s]", "-t"},
        {"--cancel", "PART", "of the calls, cancelled by their caller: 0 to 1 [0]"},
        {"--kill", "PART", "of the calls, sent on a connection of their own that breaks: 0 to 1 [0]"},
        {"--give-up-within", "T", "when such calls end: evenly spread from 0 to T [100ms]"},
        {"--channels", "N", "connections; one queues calls when its streams are used up [1]"},
        {"--threads", "N", "that wait for answers [1]"},
        {"--json", "FILE", "write what was measured as JSON"},
        {"--csv", "FILE", "write a line for each step"},
        {"--plot", "FILE", "draw goodput and latency over the load as SVG"},
        {"--beside", "NAME=FILE", "draw the run of this JSON report too; may be repeated"},
        {"--name", "NAME", "of this run where others are drawn [lqvg-serve]"},
        {"--quiet", "", "no progress on standard error", "-q"},
    };
    table->insert(table->end(), cli::CredentialOptions().begin(), cli::CredentialOptions().end());
    table->push_back({"--help", "", "print this and exit", "-h"});
    table->push_back({"--version", "", "print the version and exit"});
    return table;
  }();
  return *options;
}

absl::StatusOr<LoadOptions> ReadLoadOptions(const Arguments& arguments) {
  LoadOptions options;
  Reader reader(arguments);
  ReadWhen(arguments, &reader, &options);
  ReadWhat(arguments, &reader, &options);
  ReadServer(arguments, &reader, &options);
  for (const auto& [option, path] :
       {std::pair{"--json", &options.json}, {"--csv", &options.csv}, {"--plot", &options.plot}}) {
    reader.Text(option, path);
  }
  for (const cli::Argument& argument : arguments.in_order()) {
    if (argument.option != "--beside") continue;
    const std::size_t equals = argument.value.find('=');
    if (equals == std::string::npos || equals == 0) {
      reader.Fail("--beside", argument.value, "NAME=FILE");
    } else {
      options.beside.push_back({argument.value.substr(0, equals), argument.value.substr(equals + 1)});
    }
  }
  options.name = arguments.Value("--name", "lqvg-serve");
  options.quiet = arguments.Has("--quiet");
  if (!reader.status().ok()) return reader.status();
  return options;
}

std::string DescribeWorkload(const LoadOptions& options) {
  std::vector<std::string> parts;
  if (options.files.empty()) {
    std::vector<std::string> sizes;
    for (const SizeShare& size : options.scenes.sizes) sizes.push_back(absl::StrCat(size.width, " x ", size.height));
    parts.push_back(absl::StrCat(options.scenes.pictures, " scenes of ", absl::StrJoin(sizes, ", ")));
  } else {
    parts.push_back(absl::StrCat(options.files.size(), " picture files"));
  }
  const WorkloadOptions& w = options.workload;
  parts.push_back(w.counts == ExpressionCounts::kRsvgHr
                      ? "expressions a call as in RSVG-HR"
                      : absl::StrCat(w.expressions, w.expressions == 1 ? " expression" : " expressions", " a call"));
  if (w.zipf > 0) parts.push_back(absl::StrCat("Zipf ", w.zipf));
  const std::string least = absl::FormatDuration(w.min_timeout), most = absl::FormatDuration(w.max_timeout);
  parts.push_back(absl::StrCat("timeout ", least == most ? least : absl::StrCat(least, " to ", most)));
  if (w.cancelled > 0) parts.push_back(absl::StrCat(w.cancelled * 100, " % cancelled"));
  if (w.killed > 0) parts.push_back(absl::StrCat(w.killed * 100, " % of the connections broken"));
  return absl::StrJoin(parts, ", ");
}

}  // namespace lqvg::load
