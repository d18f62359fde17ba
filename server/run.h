// The program: what the command line asks for, done.
//
// Called by main, and by a test's main with a fake model.
#pragma once

#include "server/loaded_model.h"

namespace lqvg::serving {

// Serves, or does what --help, --version, --print-config or --check ask for. Returns the exit code.
int RunProgram(int argc, char* const* argv, const LoadModel& load_model);

}  // namespace lqvg::serving
