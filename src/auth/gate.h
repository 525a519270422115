// Who asks: the credentials of the configuration, and whose a request has.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "auth/authorization.h"
#include "auth/secret.h"
#include "base/mutex.h"
#include "config/config.h"
#include "io/clock.h"
#include "io/executor.h"
#include "model/matcher.h"
#include "net/tls.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::auth {

enum class Right : std::uint8_t { kPush, kQuery, kDelete, kRules, kAdmin };

// "push"; nothing for no right.
[[nodiscard]] std::optional<Right> right_of(std::string_view name);
[[nodiscard]] const char* name_of(Right right);

// Immutable.
struct Credential {
    std::string name;  // as logs have it
    bool any_tenant = false;
    std::vector<std::string> tenants;
    std::vector<Right> rights;
    std::vector<Matcher> only;  // the streams that it may read, and delete from; empty: all

    [[nodiscard]] bool has(Right right) const;
    [[nodiscard]] bool may_be(std::string_view tenant) const;
    // The only tenant there is for it, or null.
    [[nodiscard]] const std::string* only_tenant() const;
};

// kInvalidArgument, with the credential's name, for what is wrong with one.
Status check(const config::Auth& auth);

// Thread-safe.
class Gate {
  public:
    // Null for mode none. kInvalidArgument as check(); kUnavailable without random numbers.
    static StatusOr<std::unique_ptr<Gate>> make(const config::Auth& auth,
                                                io::Executor& executor,
                                                const io::Clock& clock);

    // Of an Authorization header or, in the mode mtls, of what the client has shown (null:
    // nothing). `done` once, now or from a task: the credential; kUnauthenticated when it is none
    // of ours; kResourceExhausted when it cannot be looked at now, for want of memory or as too
    // many that are not known yet wait for it. One that was seen before costs next to nothing.
    using Done = std::function<void(StatusOr<std::shared_ptr<const Credential>>)>;
    void identify(const std::string& authorization,
                  const net::PeerCertificate* certificate,
                  const Done& done);
    // What to tell who is refused, for WWW-Authenticate.
    [[nodiscard]] const char* challenge() const;

  private:
    friend Status check(const config::Auth& auth);
    // What a secret proves.
    struct Proof {
        std::shared_ptr<const Credential> credential;
        std::string user;  // of a password; empty: a token
        SecretHash hash;
    };
    struct Known {
        std::shared_ptr<const Credential> credential;  // null: none of ours
        Timestamp until;
    };
    using ByCertificate = absl::flat_hash_map<std::string, std::shared_ptr<const Credential>>;

    Gate(io::Executor& executor, const io::Clock& clock, Fingerprints fingerprints)
        : clock_(clock), fingerprints_(std::move(fingerprints)), strand_(executor) {}

    static StatusOr<std::shared_ptr<const Credential>> credential_of(
        const config::Credential& given);
    static StatusOr<Proof> proof_of(const config::Credential& given);
    static StatusOr<std::string> certificate_key(const config::Credential& given);
    static StatusOr<ByCertificate> by_certificate(const config::Auth& auth);
    void identify_secret(const std::string& authorization, Done done);
    // Null: none of ours.
    [[nodiscard]] std::shared_ptr<const Credential> owner_of(
        const net::PeerCertificate& certificate) const;
    // Null: none of ours.
    StatusOr<std::shared_ptr<const Credential>> try_secret(const Secret& secret) const;
    [[nodiscard]] std::optional<Known> find(const std::string& fingerprint) const;
    // False: too many wait already.
    bool may_wait();
    void remember(const std::string& fingerprint, std::shared_ptr<const Credential> credential);

    const io::Clock& clock_;
    const Fingerprints fingerprints_;
    std::vector<Proof> proofs_;
    bool by_certificates_ = false;  // the mode mtls
    ByCertificate by_certificate_;
    io::Strand strand_;  // hashes one secret at a time
    mutable base::Mutex mutex_;
    absl::flat_hash_map<std::string, Known> known_ LOGI_GUARDED_BY(mutex_);  // by fingerprint
    std::size_t waiting_ LOGI_GUARDED_BY(mutex_) = 0;
};

}  // namespace logi::auth
