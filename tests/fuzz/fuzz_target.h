// What every fuzz target shares: its entry point, and how it says that a promise of the code under test is broken.
//
// A target is one function over bytes. The fuzzer of clang calls it millions of times with bytes that it makes up;
// replay.cc calls it once with each committed file, in every build. One thread calls it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "absl/status/status.h"

// Returns 0; aborts when a promise is broken.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace lqvg::fuzz {

// Aborts, naming the `promise`, unless it `holds`.
inline void Require(bool holds, std::string_view promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %.*s\n", static_cast<int>(promise.size()), promise.data());
  std::abort();
}

// Requires of an error's text that it is UTF-8, not empty and at most 1 KiB long: it goes over the wire or into a log.
void RequireReadable(std::string_view message);

// Requires `status` to be a rejection as the contract has it: a reason of its list, a readable message, and named
// fields with readable descriptions.
void RequireRejection(const absl::Status& status);

}  // namespace lqvg::fuzz
