#include "client/cli/connection.h"

#include <utility>

#include "client/cli/credentials.h"

namespace lqvg::cli {
namespace {

std::vector<Option> MakeConnectionOptions() {
  std::vector<Option> options = {
      {.name = "--server",
       .value = "ADDR",
       .help = "host:port of the server (default: $LQVG_SERVER, else 127.0.0.1:50051)"},
      {.name = "--timeout",
       .value = "TIME",
       .help = "longest wait for a call, retries included, such as 500ms (default 10s)"},
  };
  options.insert(options.end(), CredentialOptions().begin(), CredentialOptions().end());
  options.push_back({.name = "--help", .value = "", .help = "show this text", .short_name = "-h"});
  return options;
}

}  // namespace

const std::vector<Option>& ConnectionOptions() {
  static const std::vector<Option> options = MakeConnectionOptions();
  return options;
}

std::vector<Option> WithConnectionOptions(std::vector<Option> own) {
  own.insert(own.end(), ConnectionOptions().begin(), ConnectionOptions().end());
  return own;
}

absl::StatusOr<std::unique_ptr<client::Client>> ConnectFrom(const Arguments& arguments) {
  client::ClientOptions options;
  options.target = arguments.Value("--server", EnvironmentValue("LQVG_SERVER", options.target));
  if (arguments.Has("--timeout")) {
    const auto timeout = ParseTimeout("--timeout", arguments.Value("--timeout"));
    if (!timeout.ok()) return timeout.status();
    options.deadline = *timeout;
  }
  if (absl::Status status = ReadCredentials(arguments, &options); !status.ok()) return status;
  return client::Client::Connect(options);
}

}  // namespace lqvg::cli
