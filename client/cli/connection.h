// The options that every verb shares: which server, how to trust it and be trusted, and how long to wait for it.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/arguments.h"
#include "client/cpp/client.h"

namespace lqvg::cli {

// --server, --timeout, those of credentials.h, --help.
const std::vector<Option>& ConnectionOptions();

// `own` followed by ConnectionOptions(): what a verb takes.
std::vector<Option> WithConnectionOptions(std::vector<Option> own);

// A client for --server, else for $LQVG_SERVER, else for 127.0.0.1:50051. INVALID_ARGUMENT: a value is wrong.
absl::StatusOr<std::unique_ptr<client::Client>> ConnectFrom(const Arguments& arguments);

}  // namespace lqvg::cli
