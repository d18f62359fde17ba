#include "model/device.h"

#include <ATen/Context.h>
#include <dlfcn.h>

#include "absl/strings/str_cat.h"

namespace lqvg {

absl::StatusOr<at::Device> OpenDevice(const std::string& name) {
  if (name == "cpu") return at::Device(at::kCPU);
  if (name != "cuda") return absl::InvalidArgumentError(absl::StrCat("device ", name, " is neither cpu nor cuda"));
  // libtorch_cuda registers itself when it is loaded, and ATen asks for it once: so before any other call. A machine
  // without a GPU needs neither it nor NVIDIA's libraries.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return absl::UnavailableError(absl::StrCat("device cuda: ", dlerror()));
  }
  if (!at::hasCUDA()) return absl::UnavailableError("device cuda: this LibTorch finds no CUDA device or driver");
  at::globalContext().setAllowTF32CuDNN(false);  // on by default, and only 10 bits of mantissa
  return at::Device(at::kCUDA, 0);
}

}  // namespace lqvg
