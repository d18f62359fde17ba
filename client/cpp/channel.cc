#include "client/cpp/channel.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/service_config.h"

namespace lqvg::client {
namespace {

bool IsLoopback(const std::string& target) {
  return absl::StartsWith(target, "127.") || absl::StartsWith(target, "localhost:") ||
         absl::StartsWith(target, "[::1]");
}

grpc::ChannelArguments MakeArguments(const ClientOptions& options, Sharing sharing) {
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix(absl::StrCat("lqvg-cpp/", Version()));
  arguments.SetServiceConfigJSON(kServiceConfig);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, options.retry ? 1 : 0);
  // The default of 256 KiB would silently turn retries off for nearly every picture.
  arguments.SetInt(GRPC_ARG_PER_RPC_RETRY_BUFFER_SIZE, static_cast<int>(kMaxRequestBytes));
  arguments.SetMaxSendMessageSize(static_cast<int>(kMaxRequestBytes));
  arguments.SetMaxReceiveMessageSize(static_cast<int>(kMaxRequestBytes));
  // A second by default, which is after the last retry: one connection that fails would fail the call. gRPC 1.51 takes
  // some for failed that are under way, as it reads errno too late.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  // gRPC obeys http_proxy even for a server on this machine, which no proxy can reach.
  if (IsLoopback(options.target)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (options.tls && !options.tls->server_name.empty()) arguments.SetSslTargetNameOverride(options.tls->server_name);
  if (sharing == Sharing::kOwnConnection) arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return arguments;
}

std::shared_ptr<grpc::ChannelCredentials> MakeCredentials(const std::optional<TlsOptions>& tls) {
  if (!tls) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = tls->root_certificates,
                               .pem_private_key = tls->private_key,
                               .pem_cert_chain = tls->certificate_chain});
}

}  // namespace

absl::Status CheckOptions(const ClientOptions& options) {
  if (options.target.empty()) return absl::InvalidArgumentError("the server's address is empty");
  if (options.deadline <= absl::ZeroDuration() || options.deadline == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the deadline is ", absl::FormatDuration(options.deadline), ", not positive and finite"));
  }
  if (options.tls && options.tls->certificate_chain.empty() != options.tls->private_key.empty()) {
    return absl::InvalidArgumentError("a client's certificate and its private key go together, and one is missing");
  }
  // gRPC would end the process over a header value that HTTP/2 does not allow.
  if (!std::all_of(options.token.begin(), options.token.end(),
                   [](unsigned char c) { return absl::ascii_isgraph(c); })) {
    return absl::InvalidArgumentError("the token has characters that are not printable ASCII");
  }
  if (!options.token.empty() && !options.tls && !IsLoopback(options.target)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the token would go to ", options.target, " in plaintext, for everybody on the way to read"));
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::Channel> MakeChannel(const ClientOptions& options, Sharing sharing) {
  return grpc::CreateCustomChannel(options.target, MakeCredentials(options.tls), MakeArguments(options, sharing));
}

std::string Authorization(const ClientOptions& options) { return absl::StrCat("Bearer ", options.token); }

}  // namespace lqvg::client
