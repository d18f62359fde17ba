// The server's process from the first open port to its end: owns every part, in the order in which they depend on one
// another.
//
// Called by main's thread, once. Beside the parts' own threads there are one that handles signals and one that loads
// the model.
#pragma once

#include "server/access.h"
#include "server/config.h"
#include "server/loaded_model.h"

namespace lqvg::serving {

// The process's exit codes.
inline constexpr int kExitStopped = 0;
inline constexpr int kExitFailed = 1;  // the start failed, or calls were cut off when it stopped
inline constexpr int kExitMisconfigured = 2;
inline constexpr int kExitBroken = 70;  // it ran, and only a new process can serve: the listener or the device is lost

// Opens the ports (health says NOT_SERVING), loads and warms up the model, serves until a signal, drains, and ends the
// process. `command_line` has no errors, and its config is resolved.
[[noreturn]] void Serve(const CommandLine& command_line, Access& access, const LoadModel& load_model);

}  // namespace lqvg::serving
