#include "server/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/value_text.h"

namespace lqvg::serving {
namespace {

constexpr int kMaxPort = 65'535;
constexpr std::size_t kMaxHostBytes = 253;  // of a name in DNS

absl::Status Malformed() {
  return absl::InvalidArgumentError("not an address: write host:port, such as 127.0.0.1:50051 or [::1]:50051");
}

}  // namespace

absl::StatusOr<Address> ParseAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return Malformed();
  std::string host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool has_colon = host.find(':') != std::string::npos;
  const bool prints = std::all_of(host.begin(), host.end(), absl::ascii_isgraph);
  if (host.empty() || host.size() > kMaxHostBytes || !prints || bracketed != has_colon ||
      host.find_first_of("[]/") != std::string::npos) {
    return Malformed();
  }
  const absl::StatusOr<std::uint64_t> port = ParseCount(text.substr(colon + 1));
  if (!port.ok()) return Malformed();
  if (*port > kMaxPort) return absl::InvalidArgumentError(absl::StrCat("port ", *port, " is not 0..", kMaxPort));
  return Address{.host = std::move(host), .port = static_cast<int>(*port)};
}

std::string FormatAddress(const Address& address) {
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  return is_ipv6 ? absl::StrCat("[", address.host, "]:", address.port) : absl::StrCat(address.host, ":", address.port);
}

bool IsLoopback(const Address& address) {
  if (address.host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, address.host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
  in6_addr v6{};
  return inet_pton(AF_INET6, address.host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace lqvg::serving
