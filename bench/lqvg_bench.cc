// lqvg-bench: how fast the parts of the program are, from kernels and model stages to decoding. bench/README.md.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "bench/families.h"
#include "model/architecture.h"

namespace lqvg::bench {
namespace {

void PrintHelp() {
  std::printf(
      "usage: lqvg-bench [--model DIR] [--benchmark_...]\n"
      "Measures peaks/, stages/, layers/, kernels/, tokenizer/, decode/, scan_header/, letterbox/ and digest/.\n"
      "  --model DIR   the model directory whose sizes, stages and vocabulary are measured [models/demo]\n"
      "OMP_NUM_THREADS sets the threads of layers and stages. Google Benchmark's own:\n");
  benchmark::PrintDefaultHelp();
}

// Takes --model DIR or --model=DIR out of the arguments; the last one counts.
std::string TakeModelDir(int* argc, char** argv) {
  std::string model_dir = "models/demo";
  int kept = 1;
  for (int i = 1; i < *argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--model" && i + 1 < *argc) {
      model_dir = argv[++i];
    } else if (argument.substr(0, 8) == "--model=") {
      model_dir = argument.substr(8);
    } else {
      argv[kept++] = argv[i];
    }
  }
  *argc = kept;
  return model_dir;
}

absl::Status RegisterAll(const std::string& model_dir) {
  const auto architecture = ReadArchitecture(model_dir + "/config.json");
  if (!architecture.ok()) return architecture.status();
  absl::Status status = RegisterStages(model_dir);
  RegisterLayers(*architecture);
  RegisterKernels(*architecture);
  status.Update(RegisterTokenizer(model_dir));
  status.Update(RegisterDecode());
  RegisterLetterbox(architecture->input_size);
  RegisterDigests();
  return status;
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv, PrintHelp);
  const std::string model_dir = TakeModelDir(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const absl::Status status = RegisterAll(model_dir);
  if (!status.ok()) {
    std::fprintf(stderr, "lqvg-bench: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 1;
}

}  // namespace
}  // namespace lqvg::bench

int main(int argc, char** argv) { return lqvg::bench::Main(argc, argv); }
