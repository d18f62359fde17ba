#include "client/cli/operands.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace lqvg::cli {
namespace {

// Also formats that the server refuses: their names are still not expressions.
constexpr std::array kImageSuffixes = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".gif", ".bmp", ".webp", ".jp2"};

bool IsNamedLikeImage(const std::string& operand) {
  const std::string suffix = absl::AsciiStrToLower(std::filesystem::path(operand).extension().string());
  return std::find(kImageSuffixes.begin(), kImageSuffixes.end(), suffix) != kImageSuffixes.end();
}

absl::Status CheckImage(const std::string& path) {
  if (path == "-") return absl::OkStatus();
  std::error_code error;
  const auto kind = std::filesystem::status(path, error).type();
  if (kind == std::filesystem::file_type::not_found) {
    return absl::InvalidArgumentError(absl::StrCat("no such file: ", path));
  }
  if (kind == std::filesystem::file_type::directory) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is a folder; name its files, or use -e if it is an expression"));
  }
  return absl::OkStatus();
}

bool Exists(const std::string& operand) {
  std::error_code error;  // a long expression is no valid file name: that is an error, and an answer
  return std::filesystem::exists(operand, error);
}

}  // namespace

absl::StatusOr<Operands> SortOperands(const Arguments& arguments) {
  Operands operands;
  for (const Argument& argument : arguments.in_order()) {
    const bool is_operand = argument.option.empty();
    const bool is_image =
        argument.option == "--image" ||
        (is_operand && (argument.value == "-" || Exists(argument.value) || IsNamedLikeImage(argument.value)));
    if (is_image) {
      if (absl::Status status = CheckImage(argument.value); !status.ok()) return status;
      operands.images.push_back(argument.value);
    } else if (is_operand || argument.option == "--expression") {
      operands.expressions.push_back(argument.value);
    }
  }
  if (std::count(operands.images.begin(), operands.images.end(), "-") > 1) {
    return absl::InvalidArgumentError("standard input can be only one of the pictures");
  }
  if (operands.images.empty()) {
    return absl::InvalidArgumentError("no picture given: none of the arguments is an existing file");
  }
  if (operands.expressions.empty()) return absl::InvalidArgumentError("no expression given: say what to find");
  return operands;
}

}  // namespace lqvg::cli
