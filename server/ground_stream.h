// GroundStream: items in, answers out as they are done. Each item is a call of the pipeline like a Ground.
//
// Owned by GroundService. Reactions come on the library's threads and answers on the pipeline's; none blocks. A stream
// reads at most 16 items that are not answered and whose answers the client has not taken, so that is all that it can
// hold: their requests while they are unanswered, then their answers, which are small.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "model/grounder.h"
#include "server/caller.h"
#include "server/clock.h"
#include "server/finished_call.h"
#include "server/mutex.h"
#include "server/open_rpcs.h"
#include "server/pipeline.h"
#include "server/request_limits.h"

namespace lqvg::serving {

// The open streams of a service.
class GroundStreams {
 public:
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

  struct Options {
    RequestLimits limits;
    Duration max_age;
    const CallObserver* observer;                             // outlives this object; what it holds may be empty
    std::function<std::shared_ptr<const ModelInfo>()> model;  // whose limits items are checked against
  };

  // Who opened a stream, and when.
  struct Opening {
    FinishedCall record;  // of the whole stream, as BeginRecord made it
    TimePoint begun;
    Caller caller;
    OpenRpcs::Token open;  // given back when the stream is done
  };

  // `pipeline` and `clock` outlive this object, and it outlives the library's server.
  GroundStreams(Options options, Pipeline& pipeline, const Clock& clock);
  ~GroundStreams();

  // Serves a stream. Its status is OK once the client has half-closed and every item is answered; UNAVAILABLE with
  // STREAM_AGED or SHUTTING_DOWN when it is too old, or after BeginDrain: then it reads no more, and what it has read
  // is answered first. The client's cancellation and deadline cancel what is unanswered. An item that comes at the very
  // end may be left out: its sequence is not answered.
  Reactor* Begin(grpc::CallbackServerContext* context, Opening opening);

  // Ends the streams, now and from now on, with SHUTTING_DOWN.
  void BeginDrain();

 private:
  class Stream;

  const Options options_;
  Pipeline& pipeline_;
  const Clock& clock_;
  Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::unordered_map<const Stream*, std::shared_ptr<Stream>> streams_ ABSL_GUARDED_BY(mutex_);  // until OnDone
};

}  // namespace lqvg::serving
