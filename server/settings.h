// The one table of what can be set: flag, environment variable, --help, --print-config,
// the manual page and the completion of shells are all made from it.
//
// Immutable and thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "server/clock.h"
#include "server/config.h"
#include "server/fault_plan.h"

namespace lqvg::serving {

// The kinds of values. Each says where in a Config its value is, and what it may be; bounds are inclusive.

struct TextKind {
  std::string& (*at)(Config&);
  const char* placeholder;
};
struct SwitchKind {
  bool& (*at)(Config&);
};
struct ChoiceKind {
  std::string& (*at)(Config&);
  std::span<const char* const> choices;
};
struct AddressKind {
  std::string& (*at)(Config&);
  bool may_be_empty = false;
};
struct CountKind {
  int& (*at)(Config&);
  int min, max;
  const char* zero_means = "";  // how --help spells a default of 0
};
struct PixelsKind {
  std::uint64_t& (*at)(Config&);
  std::uint64_t min, max;
};
struct BytesKind {
  std::uint64_t& (*at)(Config&);
  std::uint64_t min, max;
  const char* zero_means = "";
};
struct DurationKind {
  Duration& (*at)(Config&);
  Duration min, max;
};

struct FaultsKind {
  FaultPlan& (*at)(Config&);
};

struct Setting {
  const char* name;   // of the flag, without dashes: "drain-delay"
  const char* group;  // heading in --help
  std::variant<TextKind, SwitchKind, ChoiceKind, AddressKind, CountKind, PixelsKind, BytesKind, DurationKind,
               FaultsKind>
      kind;
  const char* help;  // one sentence or two
};

// All rows, those of a group together.
std::span<const Setting> Settings();

// A flag that makes the program do something other than serve.
struct ActionFlag {
  const char* name;
  Action action;
  const char* help;  // not a sentence
};
std::span<const ActionFlag> ActionFlags();

// "LQVG_DRAIN_DELAY".
std::string EnvironmentNameOf(const Setting& setting);

// Reads `text` into `config`. INVALID_ARGUMENT says what would be right.
absl::Status Assign(const Setting& setting, const std::string& text, Config& config);

// The value in `config`, as Assign reads it.
std::string ValueText(const Setting& setting, const Config& config);

// What may be written: "DIR", "text|json", "1..256", "64KiB..64MiB". Empty for a switch.
std::string AllowedText(const Setting& setting);

// How --help spells the default.
std::string DefaultText(const Setting& setting);

}  // namespace lqvg::serving
