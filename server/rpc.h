// What the data plane's RPCs have in common, whatever they ask: the record that each keeps of itself, and how it ends.
//
// Stateless and thread-safe; never blocks.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"
#include "server/call.h"
#include "server/finished_call.h"

namespace lqvg::serving {

// 16 random bytes in hexadecimal. Unique, not secret.
std::string MakeRequestId();

// What is known of an RPC before its bytes are read: `method`, a literal, and the ids in its metadata.
FinishedCall BeginRecord(std::string_view method, const grpc::CallbackServerContext& context);

// Completes the record of an RPC that ends with `status`, and returns how it ends for the client. Everything that goes
// to the client beside the message goes into the trailers: initial metadata would stop the retries of gRPC's clients.
grpc::Status Conclude(const absl::Status& status, FinishedCall& record, grpc::CallbackServerContext& context);

// Notes why a call failed, as Conclude does.
void RecordFailure(const absl::Status& status, FinishedCall& record);

// Notes what was answered.
void RecordAnswer(const GroundAnswer& answer, FinishedCall& record);

// CANCELLED: the client left while it sent its request. The library starts the call all the same, and may say so only
// later.
absl::Status CameWithoutRequest();

// When even the refusal cannot be made.
grpc::Status OutOfMemory();

}  // namespace lqvg::serving
