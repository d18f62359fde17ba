// Where every RPC of the data plane comes in, whichever service it belongs to: who calls, which model is asked, which
// RPCs are open, and how one ends that is no call of the pipeline.
//
// Owned by the server, outlives its services. Thread-safe; only AwaitAnswersSent blocks.
#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "model/grounder.h"
#include "server/authenticator.h"
#include "server/caller.h"
#include "server/clock.h"
#include "server/finished_call.h"
#include "server/mutex.h"
#include "server/open_rpcs.h"
#include "server/request_limits.h"

namespace lqvg::serving {

// What an RPC that becomes a call takes along: it may outlive the reception.
struct RpcContext {
  const CallObserver* observer;  // of the reception: used only while the RPC is not done
  std::shared_ptr<const ModelInfo> model;
  RequestLimits limits;
  Caller caller;
  OpenRpcs::Token open;
};

class Reception {
 public:
  struct Options {
    RequestLimits limits;
    std::string version;                           // of this program
    std::string commit;                            // that it was built from; may be empty
    CallObserver observer;                         // may be empty
    const Authenticator* authenticator = nullptr;  // outlives the reception; null: everybody may call
    std::string caller_metadata;                   // see IdentifyCaller; may be empty
  };

  // `clock` outlives the reception.
  Reception(Options options, const Clock& clock);
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;

  const Options& options() const { return options_; }

  // The model that is asked about. To be called before the pipeline is opened.
  void SetModel(const ModelInfo& info);
  // Never null; without a digest until there is one.
  std::shared_ptr<const ModelInfo> model() const;
  // The same; UNAVAILABLE, MODEL_LOADING until there is one.
  absl::StatusOr<std::shared_ptr<const ModelInfo>> LoadedModel() const;

  // Who calls; noted in the record. UNAUTHENTICATED, PERMISSION_DENIED.
  absl::StatusOr<Caller> Identify(const grpc::CallbackServerContext& context, FinishedCall& record) const;

  // For an RPC of `caller` that becomes a call. It is open until the token is given back.
  RpcContext Open(Caller caller);
  OpenRpcs::Token OpenToken() { return open_rpcs_.Begin(); }

  // How an RPC ends that is no call of the pipeline: completes its record and tells the observer.
  grpc::Status Close(const absl::Status& status, FinishedCall& record, TimePoint begun,
                     grpc::CallbackServerContext& context) const;

  // Asks who calls, answers with what `describe` returns, and closes, all at once. Never throws.
  grpc::ServerUnaryReactor* Answer(const char* method, grpc::CallbackServerContext& context, grpc::ByteBuffer& response,
                                   absl::FunctionRef<absl::StatusOr<grpc::ByteBuffer>()> describe) const;

  // Blocks until the answers to the RPCs that were opened by now are sent, or until `deadline`.
  void AwaitAnswersSent(TimePoint deadline) { open_rpcs_.AwaitDone(clock_, deadline); }

 private:
  const Options options_;
  const Clock& clock_;
  OpenRpcs open_rpcs_;
  mutable Mutex mutex_;
  std::shared_ptr<const ModelInfo> model_ ABSL_GUARDED_BY(mutex_);  // never null
};

// Ends an RPC that needs no reactor of its own. Never throws.
grpc::ServerUnaryReactor* FinishAtOnce(grpc::CallbackServerContext& context, const grpc::Status& status);

}  // namespace lqvg::serving
