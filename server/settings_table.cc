// The rows of the table that settings.h declares.
#include <chrono>

#include "server/settings.h"

namespace lqvg::serving {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kKiB = 1ull << 10;
constexpr std::uint64_t kMiB = 1ull << 20;
constexpr std::uint64_t kGiB = 1ull << 30;

constexpr const char* kDevices[] = {"cpu", "cuda"};
constexpr const char* kFormats[] = {"text", "json"};
constexpr const char* kLevels[] = {"debug", "info", "warning", "error"};

constexpr const char* kModel = "Model";
constexpr const char* kNetwork = "Network";
constexpr const char* kRequests = "What a request may be";
constexpr const char* kQueue = "Queue and batches";
constexpr const char* kCaches = "Caches";
constexpr const char* kStopping = "Stopping (SIGTERM, or SIGINT without the delay; a second one ends at once)";
constexpr const char* kLog = "Log (on stderr)";
constexpr const char* kTesting = "For tests of the server, never in service";

constexpr Setting kSettings[] = {
    {"model", kModel, TextKind{[](Config& c) -> std::string& { return c.model.directory; }, "DIR"},
     "Directory with config.json, model.safetensors, vocab.json and merges.txt. Empty: the demo model that came with "
     "the program, or models/demo."},
    {"model-name", kModel, TextKind{[](Config& c) -> std::string& { return c.model.name; }, "NAME"},
     "Name that the model is served under. Empty: the directory's."},
    {"device", kModel, ChoiceKind{[](Config& c) -> std::string& { return c.model.device; }, kDevices},
     "Where the model runs."},
    {"threads", kModel, CountKind{[](Config& c) -> int& { return c.model.threads; }, 0, 1'024, "one per core"},
     "Threads for one operation of the model. 0: one per core of the container's quota."},

    {"listen", kNetwork, AddressKind{[](Config& c) -> std::string& { return c.server.address; }},
     "gRPC. Port 0 picks one and prints it. An address beyond loopback needs TLS or --insecure."},
    {"tls-cert", kNetwork, TextKind{[](Config& c) -> std::string& { return c.access.tls.certificate_file; }, "FILE"},
     "PEM file with the server's certificate and its chain: gRPC by TLS 1.2 or 1.3. SIGHUP reads it again."},
    {"tls-key", kNetwork, TextKind{[](Config& c) -> std::string& { return c.access.tls.key_file; }, "FILE"},
     "PEM file with the certificate's private key. SIGHUP reads it again."},
    {"tls-client-ca", kNetwork, TextKind{[](Config& c) -> std::string& { return c.access.tls.client_ca_file; }, "FILE"},
     "PEM file with the CAs of client certificates, which clients then must have. SIGHUP reads it again."},
    {"clients", kNetwork, TextKind{[](Config& c) -> std::string& { return c.access.clients_file; }, "FILE"},
     "Who may call, a line each: NAME token SHA256, or NAME certificate SUBJECT. Health stays open. SIGHUP reads it "
     "again."},
    {"caller-metadata", kNetwork, TextKind{[](Config& c) -> std::string& { return c.server.caller_metadata; }, "KEY"},
     "Metadata, set by a proxy in front, whose value tells callers apart where there are no --clients. Empty: their "
     "addresses do."},
    {"insecure", kNetwork, SwitchKind{[](Config& c) -> bool& { return c.insecure; }},
     "Allow plaintext on an address that other machines can reach: for use behind a proxy that ends TLS."},
    {"health-listen", kNetwork, AddressKind{[](Config& c) -> std::string& { return c.server.health_address; }, true},
     "Health alone, in plaintext, for probes that cannot speak TLS as --listen may want it. Empty: not."},
    {"metrics-listen", kNetwork, AddressKind{[](Config& c) -> std::string& { return c.metrics_address; }},
     "Prometheus metrics, at /metrics. Port 0 picks one and prints it."},
    {"reflection", kNetwork, SwitchKind{[](Config& c) -> bool& { return c.server.reflection; }},
     "Serve gRPC reflection, so that tools need no proto file."},
    {"memory-quota", kNetwork,
     BytesKind{[](Config& c) -> std::uint64_t& { return c.server.memory_quota_bytes; }, 0, 256 * kGiB,
               "a quarter of the memory, at most 1GiB"},
     "Buffers of all connections together. 0: a quarter of the container's memory, at most 1GiB."},
    {"max-concurrent-streams", kNetwork,
     CountKind{[](Config& c) -> int& { return c.server.max_concurrent_streams; }, 1, 10'000},
     "Calls at once on one connection."},
    {"max-connection-age", kNetwork,
     DurationKind{[](Config& c) -> Duration& { return c.server.max_connection_age; }, seconds(1), hours(24)},
     "After this a connection is asked to leave, so that load spreads over new replicas."},
    {"max-connection-age-grace", kNetwork,
     DurationKind{[](Config& c) -> Duration& { return c.server.max_connection_age_grace; }, seconds(1), hours(1)},
     "Then its calls have this long to finish."},
    {"max-stream-age", kNetwork,
     DurationKind{[](Config& c) -> Duration& { return c.server.max_stream_age; }, seconds(1), hours(24)},
     "After this a GroundStream is read no more, answered and ended with STREAM_AGED. Below the connection's age, or "
     "the "
     "stream is cut off with it."},
    {"max-connection-idle", kNetwork,
     DurationKind{[](Config& c) -> Duration& { return c.server.max_connection_idle; }, seconds(1), hours(24)},
     "A connection without calls for this long is closed."},
    {"accept-probe-interval", kNetwork,
     DurationKind{[](Config& c) -> Duration& { return c.accept_probe.interval; }, seconds(0), minutes(1)},
     "How often the server connects to itself. Three failures in a row end it with exit code 70. 0s: never."},

    {"max-request-bytes", kRequests,
     BytesKind{[](Config& c) -> std::uint64_t& { return c.server.limits.max_request_bytes; }, 64 * kKiB, 64 * kMiB},
     "A whole request message."},
    {"max-image-pixels", kRequests,
     PixelsKind{[](Config& c) -> std::uint64_t& { return c.server.limits.image.max_pixels; }, 256, 256'000'000},
     "Width times height of a picture. Its decoded pixels must not exceed 256 MiB either."},
    {"max-image-side", kRequests,
     CountKind{[](Config& c) -> int& { return c.server.limits.image.max_side; }, 16, 65'535},
     "Longer side of a picture, in pixels."},
    {"max-expressions", kRequests,
     CountKind{[](Config& c) -> int& { return c.server.limits.max_expressions; }, 1, 1'024},
     "Expressions in a request."},
    {"max-expression-bytes", kRequests,
     CountKind{[](Config& c) -> int& { return c.server.limits.max_expression_bytes; }, 1, 65'536},
     "UTF-8 bytes of an expression. The model's limit of tokens holds as well."},
    {"default-deadline", kRequests,
     DurationKind{[](Config& c) -> Duration& { return c.pipeline.default_deadline; }, milliseconds(1), hours(1)},
     "For calls that come without a deadline."},

    {"queue-requests", kQueue, CountKind{[](Config& c) -> int& { return c.pipeline.admission.max_calls; }, 1, 65'536},
     "Calls inside the server, waiting or running. One more is refused with QUEUE_FULL."},
    {"queue-bytes", kQueue,
     BytesKind{[](Config& c) -> std::uint64_t& { return c.pipeline.admission.max_bytes; }, 64 * kKiB, 64 * kGiB},
     "Bytes that they hold: each its request, or its canvas if that is larger. Beyond it: MEMORY_BUDGET."},
    {"caller-share", kQueue, CountKind{[](Config& c) -> int& { return c.pipeline.admission.caller_percent; }, 1, 100},
     "Percent of these calls and bytes that one caller may hold, so that others find room. Beyond it: "
     "QUOTA_EXCEEDED."},
    {"decode-threads", kQueue,
     CountKind{[](Config& c) -> int& { return c.pipeline.decode_threads; }, 0, 256, "one per core"},
     "Threads that parse requests and decode pictures. 0: one per core of the container's quota."},
    {"decode-bytes", kQueue,
     BytesKind{[](Config& c) -> std::uint64_t& { return c.decode_bytes; }, 64 * kMiB, 256 * kGiB},
     "Memory for pictures that are being decoded, all threads together. A picture waits for its share."},
    {"max-batch-images", kQueue,
     CountKind{[](Config& c) -> int& { return c.pipeline.batch.max_images; }, 0, 64, "1 on cpu, 8 on cuda"},
     "Different pictures that run together. 0: 1 on cpu, where more do not pay, and 8 on cuda."},
    {"max-batch-expressions", kQueue,
     CountKind{[](Config& c) -> int& { return c.pipeline.batch.max_expressions; }, 1, 1'024},
     "Expressions that run together."},
    {"max-queue-delay", kQueue,
     DurationKind{[](Config& c) -> Duration& { return c.pipeline.batch.max_queue_delay; }, seconds(0), seconds(10)},
     "How long a free device waits for a batch to fill. 0s: never."},
    {"device-timeout", kQueue,
     DurationKind{[](Config& c) -> Duration& { return c.pipeline.device_timeout; }, milliseconds(100), hours(24)},
     "A batch that lasts longer means that the device hangs: the server answers DEVICE_LOST and ends with 70."},

    {"image-cache-bytes", kCaches,
     BytesKind{[](Config& c) -> std::uint64_t& { return c.caches.images; }, 0, 256 * kGiB},
     "What the model computed of pictures, and whether clients may send digests instead of bytes. With --device=cuda "
     "it "
     "is in the device's memory. 0: off."},
    {"text-cache-bytes", kCaches, BytesKind{[](Config& c) -> std::uint64_t& { return c.caches.texts; }, 0, 256 * kGiB},
     "What the model computed of expressions. With --device=cuda it is in the device's memory. 0: off."},
    {"response-cache-bytes", kCaches,
     BytesKind{[](Config& c) -> std::uint64_t& { return c.caches.responses; }, 0, 256 * kGiB},
     "Answers: whoever asks the same about the same picture gets them without the model. 0: off."},

    {"drain-delay", kStopping, DurationKind{[](Config& c) -> Duration& { return c.drain.delay; }, seconds(0), hours(1)},
     "Not ready, but still serving, so that load balancers notice before calls are refused."},
    {"drain-timeout", kStopping,
     DurationKind{[](Config& c) -> Duration& { return c.drain.timeout; }, seconds(0), hours(1)},
     "From the signal, delay included: what has not finished by then is answered SHUTTING_DOWN."},

    {"log-format", kLog, ChoiceKind{[](Config& c) -> std::string& { return c.log.format; }, kFormats},
     "Lines for people, or one JSON object a line."},
    {"log-level", kLog, ChoiceKind{[](Config& c) -> std::string& { return c.log.level; }, kLevels},
     "The least that is written. At debug every call is, and no line is left out."},

    {"fault-points", kTesting, FaultsKind{[](Config& c) -> FaultPlan& { return c.faults; }},
     "Faults on purpose. POINT is parsed, queued, batched, executing or finishing; FAULT is delay=DURATION or, at "
     "batched "
     "and executing, fail=device_memory, fail=device_lost or fail=hang."},
};

constexpr ActionFlag kActions[] = {
    {"check", Action::kCheck, "load the model, say what its directory holds, exit"},
    {"print-config", Action::kPrintConfig, "print the effective configuration and where each value comes from, exit"},
    {"version", Action::kVersion, "print version and commit, exit"},
    {"help", Action::kHelp, "print this help, exit"},
};

}  // namespace

std::span<const ActionFlag> ActionFlags() { return kActions; }

std::span<const Setting> Settings() { return kSettings; }

}  // namespace lqvg::serving
