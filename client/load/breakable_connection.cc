#include "client/load/breakable_connection.h"

#include <grpcpp/create_channel_posix.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lqvg::load {

absl::StatusOr<BreakableTarget> BreakableTarget::Resolve(const std::string& target) {
  const std::size_t colon = target.rfind(':');
  if (colon == std::string::npos || colon == 0 || target.find('/') != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("connections can be broken to host:port only, not to ", target));
  }
  std::string host = target.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), target.c_str() + colon + 1, &hints, &found); error != 0) {
    return absl::InvalidArgumentError(absl::StrCat(target, ": ", gai_strerror(error)));
  }
  BreakableTarget resolved;
  std::memcpy(&resolved.address_, found->ai_addr, found->ai_addrlen);
  resolved.size_ = found->ai_addrlen;
  resolved.name_ = target;
  freeaddrinfo(found);
  return resolved;
}

absl::StatusOr<BreakableConnection> BreakableConnection::Open(const BreakableTarget& target) {
  const int descriptor = socket(target.address_.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return absl::UnavailableError(absl::StrCat("no socket: ", std::strerror(errno)));
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  // Whether it is connected shows when the call is written: gRPC waits until the socket can be written to.
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&target.address_), target.size_) != 0 &&
      errno != EINPROGRESS) {
    const std::string reason = std::strerror(errno);
    close(descriptor);
    return absl::UnavailableError(absl::StrCat(target.name_, ": ", reason));
  }
  return BreakableConnection(descriptor, grpc::CreateInsecureChannelFromFd(target.name_, descriptor));
}

BreakableConnection::BreakableConnection(int descriptor, std::shared_ptr<grpc::Channel> channel)
    : descriptor_(descriptor), channel_(std::move(channel)) {}

void BreakableConnection::Break() {
  // To be disconnected by a socket of no family: the kernel's way to reset a TCP connection and leave the descriptor,
  // which is gRPC's to close.
  const sockaddr nowhere = {.sa_family = AF_UNSPEC, .sa_data = {}};
  const int result = connect(descriptor_, &nowhere, sizeof(nowhere));
  static_cast<void>(result);  // it can only fail where the connection is gone already
}

}  // namespace lqvg::load
