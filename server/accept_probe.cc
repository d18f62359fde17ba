#include "server/accept_probe.h"

#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace lqvg::serving {
namespace {

enum class Event { kReady, kTimeout, kStop };

// Until `descriptor` (-1: none) is ready for `events`, `stop` is, or `time` comes.
Event Await(int descriptor, short events, int stop, TimePoint time) {
  pollfd watched[] = {{.fd = stop, .events = POLLIN, .revents = 0}, {.fd = descriptor, .events = events, .revents = 0}};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - std::chrono::steady_clock::now());
    const int ready = poll(watched, 2, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0) continue;  // EINTR: a debugger
    if (watched[0].revents != 0) return Event::kStop;
    return ready > 0 ? Event::kReady : Event::kTimeout;
  }
}

class Socket {
 public:
  explicit Socket(int family) : descriptor_(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

// kReady: somebody listens there and has reacted. kTimeout: not, or this process has no descriptor left, with which it
// could accept nobody either.
Event ProbeOne(const addrinfo& target, int stop, TimePoint deadline) {
  const Socket socket(target.ai_family);
  if (socket.descriptor() < 0) return Event::kTimeout;
  if (connect(socket.descriptor(), target.ai_addr, target.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return Event::kTimeout;
    if (const Event event = Await(socket.descriptor(), POLLOUT, stop, deadline); event != Event::kReady) return event;
  }
  if (shutdown(socket.descriptor(), SHUT_WR) != 0) return Event::kTimeout;  // nobody listens
  return Await(socket.descriptor(), POLLIN, stop, deadline);
}

// Through the first address of the name that is listened on.
Event Probe(const addrinfo* targets, int stop, TimePoint deadline) {
  for (const addrinfo* target = targets; target != nullptr; target = target->ai_next) {
    const Event event = ProbeOne(*target, stop, deadline);
    if (event != Event::kTimeout) return event;
  }
  return Event::kTimeout;
}

std::string HostToProbe(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::") return "::1";
  return host;
}

}  // namespace

AcceptHistory Append(AcceptHistory history, bool accepted) {
  if (accepted) return {.was_accepted = true, .failures = 0};
  ++history.failures;
  return history;
}

bool IsDeaf(const AcceptHistory& history, const AcceptProbeOptions& options) {
  return history.was_accepted && history.failures >= options.max_failures;
}

AcceptProbe::AcceptProbe(const Address& address, const AcceptProbeOptions& options, std::function<void()> on_deaf)
    : address_(address), options_(options), on_deaf_(std::move(on_deaf)), stop_(eventfd(0, EFD_CLOEXEC)) {
  if (options_.interval > Duration::zero()) thread_ = std::thread(&AcceptProbe::Work, this);
}

AcceptProbe::~AcceptProbe() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(stop_, &one, sizeof(one));
  if (thread_.joinable()) thread_.join();
  close(stop_);
}

void AcceptProbe::Work() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string host = HostToProbe(address_.host);
  // Never fails for an address in digits. For a name that gRPC has resolved and this does not, there is nothing to
  // probe.
  if (getaddrinfo(host.c_str(), std::to_string(address_.port).c_str(), &hints, &found) != 0) return;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> targets(found, &freeaddrinfo);

  AcceptHistory history;
  while (true) {
    const TimePoint begun = std::chrono::steady_clock::now();
    const Event event = Probe(targets.get(), stop_, begun + options_.interval * 3 / 4);
    if (event == Event::kStop) return;
    history = Append(history, event == Event::kReady);
    if (IsDeaf(history, options_)) return on_deaf_();
    if (Await(-1, 0, stop_, begun + options_.interval) == Event::kStop) return;
  }
}

}  // namespace lqvg::serving
