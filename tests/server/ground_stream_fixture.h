// A client's end of GroundStream, and a server for it to talk to.
//
// Used by one test's thread; what the server reports may come from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "gmock/gmock.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/sync_stream.h"
#include "gtest/gtest.h"
#include "tests/server/serving_fixture.h"

namespace lqvg::serving {

inline v1::GroundStreamRequest GoodItem() {
  v1::GroundStreamRequest item;
  *item.mutable_request() = GoodRequest();
  return item;
}

inline v1::GroundStreamRequest ItemWithTimeout(std::int64_t whole_seconds, std::int32_t nanos) {
  v1::GroundStreamRequest item = GoodItem();
  item.mutable_timeout()->set_seconds(whole_seconds);
  item.mutable_timeout()->set_nanos(nanos);
  return item;
}

inline v1::GroundStreamRequest ItemWithTimeout(std::chrono::milliseconds timeout) {
  return ItemWithTimeout(timeout.count() / 1'000, static_cast<std::int32_t>(timeout.count() % 1'000 * 1'000'000));
}

inline std::string ReasonOf(const v1::GroundStreamResponse& response) { return ReasonOf(response.error()); }

// The client's end of one stream. Used by one thread, but for its context.
class ClientStream {
 public:
  // `prepare` sets what is to be set before the stream begins.
  explicit ClientStream(v1::GroundingService::Stub& stub,
                        const std::function<void(grpc::ClientContext&)>& prepare = {}) {
    if (prepare) prepare(context);
    stream_ = stub.GroundStream(&context);
  }

  bool Write(const v1::GroundStreamRequest& item) { return stream_->Write(item); }
  void HalfClose() { stream_->WritesDone(); }

  // The next answer, which must come.
  v1::GroundStreamResponse Read() {
    v1::GroundStreamResponse response;
    EXPECT_TRUE(stream_->Read(&response));
    return response;
  }

  // Gives every answer that still comes to `take`.
  void ReadEach(const std::function<void(const v1::GroundStreamResponse&)>& take) {
    v1::GroundStreamResponse response;
    while (stream_->Read(&response)) take(response);
  }

  // All answers that still come, by their sequence.
  std::map<std::uint64_t, v1::GroundStreamResponse> ReadAll() {
    std::map<std::uint64_t, v1::GroundStreamResponse> responses;
    ReadEach([&responses](const v1::GroundStreamResponse& response) {
      EXPECT_TRUE(responses.emplace(response.sequence(), response).second) << response.sequence() << " came twice";
    });
    return responses;
  }

  // The status; no answer may be left.
  grpc::Status Finish() {
    EXPECT_THAT(ReadAll(), testing::IsEmpty());
    return stream_->Finish();
  }

  grpc::ClientContext context;

 private:
  std::unique_ptr<grpc::ClientReaderWriter<v1::GroundStreamRequest, v1::GroundStreamResponse>> stream_;
};

class GroundStreamTest : public ServingTest {
 protected:
  // What becomes of one item of a stream that has it alone.
  v1::GroundStreamResponse OutcomeOf(const v1::GroundStreamRequest& item) {
    ClientStream stream(stub());
    EXPECT_TRUE(stream.Write(item));
    stream.HalfClose();
    v1::GroundStreamResponse response = stream.Read();
    const grpc::Status status = stream.Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  // Blocks until the server has read `count` items.
  void AwaitRead(std::uint64_t count) {
    while (pipeline().occupancy().received < count) std::this_thread::yield();
  }

  // When this returns, the server has seen all that was sent on the channel before, often enough to react.
  void GoBackAndForth() {
    for (int i = 0; i < 50; ++i) {
      grpc::ClientContext context;
      v1::GetModelResponse response;
      ASSERT_TRUE(stub().GetModel(&context, {}, &response).ok());
    }
  }
};

using HeldGroundStreamTest = Held<GroundStreamTest>;

}  // namespace lqvg::serving
