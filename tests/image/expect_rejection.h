// What the tests of the decoders say about a file.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "image/image_decoder.h"
#include "image/rejection.h"

namespace lqvg {

// The reason of a rejection that keeps to the contract: code, field, message. "" for OK.
inline std::string ReasonOfRejection(const absl::Status& status) {
  if (status.ok()) return "";
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  const std::vector<Violation> violations = ViolationsOf(status);
  EXPECT_EQ(violations.size(), 1u) << status;
  for (const Violation& violation : violations) EXPECT_EQ(violation.field, "image");
  EXPECT_FALSE(status.message().empty());
  EXPECT_LE(status.message().size(), 1024u);
  return ReasonOf(status);
}

inline std::string ScanReason(const std::vector<std::uint8_t>& file, const ImageLimits& limits = {}) {
  return ReasonOfRejection(ScanHeader(file, limits).status());
}

inline std::string DecodeReason(const std::vector<std::uint8_t>& file, const ImageLimits& limits = {}) {
  DecodeOptions options;
  options.limits = limits;
  return ReasonOfRejection(DecodeImage(file, options).status());
}

// Judged from the header alone, and so also when it is decoded.
inline void ExpectRejectedByHeader(const std::vector<std::uint8_t>& file, const std::string& reason,
                                   const ImageLimits& limits = {}) {
  EXPECT_EQ(ScanReason(file, limits), reason);
  EXPECT_EQ(DecodeReason(file, limits), reason);
}

inline void ExpectAccepted(const std::vector<std::uint8_t>& file, const ImageLimits& limits = {}) {
  EXPECT_EQ(ScanReason(file, limits), "");
  EXPECT_EQ(DecodeReason(file, limits), "");
}

}  // namespace lqvg
