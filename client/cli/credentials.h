// How the command line trusts a server and is trusted by it: certificates and a token, from files.
//
// Each has an environment variable, for what a shell would otherwise repeat in every command, and for health checks in
// a container. Their names are not those of the server's own settings, since both may run there.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/arguments.h"
#include "client/cpp/client.h"

namespace lqvg::cli {

// --tls, --cacert, --cert, --key, --server-name, --token-file. Any of them but the last turns TLS on.
const std::vector<Option>& CredentialOptions();

// Reads what is named in `arguments`, else in the environment, into `tls` and `token` of `options`. INVALID_ARGUMENT
// names the option or variable and the file that cannot be read.
absl::Status ReadCredentials(const Arguments& arguments, client::ClientOptions* options);

// The variable's value; `otherwise` if it is unset or empty.
std::string EnvironmentValue(const char* name, const std::string& otherwise);

}  // namespace lqvg::cli
