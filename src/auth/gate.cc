#include "auth/gate.h"

#include "absl/memory/memory.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "logql/parser.h"

#include <algorithm>
#include <array>

namespace logi::auth {
namespace {

constexpr std::array<const char*, 5> kRights = {"push", "query", "delete", "rules", "admin"};
constexpr std::size_t kWaitingMax = 64;
constexpr std::size_t kKnownMax = 10'000;
// How long a secret that is not ours is known as such.
constexpr Duration kUnknownTime = Duration::seconds(30);
constexpr Duration kKnownTime = Duration::hours(1);

Status unauthenticated() {
    return absl::UnauthenticatedError("the credential is missing or wrong");
}

// Keys of certificates. A name has its kind before it, which no common name has.
std::string common_name_key(const std::string& name) {
    return absl::StrCat("CN:", name);
}
// Names of hosts have no case.
std::string name_key(const std::string& name) {
    return absl::StartsWith(name, "DNS:") ? absl::AsciiStrToLower(name) : name;
}

bool has_kind(const std::string& name) {
    constexpr std::array<const char*, 4> kKinds = {"DNS:", "URI:", "email:", "IP:"};
    return std::any_of(kKinds.begin(), kKinds.end(), [&name](const std::string& kind) {
        return absl::StartsWith(name, kind) && name.size() > kind.size();
    });
}

Status refuse(const config::Credential& credential, std::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("auth: credential '", credential.name, "': ", std::string(why)));
}

}  // namespace

std::optional<Right> right_of(std::string_view name) {
    for (std::size_t i = 0; i < kRights.size(); ++i) {
        if (name == kRights.at(i)) {
            return static_cast<Right>(i);
        }
    }
    return std::nullopt;
}

const char* name_of(Right right) {
    return kRights.at(static_cast<std::size_t>(right));
}

bool Credential::has(Right right) const {
    return std::find(rights.begin(), rights.end(), right) != rights.end();
}

bool Credential::may_be(std::string_view tenant) const {
    return any_tenant || std::find(tenants.begin(), tenants.end(), tenant) != tenants.end();
}

const std::string* Credential::only_tenant() const {
    return any_tenant || tenants.size() != 1 ? nullptr : &tenants.front();
}

StatusOr<std::shared_ptr<const Credential>> Gate::credential_of(const config::Credential& given) {
    auto credential = std::make_shared<Credential>();
    credential->name = given.name;
    for (const auto& tenant : given.tenants) {
        credential->any_tenant = credential->any_tenant || tenant == "*";
        credential->tenants.push_back(tenant);
    }
    if (given.tenants.empty()) {
        return refuse(given, "it names no tenants; '*' stands for all");
    }
    for (const auto& name : given.rights) {
        const auto right = right_of(name);
        if (!right.has_value()) {
            return refuse(given, absl::StrCat("there is no right '", name, "'"));
        }
        credential->rights.push_back(*right);
    }
    if (!given.matcher.empty()) {
        auto only = logql::parse_selector(given.matcher, logql::Selective::kAny);
        if (!only.ok()) {
            return refuse(given, message_of(only.status()));
        }
        credential->only = *std::move(only);
    }
    return credential;
}

StatusOr<Gate::Proof> Gate::proof_of(const config::Credential& given) {
    Proof proof;
    LOGI_ASSIGN_OR_RETURN(proof.credential, credential_of(given));
    if (!given.common_name.empty() || !given.san.empty()) {
        return refuse(given, "certificates are for the mode mtls");
    }
    const bool has_password = !given.user.empty() && !given.password.empty();
    if (given.token.empty() != has_password || given.user.empty() == has_password) {
        return refuse(given, "it has a token, or a user and a password");
    }
    auto hash = SecretHash::parse(has_password ? given.password : given.token);
    if (!hash.ok()) {
        return refuse(given, message_of(hash.status()));
    }
    proof.user = given.user;
    proof.hash = *std::move(hash);
    return proof;
}

StatusOr<std::string> Gate::certificate_key(const config::Credential& given) {
    if (!given.token.empty() || !given.user.empty() || !given.password.empty()) {
        return refuse(given, "tokens and passwords are for the mode static");
    }
    if (given.common_name.empty() == given.san.empty()) {
        return refuse(given, "it has a common_name or a san");
    }
    if (given.san.empty()) {
        return common_name_key(given.common_name);
    }
    if (!has_kind(given.san)) {
        return refuse(given, "a san begins with its kind: DNS:, URI:, email: or IP:");
    }
    return name_key(given.san);
}

StatusOr<Gate::ByCertificate> Gate::by_certificate(const config::Auth& auth) {
    ByCertificate out;
    for (const auto& given : auth.credentials) {
        LOGI_ASSIGN_OR_RETURN(auto credential, credential_of(given));
        LOGI_ASSIGN_OR_RETURN(auto key, certificate_key(given));
        if (!out.emplace(std::move(key), std::move(credential)).second) {
            return refuse(given, "another credential has the same certificate");
        }
    }
    return out;
}

Status check(const config::Auth& auth) {
    if (auth.mode == "none" && !auth.credentials.empty()) {
        return absl::InvalidArgumentError("auth: there are credentials, but mode is none");
    }
    if (auth.mode == "mtls") {
        return Gate::by_certificate(auth).status();
    }
    for (const auto& credential : auth.credentials) {
        LOGI_RETURN_IF_ERROR(Gate::proof_of(credential).status());
    }
    return absl::OkStatus();
}

StatusOr<std::unique_ptr<Gate>> Gate::make(const config::Auth& auth,
                                           io::Executor& executor,
                                           const io::Clock& clock) {
    LOGI_RETURN_IF_ERROR(check(auth));
    if (auth.mode == "none") {
        return std::unique_ptr<Gate>();
    }
    LOGI_ASSIGN_OR_RETURN(auto fingerprints, Fingerprints::make());
    auto gate = absl::WrapUnique(new Gate(executor, clock, std::move(fingerprints)));
    gate->by_certificates_ = auth.mode == "mtls";
    if (gate->by_certificates_) {
        LOGI_ASSIGN_OR_RETURN(gate->by_certificate_, by_certificate(auth));
        return gate;
    }
    for (const auto& credential : auth.credentials) {
        LOGI_ASSIGN_OR_RETURN(auto proof, proof_of(credential));
        gate->proofs_.push_back(std::move(proof));
    }
    return gate;
}

std::shared_ptr<const Credential> Gate::owner_of(const net::PeerCertificate& certificate) const {
    const auto find = [this](const std::string& key) {
        const auto it = by_certificate_.find(key);
        return it == by_certificate_.end() ? nullptr : it->second;
    };
    auto owner = find(common_name_key(certificate.common_name));
    for (std::size_t i = 0; owner == nullptr && i < certificate.names.size(); ++i) {
        owner = find(name_key(certificate.names[i]));
    }
    return owner;
}

StatusOr<std::shared_ptr<const Credential>> Gate::try_secret(const Secret& secret) const {
    for (const auto& proof : proofs_) {
        const bool candidate = secret.basic
                                   ? !proof.user.empty() && proof.user == secret.user
                                   : proof.user.empty() && proof.hash.may_match(secret.text);
        if (candidate) {
            LOGI_ASSIGN_OR_RETURN(const bool matches, proof.hash.matches(secret.text));
            if (matches) {
                return proof.credential;
            }
        }
    }
    return std::shared_ptr<const Credential>();
}

std::optional<Gate::Known> Gate::find(const std::string& fingerprint) const {
    const base::MutexLock lock(mutex_);
    const auto it = known_.find(fingerprint);
    if (it == known_.end() || it->second.until < clock_.now()) {
        return std::nullopt;
    }
    return it->second;
}

void Gate::remember(const std::string& fingerprint, std::shared_ptr<const Credential> credential) {
    const Timestamp now = clock_.now();
    const Duration time = credential == nullptr ? kUnknownTime : kKnownTime;
    const base::MutexLock lock(mutex_);
    if (known_.size() >= kKnownMax) {
        // Those of ours are few: who tries many secrets does not push them out.
        absl::erase_if(known_, [now](const auto& item) {
            return item.second.credential == nullptr || item.second.until < now;
        });
    }
    known_[fingerprint] = {std::move(credential), now + time};
}

bool Gate::may_wait() {
    const base::MutexLock lock(mutex_);
    if (waiting_ >= kWaitingMax) {
        return false;
    }
    ++waiting_;
    return true;
}

void Gate::identify(const std::string& authorization,
                    const net::PeerCertificate* certificate,
                    const Done& done) {
    if (!by_certificates_) {
        identify_secret(authorization, done);
        return;
    }
    auto owner = certificate == nullptr ? nullptr : owner_of(*certificate);
    done(owner == nullptr ? StatusOr<std::shared_ptr<const Credential>>(unauthenticated())
                          : std::move(owner));
}

const char* Gate::challenge() const {
    return by_certificates_ ? "Certificate realm=\"logi\"" : "Basic realm=\"logi\"";
}

void Gate::identify_secret(const std::string& authorization, Done done) {
    auto secret = parse_authorization(authorization);
    if (!secret.has_value()) {
        done(unauthenticated());
        return;
    }
    // Of the secret, which a header can have in many forms.
    const std::string fingerprint = fingerprints_.of(absl::StrCat(
        secret->basic ? "user" : "token", secret->user.size(), ":", secret->user, secret->text));
    if (auto known = find(fingerprint); known.has_value()) {
        done(known->credential == nullptr
                 ? StatusOr<std::shared_ptr<const Credential>>(unauthenticated())
                 : std::move(known->credential));
        return;
    }
    if (!may_wait()) {
        done(absl::ResourceExhaustedError("too many unknown credentials at once"));
        return;
    }
    strand_.post([this, fingerprint, secret = *std::move(secret), done = std::move(done)] {
        // It may have been tried while this waited.
        auto known = find(fingerprint);
        auto credential =
            known.has_value()
                ? StatusOr<std::shared_ptr<const Credential>>(std::move(known->credential))
                : try_secret(secret);
        if (!known.has_value() && credential.ok()) {
            remember(fingerprint, *credential);
        }
        {
            const base::MutexLock lock(mutex_);
            --waiting_;
        }
        if (!credential.ok()) {
            done(absl::ResourceExhaustedError(credential.status().message()));
        } else {
            done(*credential == nullptr ? unauthenticated() : std::move(credential));
        }
    });
}

}  // namespace logi::auth
