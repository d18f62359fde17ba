// A real server on a port of the loopback interface, with the fake model behind it, and a client's channel to it.
//
// Used by one test's thread; what the server reports may come from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "gtest/gtest.h"
#include "lqvg/v1/grounding.grpc.pb.h"
#include "server/finished_call.h"
#include "server/pipeline.h"
#include "server/server.h"
#include "tests/support/fake_grounder.h"
#include "tests/support/gate.h"
#include "tests/support/outcome_log.h"
#include "tests/support/query_maker.h"

namespace lqvg::serving {

// The fake preparation. A picture's first byte is its seed. An expression's token is its length, but for these.
inline constexpr char kNanExpression[] = "non-finite";
inline constexpr char kFailingExpression[] = "failing";

inline std::int32_t TokenOf(const std::string& expression) {
  if (expression == kNanExpression) return FakeGrounder::kNanToken;
  if (expression == kFailingExpression) return FakeGrounder::kFailToken;
  return static_cast<std::int32_t>(expression.size());
}

inline PreparedQuery FakePreparedQuery(const GroundQuery& query) {
  const auto* const encoded = std::get_if<std::string>(&query.image);
  const std::uint8_t seed = encoded ? static_cast<std::uint8_t>(encoded->front()) : std::get<Image>(query.image).rgb[0];
  std::vector<std::int32_t> tokens;
  for (const std::string& expression : query.expressions) tokens.push_back(TokenOf(expression));
  PreparedQuery prepared = MakeQuery(encoded ? *encoded : "", seed, tokens);
  prepared.answer_options = {
      .max_boxes = query.max_boxes, .min_score = query.min_score, .clip_boxes = query.clip_boxes};
  return prepared;
}

class ServingTest : public testing::Test {
 protected:
  // To be called before StartServer.
  Pipeline::Options& pipeline_options() { return pipeline_options_; }
  ServerOptions& server_options() { return server_options_; }
  // Hooks are to be set before Open.
  FakeGrounder& grounder() { return grounder_; }
  SteadyClock& clock() { return clock_; }

  // A server that is still loading.
  void StartServer(CallObserver observer = {}) {
    if (!observer) observer = log_.Recorder();
    pipeline_ = std::make_unique<Pipeline>(pipeline_options_, clock_);
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(server_options_, *pipeline_, clock_, observer);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = NewChannel();
    stub_ = v1::GroundingService::NewStub(channel_);
  }

  // The model is loaded.
  void Open() {
    server_->SetModel(grounder_.info());
    pipeline_->Open(grounder_, [](const GroundQuery& query, Call&) { return FakePreparedQuery(query); });
    server_->SetReady(true);
  }

  void StartAndOpen() {
    ASSERT_NO_FATAL_FAILURE(StartServer());
    Open();
  }

  // A connection to the service.
  std::shared_ptr<grpc::Channel> NewChannel(const grpc::ChannelArguments& arguments = {}) const {
    return ConnectedTo(server_->port(), arguments);
  }

  // Waits for the connection: gRPC 1.51 looks at errno some time after connect() and now and then finds what an
  // allocation left there, so a connection fails that was under way, and with it every call until the next try.
  static std::shared_ptr<grpc::Channel> ConnectedTo(int port, grpc::ChannelArguments arguments = {}) {
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 10);
    std::shared_ptr<grpc::Channel> channel = UnconnectedTo(port, arguments);
    EXPECT_TRUE(channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(20)));
    return channel;
  }

  static std::shared_ptr<grpc::Channel> UnconnectedTo(int port, grpc::ChannelArguments arguments = {}) {
    // Else tests share connections, and a server's end would be another's trouble.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials(), arguments);
  }

  // Asks, and waits for the answer.
  grpc::Status Ground(const v1::GroundRequest& request, v1::GroundResponse* response = nullptr) {
    grpc::ClientContext context;
    return GroundIn(context, request, response);
  }

  // The same, with metadata, deadline and trailers in `context`.
  grpc::Status GroundIn(grpc::ClientContext& context, const v1::GroundRequest& request,
                        v1::GroundResponse* response = nullptr) {
    v1::GroundResponse unused;
    return stub_->Ground(&context, request, response != nullptr ? response : &unused);
  }

  // Sends bytes as they are to "/package.Service/Method", and waits for the answer.
  grpc::Status Send(const std::string& method, const std::string& bytes, std::string* answer = nullptr) const {
    grpc::ClientContext context;
    return SendIn(context, method, bytes, answer);
  }

  // The same in `context`.
  grpc::Status SendIn(grpc::ClientContext& context, const std::string& method, const std::string& bytes,
                      std::string* answer = nullptr) const {
    grpc::GenericStub generic(channel_);
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    generic.UnaryCall(&context, method, {}, &request, &response,
                      [&done](grpc::Status status) { done.set_value(std::move(status)); });
    grpc::Status status = done.get_future().get();
    grpc::Slice flat;
    if (answer != nullptr && response.DumpToSingleSlice(&flat).ok()) {
      answer->assign(reinterpret_cast<const char*>(flat.begin()), flat.size());
    }
    return status;
  }

  void TearDown() override {
    if (server_ != nullptr) server_->Shutdown(clock_.Now());
    if (pipeline_ != nullptr) pipeline_->Stop();
  }

  Pipeline& pipeline() { return *pipeline_; }
  Server& server() { return *server_; }
  const std::shared_ptr<grpc::Channel>& channel() { return channel_; }
  v1::GroundingService::Stub& stub() { return *stub_; }
  OutcomeLogOf<FinishedCall>& log() { return log_; }

 private:
  SteadyClock clock_;
  FakeGrounder grounder_;
  OutcomeLogOf<FinishedCall> log_;
  Pipeline::Options pipeline_options_;
  ServerOptions server_options_{.address = "127.0.0.1:0"};
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::GroundingService::Stub> stub_;
};

// A test in which the model waits at a gate.
template <typename Test>
class Held : public Test {
 protected:
  void SetUp() override {
    this->grounder().before_encode_images = [this] { gate_.Pass(); };
  }
  void TearDown() override {
    gate_.Open();
    Test::TearDown();
  }

  Gate gate_;
};

// A request that is answered: an encoded picture and one expression.
inline v1::GroundRequest GoodRequest() {
  v1::GroundRequest request;
  request.mutable_image()->set_encoded("picture");
  request.add_expressions("the storage tank");
  return request;
}

// What google.rpc.Status of a failed call says.
struct ErrorDetails {
  google::rpc::Status status;
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  google::rpc::RetryInfo retry;

  std::vector<std::string> Fields() const {
    std::vector<std::string> fields;
    for (const auto& violation : bad_request.field_violations()) fields.push_back(violation.field());
    return fields;
  }
};

inline ErrorDetails DetailsOf(const std::string& serialized) {
  ErrorDetails details;
  EXPECT_TRUE(details.status.ParseFromString(serialized));
  for (const google::protobuf::Any& any : details.status.details()) {
    any.UnpackTo(&details.info) || any.UnpackTo(&details.bad_request) || any.UnpackTo(&details.retry);
  }
  return details;
}

inline ErrorDetails DetailsOf(const grpc::Status& status) {
  ErrorDetails details = DetailsOf(status.error_details());
  EXPECT_EQ(details.status.code(), status.error_code());
  EXPECT_EQ(details.status.message(), status.error_message());
  EXPECT_EQ(details.info.domain(), "lqvg");
  return details;
}

inline ErrorDetails DetailsOf(const google::rpc::Status& error) { return DetailsOf(error.SerializeAsString()); }

inline std::string ReasonOf(const grpc::Status& status) { return DetailsOf(status).info.reason(); }
inline std::string ReasonOf(const google::rpc::Status& error) { return DetailsOf(error).info.reason(); }

// Nothing if the RPC came without that trailer.
inline std::optional<std::string> TrailerOf(const grpc::ClientContext& context, const std::string& key) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find(key);
  if (found == trailers.end()) return std::nullopt;
  EXPECT_EQ(trailers.count(key), 1u) << key;
  return std::string(found->second.data(), found->second.size());
}

}  // namespace lqvg::serving
