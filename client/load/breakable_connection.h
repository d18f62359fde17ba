// A connection to the server that is there for one call and can be torn, as when a client's process is killed.
//
// Any thread. Plaintext over TCP only.
#pragma once

#include <grpcpp/channel.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace lqvg::load {

// Where such connections lead: looked up once.
class BreakableTarget {
 public:
  // `target`: "host:port". INVALID_ARGUMENT: it is not, or the host is not known.
  static absl::StatusOr<BreakableTarget> Resolve(const std::string& target);

 private:
  friend class BreakableConnection;
  sockaddr_storage address_ = {};
  socklen_t size_ = 0;
  std::string name_;
};

class BreakableConnection {
 public:
  // Begins to connect and returns at once. UNAVAILABLE: no socket is left.
  static absl::StatusOr<BreakableConnection> Open(const BreakableTarget& target);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // The kernel resets the connection: the server gets no goodbye of HTTP/2 and no end of the call.
  void Break();

 private:
  BreakableConnection(int descriptor, std::shared_ptr<grpc::Channel> channel);

  int descriptor_;  // the channel's, which closes it
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace lqvg::load
