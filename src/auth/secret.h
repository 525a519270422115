// Secrets of clients, tokens and passwords, and what the configuration keeps of them: a salted hash
// by scrypt, as text: scrypt:LOG2N:R:P:SALT:HASH, and for tokens that we made :ID.
#pragma once

#include "base/status.h"

#include <string>
#include <string_view>

namespace logi::auth {

// Who makes up a token of their own may send any text; one of ours names the hash that it belongs
// to, so that no other is tried: logi_ID_SECRET.
struct NewToken {
    std::string token;
    std::string hash;
};
// kUnavailable without random numbers or memory.
StatusOr<NewToken> make_token();

class SecretHash {
  public:
    // Of a secret, with a new salt. kUnavailable without random numbers or memory.
    static StatusOr<SecretHash> of(std::string_view secret);
    // kInvalidArgument if the text is none, or asks for too little or too much work.
    static StatusOr<SecretHash> parse(std::string_view text);

    [[nodiscard]] std::string to_string() const;
    // With the numbers that `logi hash-token` takes: tens of milliseconds, and 16 MiB of memory.
    // kUnavailable without memory.
    [[nodiscard]] StatusOr<bool> matches(std::string_view secret) const;
    // Whether it is worth trying: by the id of a token, which tells nothing of the secret.
    [[nodiscard]] bool may_match(std::string_view token) const;

  private:
    unsigned log2n_ = 0;
    unsigned r_ = 0;
    unsigned p_ = 0;
    std::string salt_;
    std::string hash_;
    std::string id_;
};

// A keyed hash that tells equal texts, and nothing else to who does not have the key.
class Fingerprints {
  public:
    // With a key of its own. kUnavailable without random numbers.
    static StatusOr<Fingerprints> make();
    [[nodiscard]] std::string of(std::string_view text) const;

  private:
    std::string key_;
};

}  // namespace logi::auth
