#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <sstream>
#include <string>
#include <vector>

#include "server/config_text.h"
#include "server/settings.h"

namespace lqvg::serving {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

CommandLine Parse(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {}) {
  return ParseCommandLine(arguments, environment);
}

Config Resolved(const std::vector<std::string>& arguments) {
  CommandLine command_line = Parse(arguments);
  EXPECT_THAT(command_line.errors, IsEmpty());
  ResolveConfig({.cores = 6, .memory_bytes = 2ull << 30}, command_line.config);
  return command_line.config;
}

const Setting& Named(const std::string& name) {
  for (const Setting& setting : Settings()) {
    if (setting.name == name) return setting;
  }
  throw std::runtime_error("no setting " + name);
}

TEST(ConfigTest, DefaultsAreThoseOfTheContract) {
  const Config config = Resolved({});
  EXPECT_EQ(config.server.address, "127.0.0.1:50051");
  EXPECT_EQ(config.metrics_address, "127.0.0.1:9464");
  EXPECT_EQ(config.server.limits.max_request_bytes, 16u << 20);
  EXPECT_EQ(config.server.limits.image.max_pixels, 64'000'000u);
  EXPECT_EQ(config.server.limits.image.max_side, 16'384);
  EXPECT_EQ(config.server.limits.max_expressions, 32);
  EXPECT_EQ(config.server.limits.max_expression_bytes, 4'096);
  EXPECT_EQ(config.server.max_concurrent_streams, 32);
  EXPECT_EQ(config.server.max_connection_age, std::chrono::minutes(10));
  EXPECT_EQ(config.server.max_connection_age_grace, std::chrono::seconds(30));
  EXPECT_EQ(config.server.max_stream_age, std::chrono::minutes(9));
  EXPECT_FALSE(config.server.reflection);
  EXPECT_FALSE(config.insecure);
  EXPECT_EQ(config.pipeline.admission.max_calls, 256);
  EXPECT_EQ(config.pipeline.admission.max_bytes, 512u << 20);
  EXPECT_EQ(config.decode_bytes, 1u << 30);
  EXPECT_EQ(config.pipeline.default_deadline, std::chrono::seconds(60));
  EXPECT_EQ(config.pipeline.batch.max_queue_delay, Duration::zero());
  EXPECT_EQ(config.drain.delay, std::chrono::seconds(5));
  EXPECT_EQ(config.drain.timeout, std::chrono::seconds(25));
  EXPECT_EQ(config.pipeline.device_timeout, std::chrono::minutes(5));
  EXPECT_TRUE(config.faults.empty());
  EXPECT_THAT(CheckConfig(config), IsEmpty());
}

TEST(ConfigTest, SizesThreadsAndMemoryByTheQuota) {
  const Config config = Resolved({});
  EXPECT_EQ(config.model.threads, 6);
  EXPECT_EQ(config.pipeline.decode_threads, 6);
  EXPECT_EQ(config.server.memory_quota_bytes, 512u << 20);
  EXPECT_EQ(Resolved({"--threads=3"}).model.threads, 3);

  Config roomy = Parse({}).config;
  ResolveConfig({.cores = 1, .memory_bytes = 64ull << 30}, roomy);
  EXPECT_EQ(roomy.server.memory_quota_bytes, 1u << 30);
}

TEST(ConfigTest, BatchesPicturesOnCudaOnly) {
  EXPECT_EQ(Resolved({}).pipeline.batch.max_images, 1);
  EXPECT_EQ(Resolved({"--device=cuda"}).pipeline.batch.max_images, 8);
  EXPECT_EQ(Resolved({"--device=cuda", "--max-batch-images=2"}).pipeline.batch.max_images, 2);
}

// Every row: its flag, its variable and its bounds reach its own value and no other.
TEST(ConfigTest, EverySettingReachesItsOwnValue) {
  for (const Setting& setting : Settings()) {
    SCOPED_TRACE(setting.name);
    std::string value = "some-name";
    if (std::holds_alternative<SwitchKind>(setting.kind)) value = "true";
    if (std::holds_alternative<AddressKind>(setting.kind)) value = "127.0.0.1:1234";
    if (std::holds_alternative<FaultsKind>(setting.kind)) value = "executing:delay=50ms,executing:fail=hang";
    if (const auto* kind = std::get_if<ChoiceKind>(&setting.kind)) value = kind->choices.back();
    if (const std::size_t dots = AllowedText(setting).find(".."); dots != std::string::npos) {
      value = AllowedText(setting).substr(dots + 2);
      if (value == DefaultText(setting)) value = AllowedText(setting).substr(0, dots);
    }
    ASSERT_NE(value, ValueText(setting, Config()));
    for (const CommandLine& command_line : {Parse({std::string("--") + setting.name + "=" + value}),
                                            Parse({}, {EnvironmentNameOf(setting) + "=" + value})}) {
      EXPECT_THAT(command_line.errors, IsEmpty());
      for (const Setting& other : Settings()) {
        EXPECT_EQ(ValueText(other, command_line.config), &other == &setting ? value : ValueText(other, Config()))
            << other.name;
      }
    }
  }
}

TEST(ConfigTest, RefusesWhatIsOutOfBounds) {
  for (const char* argument :
       {"--max-request-bytes=65MiB", "--max-request-bytes=1KiB", "--queue-requests=0", "--queue-requests=65537",
        "--queue-requests=4294967297", "--default-deadline=0s", "--drain-timeout=25h", "--threads=-1",
        "--log-level=trace", "--device-timeout=99ms", "--fault-points=queued:fail=hang", "--device=tpu",
        "--listen=50051", "--max-image-side=15", "--reflection=perhaps"}) {
    const std::vector<std::string> errors = Parse({argument}).errors;
    EXPECT_THAT(errors, ElementsAre(StartsWith(argument))) << argument;
  }
  EXPECT_THAT(Parse({"--max-request-bytes=65MiB"}).errors[0], HasSubstr("must be 64KiB..64MiB"));
  EXPECT_THAT(Parse({"--log-level=trace"}).errors[0], HasSubstr("debug, info, warning, error"));
}

TEST(ConfigTest, TakesTheBoundsThemselves) {
  EXPECT_THAT(Parse({"--max-request-bytes=64MiB", "--queue-requests=1", "--drain-delay=0s"}).errors, IsEmpty());
}

TEST(ConfigTest, ReadsAValueBehindEqualsOrASpace) {
  EXPECT_EQ(Parse({"--drain-delay=7s"}).config.drain.delay, std::chrono::seconds(7));
  EXPECT_EQ(Parse({"--drain-delay", "7s"}).config.drain.delay, std::chrono::seconds(7));
  EXPECT_EQ(Parse({"--model-name", "a=b"}).config.model.name, "a=b");
  EXPECT_EQ(Parse({"--model-name=a=b"}).config.model.name, "a=b");
}

TEST(ConfigTest, ReportsAFlagWithoutItsValue) {
  EXPECT_THAT(Parse({"--drain-delay"}).errors, ElementsAre(HasSubstr("--drain-delay needs a value")));
  EXPECT_THAT(Parse({"--drain-delay", "--insecure"}).errors, ElementsAre(HasSubstr("--drain-delay needs a value")));
}

TEST(ConfigTest, ReadsSwitches) {
  EXPECT_TRUE(Parse({"--reflection"}).config.server.reflection);
  EXPECT_FALSE(Parse({"--reflection", "--no-reflection"}).config.server.reflection);
  EXPECT_FALSE(Parse({"--reflection=false"}).config.server.reflection);
  EXPECT_THAT(Parse({"--no-reflection=true"}).errors, ElementsAre(HasSubstr("takes no value")));
  // A switch does not swallow what follows it.
  EXPECT_THAT(Parse({"--reflection", "false"}).errors, ElementsAre(HasSubstr("unexpected argument 'false'")));
  EXPECT_THAT(Parse({"--no-listen"}).errors, ElementsAre(HasSubstr("unknown flag --no-listen")));
}

TEST(ConfigTest, SuggestsTheNearestFlag) {
  EXPECT_THAT(Parse({"--drain-dely=5s"}).errors,
              ElementsAre("unknown flag --drain-dely (did you mean --drain-delay?)"));
  EXPECT_THAT(Parse({"--verison"}).errors, ElementsAre(HasSubstr("--version")));
  EXPECT_THAT(Parse({"--frobnicate"}).errors, ElementsAre("unknown flag --frobnicate"));
}

TEST(ConfigTest, ReportsEveryFaultAtOnce) {
  EXPECT_THAT(Parse({"--threads=x", "--nonsense", "stray"}, {"LQVG_QUEUE_BYTES=lots"}).errors,
              ElementsAre(StartsWith("LQVG_QUEUE_BYTES=lots"), StartsWith("--threads=x"), StartsWith("unknown flag"),
                          StartsWith("unexpected argument")));
}

TEST(ConfigTest, TellsAFaultOnOneReadableLine) {
  const std::string odd = "a\nb\xFF" + std::string(10'000, 'c');
  const CommandLine read = Parse({odd, "--" + odd, "--threads=" + odd}, {"LQVG_" + odd + "=1", "LQVG_LISTEN=" + odd});
  EXPECT_THAT(read.errors, testing::SizeIs(4));
  EXPECT_THAT(read.errors, testing::Each(AllOf(HasSubstr("a\\nb\\377ccc"), testing::SizeIs(testing::Lt(300)))));
  EXPECT_THAT(read.warnings, ElementsAre(AllOf(HasSubstr("LQVG_a\\nb\\377ccc"), testing::SizeIs(testing::Lt(300)))));
}

TEST(ConfigTest, FlagWinsOverEnvironmentOverDefault) {
  const std::vector<std::string> environment = {"LQVG_QUEUE_REQUESTS=7", "LQVG_THREADS=2"};
  const CommandLine command_line = Parse({"--threads=5"}, environment);
  EXPECT_EQ(command_line.config.pipeline.admission.max_calls, 7);
  EXPECT_EQ(command_line.config.model.threads, 5);
  EXPECT_EQ(command_line.config.server.limits.max_expressions, 32);
  const std::string text = ConfigText(command_line);
  EXPECT_THAT(text, testing::ContainsRegex("--queue-requests=7 +# environment\n"));
  EXPECT_THAT(text, testing::ContainsRegex("--threads=5 +# flag\n"));
  EXPECT_THAT(text, testing::ContainsRegex("--max-expressions=32 +# default\n"));
}

TEST(ConfigTest, TheLastOfTwoFlagsCounts) { EXPECT_EQ(Parse({"--threads=1", "--threads=4"}).config.model.threads, 4); }

TEST(ConfigTest, WarnsOfVariablesThatAreNoSettings) {
  const CommandLine command_line = Parse({}, {"LQVG_DRAIN_DELY=5s", "LQVG_ISA=generic", "PATH=/bin", "NOT_LQVG_X=1"});
  EXPECT_THAT(command_line.warnings, ElementsAre(HasSubstr("LQVG_DRAIN_DELY")));
  EXPECT_THAT(command_line.errors, IsEmpty());
}

TEST(ConfigTest, TakesAnEmptyVariableAsUnset) {
  const CommandLine command_line = Parse({}, {"LQVG_THREADS="});
  EXPECT_THAT(command_line.errors, IsEmpty());
  EXPECT_THAT(command_line.origins, Not(Contains(Origin::kEnvironment)));
}

TEST(ConfigTest, KnowsWhatIsAskedFor) {
  EXPECT_EQ(Parse({}).action, Action::kServe);
  EXPECT_EQ(Parse({"--check", "--threads=1"}).action, Action::kCheck);
  EXPECT_EQ(Parse({"--print-config"}).action, Action::kPrintConfig);
  EXPECT_EQ(Parse({"--version"}).action, Action::kVersion);
  EXPECT_EQ(Parse({"-h"}).action, Action::kHelp);
  EXPECT_EQ(Parse({"--help", "--check"}).action, Action::kHelp);
  EXPECT_THAT(Parse({"--check=yes"}).errors, ElementsAre(HasSubstr("takes no value")));
}

TEST(ConfigTest, PlaintextBeyondLoopbackNeedsInsecure) {
  EXPECT_THAT(CheckConfig(Resolved({"--listen=0.0.0.0:50051"})), ElementsAre(HasSubstr("--insecure")));
  EXPECT_THAT(CheckConfig(Resolved({"--listen=[::]:50051"})), ElementsAre(HasSubstr("--insecure")));
  EXPECT_THAT(CheckConfig(Resolved({"--listen=0.0.0.0:50051", "--insecure"})), IsEmpty());
  EXPECT_THAT(CheckConfig(Resolved({"--listen=[::1]:0"})), IsEmpty());
}

TEST(ConfigTest, TlsServesBeyondLoopbackWithoutInsecure) {
  EXPECT_THAT(CheckConfig(Resolved({"--listen=0.0.0.0:50051", "--tls-cert=c", "--tls-key=k"})), IsEmpty());
  EXPECT_THAT(CheckConfig(Resolved({"--tls-cert=c", "--tls-key=k", "--tls-client-ca=a"})), IsEmpty());
}

TEST(ConfigTest, RefusesHalfOfATlsConfiguration) {
  EXPECT_THAT(CheckConfig(Resolved({"--tls-cert=c"})), ElementsAre(HasSubstr("belong together")));
  EXPECT_THAT(CheckConfig(Resolved({"--tls-key=k"})), ElementsAre(HasSubstr("belong together")));
  EXPECT_THAT(CheckConfig(Resolved({"--tls-client-ca=a"})), ElementsAre(HasSubstr("--tls-client-ca needs")));
  EXPECT_THAT(CheckConfig(Resolved({"--tls-cert=c", "--tls-key=k", "--insecure"})),
              ElementsAre(HasSubstr("--insecure")));
}

TEST(ConfigTest, RefusesValuesThatContradictOneAnother) {
  EXPECT_THAT(CheckConfig(Resolved({"--drain-delay=26s"})), ElementsAre(HasSubstr("--drain-timeout=25s")));
  EXPECT_THAT(CheckConfig(Resolved({"--queue-bytes=15MiB"})), ElementsAre(HasSubstr("--queue-bytes=15MiB")));
  EXPECT_THAT(CheckConfig(Resolved({"--memory-quota=1MiB"})), ElementsAre(HasSubstr("--memory-quota=1MiB")));
  EXPECT_THAT(CheckConfig(Resolved({"--drain-delay=25s", "--queue-bytes=16MiB"})), IsEmpty());
}

TEST(ConfigTest, TheQueueMustHoldACanvasOfTheModel) {
  const Config config = Resolved({"--queue-bytes=3MiB", "--max-request-bytes=1MiB"});
  ModelInfo model;
  model.input_size = 1'024;
  EXPECT_TRUE(CheckModelFits(config, model).ok());
  model.input_size = 1'025;
  const absl::Status status = CheckModelFits(config, model);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("3151875 bytes"), HasSubstr("--queue-bytes=3MiB")));
}

TEST(ConfigTest, TheDecodeBudgetMustHoldThePictureThatTheLimitsAllow) {
  EXPECT_THAT(CheckConfig(Resolved({"--decode-bytes=512MiB"})),
              ElementsAre(HasSubstr("--decode-bytes=512MiB must be")));
  const std::string fault = CheckConfig(Resolved({"--decode-bytes=512MiB"})).at(0);
  const std::size_t needed = fault.find("at least ") + 9;
  EXPECT_THAT(CheckConfig(Resolved({"--decode-bytes=" + fault.substr(needed, fault.find(',') - needed)})), IsEmpty());
  EXPECT_THAT(CheckConfig(Resolved({"--decode-bytes=512MiB", "--max-image-pixels=30000000"})), IsEmpty());
  EXPECT_THAT(CheckConfig(Resolved({"--max-image-pixels=256000000"})), ElementsAre(HasSubstr("--decode-bytes=1GiB")));
}

TEST(ConfigTest, HelpTellsEverySettingWithinItsColumns) {
  const std::string help = HelpText("lqvg-server");
  for (const Setting& setting : Settings()) {
    EXPECT_THAT(help, AllOf(HasSubstr(std::string("  --") + setting.name), HasSubstr(EnvironmentNameOf(setting))));
  }
  EXPECT_THAT(help, HasSubstr("[5s; LQVG_DRAIN_DELAY]"));
  EXPECT_THAT(help, HasSubstr("[one per core; LQVG_THREADS]"));
  EXPECT_THAT(help, HasSubstr("--log-format=text|json"));
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

TEST(ConfigTest, PrintsAConfigurationThatReadsBackAsItself) {
  const CommandLine original = Parse({"--threads=3", "--drain-delay=1500ms", "--queue-bytes=17MiB", "--reflection"});
  std::vector<std::string> arguments;
  std::istringstream lines(ConfigText(original));
  for (std::string line; std::getline(lines, line);) arguments.push_back(line.substr(0, line.find(' ')));
  EXPECT_EQ(arguments.size(), Settings().size());
  const CommandLine read_back = Parse(arguments);
  EXPECT_THAT(read_back.errors, IsEmpty());
  for (const Setting& setting : Settings()) {
    EXPECT_EQ(ValueText(setting, read_back.config), ValueText(setting, original.config)) << setting.name;
  }
}

TEST(ConfigTest, NamesVariablesAfterFlags) { EXPECT_EQ(EnvironmentNameOf(Named("drain-delay")), "LQVG_DRAIN_DELAY"); }

}  // namespace
}  // namespace lqvg::serving
