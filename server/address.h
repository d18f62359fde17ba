// Addresses to listen on, as they are written: host:port.
//
// Stateless and thread-safe; resolves no names.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace lqvg::serving {

struct Address {
  std::string host;  // a name, an IPv4 address, or an IPv6 address without its brackets
  int port = 0;      // 0: any free one
};

// INVALID_ARGUMENT unless `text` is host:port or [IPv6]:port with a port of 0..65535.
absl::StatusOr<Address> ParseAddress(const std::string& text);
std::string FormatAddress(const Address& address);

// Whether only this machine can reach it: 127.0.0.0/8, ::1 or the name localhost.
bool IsLoopback(const Address& address);

}  // namespace lqvg::serving
