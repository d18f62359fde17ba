// Signals as plain function calls on a thread of their own.
//
// BlockSignals is called once by main, before any thread exists: threads inherit what is blocked. A SignalThread is
// owned by Serve.
#pragma once

#include <functional>
#include <thread>

namespace lqvg::serving {

// Ignores SIGPIPE (a client that leaves must not end the server) and blocks SIGTERM, SIGINT and SIGHUP.
void BlockSignals();

// "SIGTERM" and so on, for the log.
const char* NameOfSignal(int signal);

// Calls `on_signal` for each of the blocked signals, one after another. A file descriptor is read, so no restriction of
// signal handlers holds: `on_signal` may lock, allocate and log.
class SignalThread {
 public:
  explicit SignalThread(std::function<void(int)> on_signal);
  // Waits for the running `on_signal`.
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  void Work();

  const std::function<void(int)> on_signal_;
  const int signals_;  // signalfd
  const int stop_;     // eventfd
  std::thread thread_;
};

}  // namespace lqvg::serving
