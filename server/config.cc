#include "server/config.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "model/letterbox.h"
#include "server/address.h"
#include "server/settings.h"
#include "server/value_text.h"

namespace lqvg::serving {
namespace {

constexpr int kImagesOnCuda = 8;
constexpr std::uint64_t kMaxMemoryQuota = 1ull << 30;

// Variables of this prefix that are not settings of the server: the kernels read the first, the clients the others.
constexpr const char* kOtherVariables[] = {"LQVG_ISA", "LQVG_SERVER",      "LQVG_CACERT",    "LQVG_CERT",
                                           "LQVG_KEY", "LQVG_SERVER_NAME", "LQVG_TOKEN_FILE"};

// How a message repeats what was given: what does not print is escaped, and the end of a long text left out, so that
// the message stays one line of a readable length.
std::string Shown(const std::string& text) {
  constexpr std::size_t kMaxBytes = 100;
  return absl::StrCat(absl::CEscape(text.substr(0, kMaxBytes)), text.size() > kMaxBytes ? "..." : "");
}

// Insertions, deletions and replacements that turn one into the other.
std::size_t EditDistance(const std::string& from, const std::string& to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

// " (did you mean --listen?)", or nothing when no flag is near.
std::string Suggestion(const std::string& name) {
  std::string nearest;
  std::size_t least = std::max<std::size_t>(2, name.size() / 3) + 1;
  const auto consider = [&](const std::string& candidate) {
    const std::size_t distance = EditDistance(name, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  };
  for (const Setting& setting : Settings()) consider(setting.name);
  for (const ActionFlag& flag : ActionFlags()) consider(flag.name);
  return nearest.empty() ? "" : absl::StrCat(" (did you mean --", nearest, "?)");
}

std::optional<std::size_t> FindSetting(const std::string& name) {
  const std::span<const Setting> settings = Settings();
  const auto found =
      std::find_if(settings.begin(), settings.end(), [&name](const Setting& s) { return s.name == name; });
  if (found == settings.end()) return std::nullopt;
  return static_cast<std::size_t>(found - settings.begin());
}

bool IsSwitch(const Setting& setting) { return std::holds_alternative<SwitchKind>(setting.kind); }

std::uint64_t RoundUpToMiB(std::uint64_t bytes) {
  constexpr std::uint64_t kMiB = 1ull << 20;
  return (bytes + kMiB - 1) / kMiB * kMiB;
}

// Reads arguments and environment into a CommandLine.
class Parser {
 public:
  Parser() { result_.origins.assign(Settings().size(), Origin::kDefault); }

  void ReadEnvironment(std::span<const std::string> environment) {
    for (const std::string& entry : environment) {
      const std::size_t equals = entry.find('=');
      if (!entry.starts_with("LQVG_") || equals == std::string::npos) continue;
      ReadVariable(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }

  void ReadArguments(std::span<const std::string> arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const std::string& argument = arguments[i];
      if (argument == "-h") {
        result_.action = Action::kHelp;
      } else if (!argument.starts_with("--") || argument.size() == 2) {
        result_.errors.push_back(
            absl::StrCat("unexpected argument '", Shown(argument), "': everything is set by flags"));
      } else if (ReadFlag(argument.substr(2), i + 1 < arguments.size() ? &arguments[i + 1] : nullptr)) {
        ++i;
      }
    }
  }

  CommandLine Take() { return std::move(result_); }

 private:
  void ReadVariable(const std::string& name, const std::string& value) {
    const std::span<const Setting> settings = Settings();
    for (std::size_t i = 0; i < settings.size(); ++i) {
      if (EnvironmentNameOf(settings[i]) != name) continue;
      if (!value.empty()) Set(i, name, value, Origin::kEnvironment);
      return;
    }
    if (std::find(std::begin(kOtherVariables), std::end(kOtherVariables), name) == std::end(kOtherVariables)) {
      result_.warnings.push_back(absl::StrCat("environment variable ", Shown(name), " is no setting and is ignored"));
    }
  }

  // `flag` is without its dashes. True when `next` was its value.
  bool ReadFlag(const std::string& flag, const std::string* next) {
    const std::size_t equals = flag.find('=');
    const std::string name = flag.substr(0, equals);
    const bool has_value = equals != std::string::npos;
    if (ReadAction(name, has_value)) return false;

    std::optional<std::size_t> index = FindSetting(name);
    const bool negated = !index && name.starts_with("no-");
    if (negated) index = FindSetting(name.substr(3));
    if (!index || (negated && !IsSwitch(Settings()[*index]))) {
      result_.errors.push_back(absl::StrCat("unknown flag --", Shown(name), Suggestion(name)));
      return false;
    }
    const std::string shown = absl::StrCat("--", name);
    if (negated && has_value) {
      result_.errors.push_back(absl::StrCat(shown, " takes no value"));
      return false;
    }
    if (has_value) {
      Set(*index, shown, flag.substr(equals + 1), Origin::kFlag);
      return false;
    }
    if (IsSwitch(Settings()[*index])) {
      Set(*index, shown, negated ? "false" : "true", Origin::kFlag);
      return false;
    }
    if (next == nullptr || next->starts_with("--")) {
      result_.errors.push_back(absl::StrCat(shown, " needs a value: ", AllowedText(Settings()[*index])));
      return false;
    }
    Set(*index, shown, *next, Origin::kFlag);
    return true;
  }

  bool ReadAction(const std::string& name, bool has_value) {
    for (const ActionFlag& flag : ActionFlags()) {
      if (flag.name != name) continue;
      if (has_value) result_.errors.push_back(absl::StrCat("--", name, " takes no value"));
      // Who asks for help gets it, whatever else stands there.
      if (result_.action != Action::kHelp) result_.action = flag.action;
      return true;
    }
    return false;
  }

  void Set(std::size_t index, const std::string& shown, const std::string& value, Origin origin) {
    if (absl::Status status = Assign(Settings()[index], value, result_.config); !status.ok()) {
      result_.errors.push_back(absl::StrCat(shown, "=", Shown(value), ": ", status.message()));
      return;
    }
    result_.origins[index] = origin;
  }

  CommandLine result_;
};

void CheckTransport(const Config& config, std::vector<std::string>& faults) {
  const TlsOptions& tls = config.access.tls;
  const absl::StatusOr<Address> listen = ParseAddress(config.server.address);
  if (tls.certificate_file.empty() != tls.key_file.empty()) {
    faults.push_back("--tls-cert and --tls-key belong together: give both or neither");
  } else if (!tls.enabled() && !tls.client_ca_file.empty()) {
    faults.push_back("--tls-client-ca needs --tls-cert and --tls-key: without TLS no client shows a certificate");
  } else if (tls.enabled() && config.insecure) {
    faults.push_back("--insecure says that plaintext is meant, and --tls-cert that it is not: leave one out");
  } else if (listen.ok() && !IsLoopback(*listen) && !tls.enabled() && !config.insecure) {
    faults.push_back(absl::StrCat("--listen=", config.server.address,
                                  " can be reached from other machines, and what is sent there, tokens too, is not ",
                                  "encrypted: give --tls-cert and --tls-key, or put a proxy that ends TLS before it ",
                                  "and say --insecure, or listen on 127.0.0.1"));
  }
}

}  // namespace

CommandLine ParseCommandLine(std::span<const std::string> arguments, std::span<const std::string> environment) {
  Parser parser;
  parser.ReadEnvironment(environment);
  parser.ReadArguments(arguments);
  return parser.Take();
}

void ResolveConfig(const ProcessQuota& quota, Config& config) {
  if (config.model.threads == 0) config.model.threads = quota.cores;
  if (config.pipeline.decode_threads == 0) config.pipeline.decode_threads = quota.cores;
  if (config.pipeline.batch.max_images == 0) {
    config.pipeline.batch.max_images = config.model.device == "cuda" ? kImagesOnCuda : 1;
  }
  if (config.server.memory_quota_bytes == 0) {
    config.server.memory_quota_bytes = std::min(kMaxMemoryQuota, quota.memory_bytes / 4);
  }
}

std::vector<std::string> CheckConfig(const Config& config) {
  std::vector<std::string> faults;
  CheckTransport(config, faults);
  const auto must_not_exceed = [&faults](const std::string& what, const std::string& limit) {
    faults.push_back(absl::StrCat(what, " must not exceed ", limit));
  };
  if (config.drain.delay > config.drain.timeout) {
    must_not_exceed(absl::StrCat("--drain-delay=", FormatDuration(config.drain.delay)),
                    absl::StrCat("--drain-timeout=", FormatDuration(config.drain.timeout), ", which includes it"));
  }
  const std::uint64_t request_bytes = config.server.limits.max_request_bytes;
  if (request_bytes > config.pipeline.admission.max_bytes) {
    must_not_exceed(absl::StrCat("--max-request-bytes=", FormatBytes(request_bytes)),
                    absl::StrCat("--queue-bytes=", FormatBytes(config.pipeline.admission.max_bytes)));
  }
  if (request_bytes > config.server.memory_quota_bytes) {
    must_not_exceed(absl::StrCat("--max-request-bytes=", FormatBytes(request_bytes)),
                    absl::StrCat("--memory-quota=", FormatBytes(config.server.memory_quota_bytes)));
  }
  // Otherwise a picture within the limits that GetModel tells could never be decoded.
  if (const std::uint64_t needed = MaxDecodedBytes(request_bytes, config.server.limits.image);
      needed > config.decode_bytes) {
    faults.push_back(absl::StrCat("--decode-bytes=", FormatBytes(config.decode_bytes), " must be at least ",
                                  FormatBytes(RoundUpToMiB(needed)),
                                  ", which one picture of --max-image-pixels and --max-image-side may take"));
  }
  return faults;
}

absl::Status CheckModelFits(const Config& config, const ModelInfo& model) {
  const std::uint64_t canvas = CanvasBytes(model.input_size);
  if (canvas <= config.pipeline.admission.max_bytes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a canvas of the model takes ", canvas,
                   " bytes, more than --queue-bytes=", FormatBytes(config.pipeline.admission.max_bytes), " in all"));
}

}  // namespace lqvg::serving
