// Replays what clients of version 1 send and expect: tests/proto/golden holds each message as text (.txtpb) and as the
// bytes that were on the wire when version 1 was published (.binpb). New messages are added; old ones never change.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "grpcpp/support/slice.h"
#include "lqvg/v1/grounding.pb.h"
#include "server/wire.h"

namespace lqvg::serving {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

std::filesystem::path GoldenFolder() { return std::filesystem::path(LQVG_SOURCE_DIR) / "tests/proto/golden"; }

// The files' names without .txtpb and .binpb.
std::vector<std::string> GoldenNames() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(GoldenFolder())) {
    names.insert(entry.path().filename().replace_extension().string());
  }
  return {names.begin(), names.end()};
}

std::string GoldenBytes(const std::string& name) { return ReadFile(GoldenFolder() / (name + ".binpb")); }
std::string GoldenText(const std::string& name) { return ReadFile(GoldenFolder() / (name + ".txtpb")); }

// An empty message of the type that the text names in a comment: "# proto-message: lqvg.v1.GroundRequest".
std::unique_ptr<Message> NewMessage(const std::string& text) {
  static constexpr char kKey[] = "# proto-message: ";
  const std::size_t begin = text.find(kKey) + sizeof(kKey) - 1;
  const std::string name = text.substr(begin, text.find('\n', begin) - begin);
  const Descriptor* const type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
  if (type == nullptr) return nullptr;
  return std::unique_ptr<Message>(google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

class GoldenMessageTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenMessageTest, ReadsAndWritesTheBytesOfVersionOne) {
  const std::string text = GoldenText(GetParam());
  const std::unique_ptr<Message> expected = NewMessage(text), read = NewMessage(text);
  ASSERT_TRUE(expected != nullptr);
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, expected.get()));

  ASSERT_TRUE(read->ParseFromString(GoldenBytes(GetParam())));

  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(*expected, *read)) << difference;
  EXPECT_EQ(expected->SerializeAsString(), GoldenBytes(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(, GoldenMessageTest, testing::ValuesIn(GoldenNames()), [](const auto& param_info) {
  std::string name = param_info.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});

void CollectFieldsSet(const Message& message, std::set<std::string>& fields) {
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    fields.insert(field->full_name());
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      CollectFieldsSet(message.GetReflection()->GetMessage(message, field), fields);
      continue;
    }
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
      CollectFieldsSet(message.GetReflection()->GetRepeatedMessage(message, field, i), fields);
    }
  }
}

TEST(GoldenMessagesTest, SetEveryFieldOfTheContractSomewhere) {
  std::set<std::string> fields_set;
  for (const std::string& name : GoldenNames()) {
    const std::unique_ptr<Message> message = NewMessage(GoldenText(name));
    ASSERT_TRUE(message->ParseFromString(GoldenBytes(name)));
    CollectFieldsSet(*message, fields_set);
  }

  const google::protobuf::FileDescriptor* const file = v1::GroundRequest::descriptor()->file();
  for (int i = 0; i < file->message_type_count(); ++i) {
    for (int j = 0; j < file->message_type(i)->field_count(); ++j) {
      EXPECT_THAT(fields_set, testing::Contains(file->message_type(i)->field(j)->full_name()));
    }
  }
}

TEST(ContractTest, IsTheOneThatChangesAreCheckedAgainst) {
  google::protobuf::FileDescriptorSet published;
  ASSERT_TRUE(published.ParseFromString(ReadFile(std::filesystem::path(LQVG_SOURCE_DIR) / "proto/lqvg_v1.binpb")));
  google::protobuf::FileDescriptorProto built;
  v1::GroundRequest::descriptor()->file()->CopyTo(&built);
  v1::GroundRequest::descriptor()->file()->CopyJsonNameTo(&built);

  ASSERT_FALSE(published.file().empty());
  // Equal after `tools/check_proto.sh --update`, which refuses what would break a client.
  EXPECT_EQ(published.file().rbegin()->SerializeAsString(), built.SerializeAsString());
}

TEST(GoldenMessagesTest, TheServerStillUnderstandsAnOldClientsRequest) {
  const grpc::Slice slice(GoldenBytes("ground_request.encoded"));
  ModelInfo model;
  model.name = "demo";
  model.num_queries = 10;

  const absl::StatusOr<GroundQuery> query =
      ParseGroundRequest(grpc::ByteBuffer(&slice, 1), RequestLimits(), model, "fallback");

  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(std::get<std::string>(query->image), std::string("\xff\xd8\xff\xe0 not a real JPEG \0\1", 23));
  EXPECT_TRUE(query->apply_exif_orientation);
  EXPECT_THAT(query->expressions,
              testing::ElementsAre("the storage tank on the left", "ein Flugzeug n\xc3\xb6rdlich der Halle"));
  EXPECT_EQ(query->max_boxes, 3);
  EXPECT_EQ(query->min_score, 0.25f);
  EXPECT_TRUE(query->clip_boxes);
  EXPECT_EQ(query->request_id, "batch-7/tile:12");
}

}  // namespace
}  // namespace lqvg::serving
