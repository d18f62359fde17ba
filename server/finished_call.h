// What is known of an RPC once it is answered: the one thing that the transport tells metrics and log.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/call.h"
#include "server/clock.h"

namespace lqvg::serving {

// An RPC, or an item of a GroundStream, which is a call of its own.
struct FinishedCall {
  // A literal: "Ground", "GroundStream", "GetModel", "ModelInfer", "ModelMetadata" or "ServerMetadata".
  std::string_view method = {};
  bool whole_stream = false;  // a GroundStream that ended with an error, beside its items; `total` is its life
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string reason = {};       // an ErrorReason without its prefix; empty when OK
  absl::Status status = {};      // in the server's own words: for the log, never for callers
  std::string request_id = {};   // never empty
  std::string client = {};       // its name on the list of clients; empty: nobody asked, or it is not on it
  std::string traceparent = {};  // the metadata of that name, of an identifier's characters; not checked further
  StageTimes times = {};         // zero for stages that the call did not reach
  Duration respond{};            // turning the answer into bytes
  Duration total{};              // from the call's arrival until it is handed to the library
  Duration slack{};              // of a grounding call's deadline, the client's or the default one; negative: late
  int image_width = 0, image_height = 0;            // pixels; 0 when the call was not answered, as all below
  int batch_images = 0, batch_expressions = 0;      // of the batch that it was in
  int expressions = 0;                              // answered, with or without error
  std::vector<std::string> expression_errors = {};  // the reason of each expression that failed alone
};

// Called by any thread, just before the client is answered: once for every RPC of GroundingService but GroundStream,
// and of GRPCInferenceService but for probes; once for every item of a GroundStream, and once for a GroundStream that
// ends with an error. Must not block or throw.
using CallObserver = std::function<void(const FinishedCall&)>;

}  // namespace lqvg::serving
