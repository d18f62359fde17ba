#include "server/manual.h"

#include <string>
#include <variant>

#include "server/settings.h"
#include "server/version.h"

namespace lqvg::serving {
namespace {

constexpr const char* kDescription =
    R"(Serves one LQVG model by gRPC: a picture and expressions in, a box and a score for each expression out (service
lqvg.v1.GroundingService). Beside it, on the same port, grpc.health.v1 says whether the server is ready (service "" or
lqvg.v1.GroundingService) and whether process and device live (lqvg.liveness). Prometheus metrics have an HTTP port of
their own, path /metrics.

The ports are open, and health says NOT_SERVING, before the model is loaded. Once a line "ready: ..." is in the log, the
server serves.)";

constexpr const char* kAboutOptions =
    R"(An option is written --name=value or --name value, a switch --name or --no-name. What is not given comes from the
environment variable that is named with it, else it has its default. An environment variable that begins with LQVG_ and
is no setting gives a warning; an unknown option or a value out of its bounds ends the start with exit status 2.

Durations have a unit (250ms, 5s, 2m, 1h), as do bytes (64KiB, 16MiB, 1GiB). Bounds are inclusive.)";

manual::Option Describe(const Setting& setting) {
  manual::Option option{.name = setting.name, .value = AllowedText(setting), .help = setting.help};
  option.default_text = DefaultText(setting);
  if (option.default_text.empty()) option.default_text = "empty";
  option.variable = EnvironmentNameOf(setting);
  option.can_be_negated = std::holds_alternative<SwitchKind>(setting.kind);
  if (const auto* kind = std::get_if<ChoiceKind>(&setting.kind)) {
    option.choices.assign(kind->choices.begin(), kind->choices.end());
  }
  return option;
}

manual::OptionGroup ActionGroup() {
  manual::OptionGroup group{.title = "Instead of serving", .options = {}};
  for (const ActionFlag& flag : ActionFlags()) {
    group.options.push_back({.name = flag.name,
                             .help = manual::Sentence(flag.help),
                             .short_name = flag.action == Action::kHelp ? "h" : ""});
  }
  return group;
}

}  // namespace

manual::Program DescribeServer() {
  manual::Program program{
      .name = "lqvg-server",
      .summary = "serves visual grounding in remote-sensing pictures by gRPC",
      .version = kVersion,
      .synopses = {"[--flag=value ...]", "--check | --print-config [--flag=value ...]", "--version | --help"},
      .description = kDescription,
      .about_options = kAboutOptions,
      .groups = {ActionGroup()},
      .sections = {},
      .examples = {{"What does a model directory hold? Load it, run it once, say so:",
                    "lqvg-server --model=/models/lqvg-rsvg-hr --check"},
                   {"Serve it to other machines, behind a proxy that ends TLS:",
                    "lqvg-server --model=/models/lqvg-rsvg-hr --listen=0.0.0.0:50051 --insecure --log-format=json"},
                   {"Where does each value come from?", "LQVG_DRAIN_DELAY=10s lqvg-server --print-config"}},
      .see_also = "lqvg(1)"};
  for (const Setting& setting : Settings()) {
    if (program.groups.back().title != setting.group) program.groups.push_back({.title = setting.group, .options = {}});
    program.groups.back().options.push_back(Describe(setting));
  }
  program.sections = {
      {"SIGNALS",
       {{"SIGTERM",
         "Not ready, but serving, for --drain-delay; then refuse new calls and answer those inside until "
         "--drain-timeout; exit. A second one ends the process at once."},
        {"SIGINT", "The same without the delay."},
        {"SIGHUP", "Certificates and the list of clients are read again."}}},
      {"EXIT STATUS",
       {{"0", "Stopped as asked."},
        {"1", "The start failed, or calls were cut off when the server stopped."},
        {"2", "The configuration is wrong: every fault is told on standard error."},
        {"70", "The device is lost, or no connection is accepted any more: only a new process can serve."}}},
      {"FILES",
       {{"DIR/config.json", "The architecture's numbers, DIR being the value of --model."},
        {"DIR/model.safetensors", "The weights by the official checkpoint's tensor names."},
        {"DIR/vocab.json, DIR/merges.txt", "The tokenizer."}}},
  };
  return program;
}

}  // namespace lqvg::serving
