// The families of lqvg-bench. Each function registers one family's benchmarks, named FAMILY/..., with Google Benchmark,
// which runs them later, on the main thread.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "model/architecture.h"

namespace lqvg::bench {

// peaks/ and stages/: what the machine can do, and the parts of the model in `model_dir`. Errors as LoadNetwork's.
absl::Status RegisterStages(const std::string& model_dir);

// layers/: a layer around a kernel on all threads, beside one in ATen alone; to answer, and to train.
void RegisterLayers(const Architecture& architecture);

// kernels/: what is in model/kernels, by each instruction set of this machine and by plain ATen, on one thread; at the
// sizes of a full-size model and of `architecture`.
void RegisterKernels(const Architecture& architecture);

// tokenizer/: with the vocabulary in `model_dir`. Errors as Tokenizer::Load's.
absl::Status RegisterTokenizer(const std::string& model_dir);

// decode/ and scan_header/: the formats that are accepted, at two sizes of a made-up scene. INTERNAL when a file of one
// cannot be made.
absl::Status RegisterDecode();

// letterbox/: to the canvas of a full-size model and to one of `side` pixels, beside OpenCV's resize alone.
void RegisterLetterbox(int side);

// digest/: what names and what checks an upload.
void RegisterDigests();

}  // namespace lqvg::bench
