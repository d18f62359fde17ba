// Where the model's tensors come from, taken by their checkpoint names: a model directory's file, or a trainer's
// parameters. Used by one thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/safetensors.h"

namespace lqvg {

class TensorSource {
 public:
  virtual ~TensorSource() = default;
  // The tensor called `name`. Never fails on the spot, so that loading code reads like the model: a source that lacks
  // it or has it in another shape notes the fault and hands out zeros.
  virtual at::Tensor Take(const std::string& name, at::IntArrayRef shape) = 0;
};

// The tensors of a file; Finish reports all of its faults at once.
class Weights final : public TensorSource {
 public:
  // `file` stays mapped for as long as a tensor taken from it lives. Tensors arrive on `device` as fp32.
  Weights(std::shared_ptr<const Safetensors> file, at::Device device) : file_(std::move(file)), device_(device) {}

  // F32 on a CPU is used in place (read-only pages); other types are converted.
  at::Tensor Take(const std::string& name, at::IntArrayRef shape) override;

  // OK when every tensor asked for was there and every tensor of the file was asked for or is one that the checkpoint
  // holds without anybody needing it at inference (`spare` tells). INVALID_ARGUMENT names the first faults.
  absl::Status Finish(const std::vector<std::string>& spare_prefixes) const;

  at::Device device() const { return device_; }

 private:
  const std::shared_ptr<const Safetensors> file_;
  const at::Device device_;
  std::set<std::string, std::less<>> taken_;
  std::vector<std::string> faults_;
};

// Names below a prefix: Scope(source).In("transformer").Take("level_embed", {...}).
class Scope {
 public:
  explicit Scope(TensorSource& source) : source_(&source) {}

  Scope In(std::string_view name) const;
  Scope In(std::string_view name, int index) const;
  at::Tensor Take(std::string_view name, at::IntArrayRef shape) const;

 private:
  TensorSource* source_;
  std::string prefix_;
};

}  // namespace lqvg
