// What people and scripts read: a table per picture, the contract's messages as JSON, and errors.
//
// Pure functions from messages to text; thread-safe. Control characters never reach a terminal.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cpp/call_error.h"
#include "google/protobuf/message.h"
#include "lqvg/v1/grounding.pb.h"

namespace lqvg::cli {

struct TableStyle {
  bool colors = false;         // ANSI escapes, for terminals
  std::string min_score = {};  // as typed after --min-score, for the line that says that nothing reached it
};

// One picture's answer: its name and size, then a row per box under the expression that it answers.
std::string ResultTable(const std::string& image, const std::vector<std::string>& expressions,
                        const v1::GroundResponse& response, const TableStyle& style);

// proto3 JSON on one line, without a newline: the proto's field names, zeros included. INTERNAL: the message holds what
// JSON cannot, such as an error detail of a type that this program does not know.
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message);

// "INVALID_ARGUMENT EXPRESSION_EMPTY: ...", without a newline.
std::string ErrorLine(const client::CallError& error);

// "PROGRAM: " and, unless empty, "SUBJECT: " before ErrorLine; then a line per violation, and one for the request id.
std::string ErrorText(const std::string& subject, const client::CallError& error, const std::string& program = "lqvg");

}  // namespace lqvg::cli
