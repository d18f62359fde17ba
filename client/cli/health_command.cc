#include "client/cli/health_command.h"

#include <iostream>
#include <string>

#include "absl/time/time.h"
#include "client/cli/connection.h"
#include "client/cli/print_result.h"

namespace lqvg::cli {
namespace {

using ServingStatus = client::Client::ServingStatus;

ExitCode Fail(const absl::Status& status) {
  std::cerr << ErrorText("", client::ErrorOf(status));
  return ExitCodeOf(status.code());
}

std::string Name(ServingStatus status) { return grpc::health::v1::HealthCheckResponse::ServingStatus_Name(status); }

ExitCode Watch(const client::Client& client, const std::string& service, absl::Duration timeout) {
  const absl::Status end = client.WatchHealth(service, timeout, [](ServingStatus status) {
    std::cout << absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone()) << " " << Name(status)
              << std::endl;
  });
  return Fail(end);
}

absl::StatusOr<ExitCode> Run(const Arguments& arguments) {
  for (const Argument& argument : arguments.in_order()) {
    if (argument.option.empty()) return absl::InvalidArgumentError("lqvg health takes no operands");
  }
  const auto client = ConnectFrom(arguments);
  if (!client.ok()) return client.status();
  const std::string service = arguments.Value("--service");
  if (arguments.Has("--watch")) {
    if (!arguments.Has("--timeout")) return Watch(**client, service, absl::InfiniteDuration());
    const auto timeout = ParseTimeout("--timeout", arguments.Value("--timeout"));
    return timeout.ok() ? absl::StatusOr<ExitCode>(Watch(**client, service, *timeout)) : timeout.status();
  }
  const auto status = (*client)->CheckHealth(service);
  if (!status.ok()) return Fail(status.status());
  std::cout << Name(*status) << "\n";
  return *status == grpc::health::v1::HealthCheckResponse::SERVING ? kSuccess : kUnavailable;
}

}  // namespace

Verb HealthVerb() {
  return {
      .name = "health",
      .summary = "say whether the server is ready (exit code 0) or not (4)",
      .synopses = {"[--service NAME] [--watch]"},
      .explanation =
          "Prints SERVING, NOT_SERVING or, when watching a service that the server does not know,\n"
          "SERVICE_UNKNOWN. The server as a whole is ready when its model is loaded; the service\n"
          "lqvg.liveness is healthy as long as process and device live.\n",
      .options = WithConnectionOptions({
          {.name = "--service", .value = "NAME", .help = "a service's health instead of the whole server's"},
          {.name = "--watch",
           .value = "",
           .help = "print a line now and at every change, until interrupted or --timeout"},
      }),
      .run = Run,
  };
}

}  // namespace lqvg::cli
