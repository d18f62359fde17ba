#include "client/cli/model_command.h"

#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/connection.h"
#include "client/cli/print_result.h"

namespace lqvg::cli {
namespace {

std::string ModelText(const v1::GetModelResponse& model) {
  const v1::Limits& limits = model.limits();
  const std::string commit = model.server().commit().empty() ? "" : absl::StrCat(" (", model.server().commit(), ")");
  return absl::StrCat(
      "model        ", model.model().name(), "\n",                                                            //
      "digest       ", model.model().digest(), "\n",                                                          //
      "input        ", model.input_size(), " x ", model.input_size(), " pixels\n",                            //
      "proposals    ", model.num_queries(), " boxes per expression\n",                                        //
      "device       ", model.device(), ", ", model.precision(), "\n",                                         //
      "server       ", model.server().version(), commit, "\n",                                                //
      "request      up to ", limits.max_request_bytes(), " bytes\n",                                          //
      "picture      sides ", limits.min_image_side(), " to ", limits.max_image_side(), " pixels, up to ",     //
      limits.max_image_pixels(), " pixels in all\n",                                                          //
      "expressions  up to ", limits.max_expressions(), " of ", limits.max_expression_bytes(), " bytes and ",  //
      limits.max_tokens(), " tokens\n",                                                                       //
      "boxes        up to ", limits.max_boxes(), " per expression\n");
}

absl::StatusOr<ExitCode> Run(const Arguments& arguments) {
  for (const Argument& argument : arguments.in_order()) {
    if (argument.option.empty()) return absl::InvalidArgumentError("lqvg model takes no operands");
  }
  const auto client = ConnectFrom(arguments);
  if (!client.ok()) return client.status();
  const auto model = (*client)->GetModel();
  if (!model.ok()) {
    std::cerr << ErrorText("", client::ErrorOf(model.status()));
    return ExitCodeOf(model.status().code());
  }
  if (!arguments.Has("--json")) {
    std::cout << ModelText(*model);
    return kSuccess;
  }
  const auto json = ToJson(*model);
  if (!json.ok()) {
    std::cerr << ErrorText("", client::ErrorOf(json.status()));
    return kInternalError;
  }
  std::cout << *json << "\n";
  return kSuccess;
}

}  // namespace

Verb ModelVerb() {
  return {
      .name = "model",
      .summary = "say which model is served, on what device, and what requests may hold",
      .synopses = {"[--json]"},
      .explanation = "Prints the served model, its device and the limits of a request.\n",
      .options = WithConnectionOptions(
          {{.name = "--json", .value = "", .help = "print the GetModelResponse as JSON on one line"}}),
      .run = Run,
  };
}

}  // namespace lqvg::cli
