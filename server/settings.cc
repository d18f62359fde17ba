#include "server/settings.h"

#include <algorithm>
#include <concepts>
#include <limits>
#include <type_traits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "server/address.h"
#include "server/value_text.h"

namespace lqvg::serving {
namespace {

template <typename Kind>
concept Bounded = requires(const Kind& kind) {
  kind.min, kind.max;
};

// How a bound or a value of a kind is written.
std::string Format(const CountKind&, int value) { return absl::StrCat(value); }
std::string Format(const PixelsKind&, std::uint64_t value) { return absl::StrCat(value); }
std::string Format(const BytesKind&, std::uint64_t value) { return FormatBytes(value); }
std::string Format(const DurationKind&, Duration value) { return FormatDuration(value); }
std::string Format(const FaultsKind&, const FaultPlan& value) { return FormatFaultPlan(value); }
std::string Format(const SwitchKind&, bool value) { return value ? "true" : "false"; }
template <typename Kind>
std::string Format(const Kind&, const std::string& value) {
  return value;
}

absl::StatusOr<std::string> Parse(const TextKind&, const std::string& text) { return text; }
absl::StatusOr<bool> Parse(const SwitchKind&, const std::string& text) { return ParseSwitch(text); }
absl::StatusOr<std::uint64_t> Parse(const PixelsKind&, const std::string& text) { return ParseCount(text); }
absl::StatusOr<std::uint64_t> Parse(const BytesKind&, const std::string& text) { return ParseBytes(text); }
absl::StatusOr<Duration> Parse(const DurationKind&, const std::string& text) { return ParseDuration(text); }
absl::StatusOr<FaultPlan> Parse(const FaultsKind&, const std::string& text) { return ParseFaultPlan(text); }

absl::StatusOr<int> Parse(const CountKind&, const std::string& text) {
  const absl::StatusOr<std::uint64_t> number = ParseCount(text);
  if (!number.ok()) return number.status();
  // Too many for an int is out of every bounds, so the greatest int stands for it.
  return static_cast<int>(std::min<std::uint64_t>(*number, std::numeric_limits<int>::max()));
}

absl::StatusOr<std::string> Parse(const AddressKind& kind, const std::string& text) {
  if (kind.may_be_empty && text.empty()) return text;
  const absl::StatusOr<Address> address = ParseAddress(text);
  if (!address.ok()) return address.status();
  return text;
}

absl::StatusOr<std::string> Parse(const ChoiceKind& kind, const std::string& text) {
  for (const char* const choice : kind.choices) {
    if (text == choice) return text;
  }
  return absl::InvalidArgumentError(absl::StrCat("must be one of ", absl::StrJoin(kind.choices, ", ")));
}

std::string Allowed(const TextKind& kind) { return kind.placeholder; }
std::string Allowed(const SwitchKind&) { return ""; }
std::string Allowed(const ChoiceKind& kind) { return absl::StrJoin(kind.choices, "|"); }
std::string Allowed(const AddressKind&) { return "HOST:PORT"; }
std::string Allowed(const FaultsKind&) { return "POINT:FAULT[,POINT:FAULT]"; }
std::string Allowed(const Bounded auto& kind) {
  return absl::StrCat(Format(kind, kind.min), "..", Format(kind, kind.max));
}

template <typename Kind>
std::string ValueOf(const Kind& kind, const Config& config) {
  // `at` only finds the value; it is not written here.
  return Format(kind, kind.at(const_cast<Config&>(config)));
}

}  // namespace

std::string EnvironmentNameOf(const Setting& setting) {
  return absl::StrCat("LQVG_", absl::AsciiStrToUpper(absl::StrReplaceAll(setting.name, {{"-", "_"}})));
}

absl::Status Assign(const Setting& setting, const std::string& text, Config& config) {
  return std::visit(
      [&](const auto& kind) -> absl::Status {
        auto value = Parse(kind, text);
        if (!value.ok()) return value.status();
        if constexpr (Bounded<std::decay_t<decltype(kind)>>) {
          if (*value < kind.min || *value > kind.max) {
            return absl::InvalidArgumentError(
                absl::StrCat("must be ", Format(kind, kind.min), "..", Format(kind, kind.max)));
          }
        }
        kind.at(config) = *std::move(value);
        return absl::OkStatus();
      },
      setting.kind);
}

std::string ValueText(const Setting& setting, const Config& config) {
  return std::visit([&config](const auto& kind) { return ValueOf(kind, config); }, setting.kind);
}

std::string AllowedText(const Setting& setting) {
  return std::visit([](const auto& kind) { return Allowed(kind); }, setting.kind);
}

std::string DefaultText(const Setting& setting) {
  std::string value = ValueText(setting, Config());
  return std::visit(
      [&value](const auto& kind) -> std::string {
        if constexpr (requires { kind.zero_means; }) {
          if (value == "0" && kind.zero_means[0] != '\0') return kind.zero_means;
        }
        return value;
      },
      setting.kind);
}

}  // namespace lqvg::serving
