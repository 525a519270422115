#include "auth/gate.h"

#include "absl/strings/escaping.h"
#include "io/sim_executor.h"

#include <gtest/gtest.h>

namespace logi::auth {
namespace {

std::string hash_of(const std::string& secret) {
    return SecretHash::of(secret)->to_string();
}

config::Credential token(const std::string& name, const std::string& hash) {
    return {name, hash, "", "", {"a"}, {"push"}, "", "", ""};
}

std::string basic(const std::string& pair) {
    return "Basic " + absl::Base64Escape(pair);
}

class GateTest : public ::testing::Test {
  protected:
    GateTest() : executor_(1, clock_) {
        const auto made = make_token();
        token_ = made->token;
        config_.mode = "static";
        config_.credentials = {token("made", made->hash),
                               token("own", hash_of("my own token")),
                               {"basic",
                                "",
                                "grafana",
                                hash_of("pass:word"),
                                {"*"},
                                {"query", "admin"},
                                R"({team="x"})",
                                "",
                                ""}};
        gate_ = *Gate::make(config_, executor_, clock_);
    }
    std::string who(const std::string& authorization) {
        std::string name = "nobody answered";
        gate_->identify(authorization, nullptr, [&](const auto& credential) {
            name =
                credential.ok() ? (*credential)->name : std::string(credential.status().message());
        });
        executor_.run_until_idle();
        return name;
    }

    io::SimClock clock_;
    io::SimExecutor executor_;
    config::Auth config_;
    std::string token_;
    std::unique_ptr<Gate> gate_;
};

TEST_F(GateTest, KnowsItsOwn) {
    const std::string none = "the credential is missing or wrong";
    for (int i = 0; i < 2; ++i) {  // the second time from memory
        EXPECT_EQ(who("Bearer " + token_), "made");
        EXPECT_EQ(who("bearer my own token"), "own");
        EXPECT_EQ(who(basic("grafana:pass:word")), "basic");
        EXPECT_EQ(who(basic("grafana:password")), none);
        EXPECT_EQ(who(basic("other:pass:word")), none);
        EXPECT_EQ(who("Bearer pass:word"), none);
        EXPECT_EQ(who("Bearer " + token_ + "x"), none);
        EXPECT_EQ(who(basic(":my own token")), none);
        EXPECT_EQ(who("Bearer "), none);
        EXPECT_EQ(who(""), none);
        EXPECT_EQ(who("Basic ???"), none);
    }
}

TEST_F(GateTest, OfUnknownOnesOnlySomeWait) {
    int refused = 0;
    int wrong = 0;
    for (int i = 0; i < 80; ++i) {
        // An id of ours that no hash has costs nothing to try.
        gate_->identify(
            "Bearer logi_00000000_" + std::to_string(i), nullptr, [&](const auto& credential) {
                refused += absl::IsResourceExhausted(credential.status()) ? 1 : 0;
                wrong += absl::IsUnauthenticated(credential.status()) ? 1 : 0;
            });
    }
    executor_.run_until_idle();
    EXPECT_EQ(refused, 16);
    EXPECT_EQ(wrong, 64);
}

config::Credential of_certificate(const std::string& name,
                                  const std::string& common_name,
                                  const std::string& san = "") {
    return {name, "", "", "", {"a"}, {"push"}, "", common_name, san};
}

TEST(Certificates, HaveTheirCredentials) {
    io::SimClock clock;
    io::SimExecutor executor(1, clock);
    const auto gate = Gate::make({"mtls",
                                  {of_certificate("agents", "agents"),
                                   of_certificate("host", "", "DNS:Agent.example"),
                                   of_certificate("uri", "", "URI:spiffe://x/Y")}},
                                 executor,
                                 clock);
    ASSERT_TRUE(gate.ok()) << gate.status();
    const auto who = [&](const std::optional<net::PeerCertificate>& certificate) {
        std::string name = "nobody answered";
        (*gate)->identify("Bearer ignored",
                          certificate.has_value() ? &*certificate : nullptr,
                          [&](const auto& credential) {
                              name = credential.ok() ? (*credential)->name : "nobody";
                          });
        return name;
    };
    EXPECT_EQ(who(std::nullopt), "nobody");
    EXPECT_EQ(who(net::PeerCertificate{"agents", {}}), "agents");
    EXPECT_EQ(who(net::PeerCertificate{"agents", {"DNS:agent.example"}}), "agents");
    EXPECT_EQ(who(net::PeerCertificate{"", {"IP:1.2.3.4", "DNS:AGENT.example"}}), "host");
    EXPECT_EQ(who(net::PeerCertificate{"other", {"URI:spiffe://x/Y"}}), "uri");
    EXPECT_EQ(who(net::PeerCertificate{"other", {"URI:spiffe://x/y"}}), "nobody");
    // A name of one kind is none of another.
    EXPECT_EQ(who(net::PeerCertificate{"DNS:agent.example", {}}), "nobody");
    EXPECT_EQ(who(net::PeerCertificate{"agent.example", {"URI:agent.example"}}), "nobody");
    EXPECT_EQ(who(net::PeerCertificate{"Agents", {"DNS:agents"}}), "nobody");
    EXPECT_EQ(who(net::PeerCertificate{"", {}}), "nobody");
}

TEST(Certificates, AreChecked) {
    const auto refused = [](const std::vector<config::Credential>& credentials,
                            const std::string& mode = "mtls") {
        return std::string(check({mode, credentials}).message());
    };
    EXPECT_EQ(refused({of_certificate("a", "x"), of_certificate("b", "", "DNS:x")}), "");
    EXPECT_EQ(refused({of_certificate("a", "x")}, "static"),
              "auth: credential 'a': certificates are for the mode mtls");
    EXPECT_EQ(refused({token("a", hash_of("x"))}),
              "auth: credential 'a': tokens and passwords are for the mode static");
    EXPECT_EQ(refused({of_certificate("a", "x", "DNS:y")}),
              "auth: credential 'a': it has a common_name or a san");
    EXPECT_EQ(refused({of_certificate("a", "")}),
              "auth: credential 'a': it has a common_name or a san");
    EXPECT_EQ(refused({of_certificate("a", "", "y.example")}),
              "auth: credential 'a': a san begins with its kind: DNS:, URI:, email: or IP:");
    EXPECT_EQ(refused({of_certificate("a", "", "DNS:x"), of_certificate("b", "", "DNS:X")}),
              "auth: credential 'b': another credential has the same certificate");
}

TEST(Credentials, AreChecked) {
    const std::string hash = hash_of("x");
    const auto refused = [](const config::Credential& credential) {
        return std::string(check({"static", {credential}}).message());
    };
    EXPECT_EQ(refused(token("a", hash)), "");
    EXPECT_EQ(refused(token("a", "plain text")),
              "auth: credential 'a': expected a hash as `logi hash-token` prints it");
    EXPECT_EQ(refused({"a", hash, "user", hash, {"t"}, {}, "", "", ""}),
              "auth: credential 'a': it has a token, or a user and a password");
    EXPECT_EQ(refused({"a", hash, "", "", {}, {}, "", "", ""}),
              "auth: credential 'a': it names no tenants; '*' stands for all");
    EXPECT_EQ(refused({"a", hash, "", "", {"t"}, {"read"}, "", "", ""}),
              "auth: credential 'a': there is no right 'read'");
    EXPECT_NE(refused({"a", hash, "", "", {"t"}, {}, "{team", "", ""}), "");
    EXPECT_NE(check({"none", {token("a", hash)}}).message(), "");
    EXPECT_FALSE(SecretHash::parse("scrypt:30:8:1:AAAAAAAAAAAAAAAAAAAAAA==:AAAA").ok());
}

}  // namespace
}  // namespace logi::auth
