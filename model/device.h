// The device that the model runs on, by its name on the command line.
//
// Call before anything else of LibTorch in the process; the server and the trainer do so once, at start.
#pragma once

#include <c10/core/Device.h>

#include <string>

#include "absl/status/statusor.h"

namespace lqvg {

// "cpu" or "cuda". Loads what CUDA needs. INVALID_ARGUMENT for other names; UNAVAILABLE when there is no CUDA here,
// with the loader's or LibTorch's reason.
absl::StatusOr<at::Device> OpenDevice(const std::string& name);

}  // namespace lqvg
