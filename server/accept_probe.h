// Watches whether the server still accepts connections, by making one to its own port every few seconds.
//
// gRPC 1.51 that once ran out of file descriptors never accepts again (CVE-2023-4785): the process lives, its open
// connections work, and the kernel goes on completing handshakes of TCP in the listener's queue, so that connecting
// proves nothing. The probe therefore ends its own side at once and waits for any reaction: SETTINGS in plaintext, the
// end of the connection under TLS. Only a process that accepted can react; it need not be idle, know the client, or
// have a stream to spare, and neither side logs anything.
//
// Owned by Serve. One thread of its own, which blocks in poll alone.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "server/address.h"
#include "server/clock.h"

namespace lqvg::serving {

struct AcceptProbeOptions {
  // From one probe to the next, of which three quarters are for the reaction; 0: no probes. A listener that fails just
  // after a probe is known 15 s later: an interval, two more, and the 3 s of the last probe.
  Duration interval = std::chrono::seconds(4);
  int max_failures = 3;  // in a row, so that a process that was stopped for a while lives on
};

// What earlier probes have shown.
struct AcceptHistory {
  bool was_accepted = false;  // by any probe
  int failures = 0;           // in a row
};

// With one more probe.
AcceptHistory Append(AcceptHistory history, bool accepted);
// Whether the listener is to be given up. Never before it was seen to work: where a firewall keeps a server from
// reaching itself, that says nothing about others.
bool IsDeaf(const AcceptHistory& history, const AcceptProbeOptions& options);

class AcceptProbe {
 public:
  // Probes `address`, whose port is the one that is listened on; for a wildcard, the loopback interface. `on_deaf` is
  // called once, by the probe's thread, which ends then; it must not destroy the probe.
  AcceptProbe(const Address& address, const AcceptProbeOptions& options, std::function<void()> on_deaf);
  // Waits for `on_deaf` if that runs; else it returns at once.
  ~AcceptProbe();
  AcceptProbe(const AcceptProbe&) = delete;
  AcceptProbe& operator=(const AcceptProbe&) = delete;

 private:
  void Work();

  const Address address_;
  const AcceptProbeOptions options_;
  const std::function<void()> on_deaf_;
  const int stop_;  // eventfd
  std::thread thread_;
};

}  // namespace lqvg::serving
