#include "client/cli/connection.h"

#include <cstdlib>
#include <utility>

namespace lqvg::cli {

const std::vector<Option>& ConnectionOptions() {
  static const std::vector<Option> options = {
      {.name = "--server",
       .value = "ADDR",
       .help = "host:port of the server (default: $LQVG_SERVER, else 127.0.0.1:50051)"},
      {.name = "--timeout",
       .value = "TIME",
       .help = "longest wait for a call, retries included, such as 500ms (default 10s)"},
      {.name = "--help", .value = "", .help = "show this text", .short_name = "-h"},
  };
  return options;
}

std::vector<Option> WithConnectionOptions(std::vector<Option> own) {
  own.insert(own.end(), ConnectionOptions().begin(), ConnectionOptions().end());
  return own;
}

absl::StatusOr<std::unique_ptr<client::Client>> ConnectFrom(const Arguments& arguments) {
  client::ClientOptions options;
  const char* from_environment = std::getenv("LQVG_SERVER");
  const bool is_set = from_environment != nullptr && *from_environment != '\0';
  options.target = arguments.Value("--server", is_set ? from_environment : options.target);
  if (arguments.Has("--timeout")) {
    const auto timeout = ParseTimeout("--timeout", arguments.Value("--timeout"));
    if (!timeout.ok()) return timeout.status();
    options.deadline = *timeout;
  }
  return client::Client::Connect(options);
}

}  // namespace lqvg::cli
