// Sends calls without waiting for them, and says how each ended.
//
// The load's owner keeps one. Send may be called by any thread and never blocks; ends are told on the caller's own
// threads, each of which waits for its share of the calls. Every call ends exactly once: by its deadline at the latest.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cpp/client.h"
#include "client/load/protocol.h"
#include "client/load/tally.h"
#include "client/load/workload.h"

namespace lqvg::load {

struct CallerOptions {
  client::ClientOptions server;  // its deadline and retry are not used: calls have their own, and are never repeated
  int channels = 1;              // each with a connection of its own; calls take them in turn
  int threads = 1;               // that wait for ends
  bool kills = false;            // whether calls will ask for it (PlannedCall::kills)
};

class Caller {
 public:
  // A call ended: on which of the threads (0..threads - 1), when it was due, and how.
  using Done = std::function<void(int thread, absl::Time due, const Outcome& outcome)>;

  // `workload` and `protocol` must outlive the caller. `done` may call Send. INVALID_ARGUMENT: as of client::Client, or
  // connections to be broken that cannot be: over TLS, or to something else than host:port.
  static absl::StatusOr<std::unique_ptr<Caller>> Create(const CallerOptions& options, const Workload& workload,
                                                        const Protocol& protocol, Done done);

  // Waits for every call.
  ~Caller();
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  // The call that `due` asks for, now. Its deadline is due + timeout.
  void Send(const PlannedCall& call, absl::Time due);

  std::int64_t in_flight() const;

  // Blocks until no call is left. Nobody may send meanwhile.
  void WaitForAll();

 private:
  class Parts;
  explicit Caller(std::unique_ptr<Parts> parts);
  const std::unique_ptr<Parts> parts_;
};

}  // namespace lqvg::load
