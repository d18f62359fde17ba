#include "server/authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "image/rejection.h"

namespace lqvg::serving {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// SHA-256 of "first-token" and of "second-token".
constexpr char kFirstHash[] = "55b4b48f529c3d2daa027cbffa6cfb6a03690424550f22109e39917406c8243b";
constexpr char kSecondHash[] = "7a35833597e6687c599a0988b7a53b9b6a7ec18b88ca2a8e60f3265c8be6d527";
constexpr char kHashOfNothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string TokenLine(const std::string& name, const std::string& hash) { return name + " token " + hash + "\n"; }

std::string FaultOf(const std::string& text) { return std::string(ClientList::Parse(text).status().message()); }

Authenticator AuthenticatorFor(const std::string& text) { return Authenticator(*ClientList::Parse(text)); }

TEST(ClientListTest, ReadsTokensCertificatesCommentsAndBlankLines) {
  const absl::StatusOr<ClientList> clients =
      ClientList::Parse("# who may call\n\n  lab-a\ttoken   " + std::string(kFirstHash) +
                        "\r\nlab-b certificate spiffe://site/lab b\n# end");
  ASSERT_TRUE(clients.ok()) << clients.status();
  EXPECT_EQ(clients->size(), 2u);
  EXPECT_TRUE(clients->has_certificates());
}

TEST(ClientListTest, NamesTheLineAtFault) {
  EXPECT_THAT(FaultOf("# comment\n\nlab-a password 123\n"), AllOf(HasSubstr("line 3"), HasSubstr("'certificate'")));
  EXPECT_THAT(FaultOf("lab-a certificate\n"), AllOf(HasSubstr("line 1"), HasSubstr("missing")));
  EXPECT_THAT(FaultOf("lab/a token " + std::string(kFirstHash)), AllOf(HasSubstr("line 1"), HasSubstr("name")));
  EXPECT_THAT(FaultOf(std::string(65, 'a') + " token " + kFirstHash), HasSubstr("1..64"));
}

TEST(ClientListTest, NeverRepeatsWhatCouldBeAToken) {
  for (const char* const text : {"lab-a token s3cret\n", "s3cret\n", "lab-a s3cret\n", "s3cret! token lab-a\n"}) {
    EXPECT_THAT(FaultOf(text), AllOf(HasSubstr("line 1"), Not(HasSubstr("s3cret"))));
  }
}

TEST(ClientListTest, RefusesACredentialThatStandsThereTwice) {
  EXPECT_THAT(FaultOf(TokenLine("a", kFirstHash) + TokenLine("a", kSecondHash) + TokenLine("b", kFirstHash)),
              AllOf(HasSubstr("line 3"), HasSubstr("line 1")));
}

TEST(ClientListTest, RefusesTheHashOfAnEmptyToken) {
  EXPECT_THAT(FaultOf(TokenLine("a", kHashOfNothing)), HasSubstr("empty token"));
}

TEST(ClientListTest, RefusesAListWithoutClients) {
  EXPECT_THAT(FaultOf(""), HasSubstr("names no client"));
  EXPECT_THAT(FaultOf("# nobody yet\n"), HasSubstr("names no client"));
}

TEST(AuthenticatorTest, KnowsAClientByEachOfItsTokens) {
  const Authenticator authenticator =
      AuthenticatorFor(TokenLine("lab-a", kFirstHash) + TokenLine("lab-a", kSecondHash));
  for (const char* const value : {"Bearer first-token", "bearer second-token", "BEARER  first-token"}) {
    const absl::StatusOr<std::string> name = authenticator.Authenticate({.authorization = {value}});
    ASSERT_TRUE(name.ok()) << value << ": " << name.status();
    EXPECT_EQ(*name, "lab-a");
  }
}

TEST(AuthenticatorTest, RefusesWhoShowsNoKnownToken) {
  const Authenticator authenticator = AuthenticatorFor(TokenLine("lab-a", kFirstHash));
  const Credentials shown[] = {{},
                               {.authorization = {""}},
                               {.authorization = {"Bearer"}},
                               {.authorization = {"Bearer "}},
                               {.authorization = {"Bearer wrong"}},
                               {.authorization = {std::string("Bearer ") + kFirstHash}},
                               {.authorization = {"Basic first-token"}},
                               {.authorization = {"Bearer first-token", "Bearer first-token"}}};
  for (const Credentials& credentials : shown) {
    const absl::Status status = authenticator.Authenticate(credentials).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(ReasonOf(status), "UNAUTHENTICATED");
  }
}

TEST(AuthenticatorTest, KnowsAClientByAnyNameOfItsCertificate) {
  const Authenticator authenticator =
      AuthenticatorFor("lab-a certificate spiffe://site/lab-a\nlab-b certificate b b\n");
  const auto name_of = [&](std::vector<std::string> names) {
    return authenticator.Authenticate({.has_certificate = true, .certificate_names = std::move(names)}).value_or("");
  };
  EXPECT_EQ(name_of({"host", "spiffe://site/lab-a"}), "lab-a");
  EXPECT_EQ(name_of({"b b"}), "lab-b");
}

TEST(AuthenticatorTest, DeniesACertificateThatIsNotOnTheList) {
  const Authenticator authenticator = AuthenticatorFor("lab-a certificate lab-a.example\n");
  for (const char* const name : {"lab-a.example.evil", "LAB-A.EXAMPLE", ""}) {
    const absl::Status status =
        authenticator.Authenticate({.has_certificate = true, .certificate_names = {name}}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_EQ(ReasonOf(status), "PERMISSION_DENIED");
  }
}

TEST(AuthenticatorTest, ATokenDecidesBeforeACertificate) {
  const Authenticator authenticator =
      AuthenticatorFor(TokenLine("by-token", kFirstHash) + "by-certificate certificate known\n");
  const auto authenticate = [&](const char* token, const char* certificate) {
    return authenticator.Authenticate(
        {.authorization = {token}, .has_certificate = true, .certificate_names = {certificate}});
  };
  EXPECT_EQ(authenticate("Bearer first-token", "unknown").value_or(""), "by-token");
  EXPECT_EQ(authenticate("Bearer first-token", "known").value_or(""), "by-token");
  EXPECT_EQ(authenticate("Bearer wrong", "known").status().code(), absl::StatusCode::kUnauthenticated);
}

TEST(AuthenticatorTest, AReplacedListHoldsFromThenOn) {
  Authenticator authenticator = AuthenticatorFor(TokenLine("lab-a", kFirstHash));
  authenticator.Replace(*ClientList::Parse(TokenLine("lab-b", kSecondHash)));
  EXPECT_FALSE(authenticator.Authenticate({.authorization = {"Bearer first-token"}}).ok());
  EXPECT_EQ(authenticator.Authenticate({.authorization = {"Bearer second-token"}}).value_or(""), "lab-b");
}

}  // namespace
}  // namespace lqvg::serving
