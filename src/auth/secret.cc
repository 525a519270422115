#include "auth/secret.h"

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <vector>

namespace logi::auth {
namespace {

constexpr unsigned kLog2n = 14;  // with r = 8: 16 MiB
constexpr unsigned kR = 8;
constexpr unsigned kP = 1;
constexpr std::uint64_t kMemoryMax = 64U << 20U;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kIdBytes = 4;
constexpr std::size_t kTokenBytes = 24;
constexpr std::size_t kKeyBytes = 32;
constexpr std::string_view kTokenPrefix = "logi_";

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

StatusOr<std::string> random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
        return absl::UnavailableError("there are no random numbers");
    }
    return bytes;
}

std::string hex(const std::string& bytes) {
    return std::string(absl::BytesToHexString(bytes));
}

// The id in a token of ours; empty for any other text.
std::string_view id_of(std::string_view token) {
    if (!token.starts_with(kTokenPrefix)) {
        return {};
    }
    token.remove_prefix(kTokenPrefix.size());
    const std::size_t end = token.find('_');
    return end == 2 * kIdBytes ? token.substr(0, end) : std::string_view();
}

bool parse_number(const std::string& text, unsigned min, unsigned max, unsigned& out) {
    std::uint32_t value = 0;
    if (!absl::SimpleAtoi(text, &value) || value < min || value > max) {
        return false;
    }
    out = value;
    return true;
}

// Empty without memory.
std::string scrypt(
    std::string_view secret, const std::string& salt, unsigned log2n, unsigned r, unsigned p) {
    std::string out(kHashBytes, '\0');
    const int done = EVP_PBE_scrypt(secret.data(),
                                    secret.size(),
                                    bytes_of(salt),
                                    salt.size(),
                                    std::uint64_t{1} << log2n,
                                    r,
                                    p,
                                    kMemoryMax,
                                    reinterpret_cast<unsigned char*>(out.data()),
                                    out.size());
    return done == 1 ? out : std::string();
}

}  // namespace

StatusOr<SecretHash> SecretHash::of(std::string_view secret) {
    SecretHash hash;
    LOGI_ASSIGN_OR_RETURN(hash.salt_, random_bytes(kSaltBytes));
    hash.log2n_ = kLog2n;
    hash.r_ = kR;
    hash.p_ = kP;
    hash.id_ = id_of(secret);
    hash.hash_ = scrypt(secret, hash.salt_, hash.log2n_, hash.r_, hash.p_);
    if (hash.hash_.empty()) {
        return absl::UnavailableError("there is no memory to hash a secret");
    }
    return hash;
}

StatusOr<SecretHash> SecretHash::parse(std::string_view text) {
    // Small enough that nobody is kept from being let in by their own settings.
    constexpr unsigned kLog2nMin = 10;
    constexpr unsigned kLog2nMax = 15;
    constexpr unsigned kRpMax = 8;
    const std::vector<std::string> parts = absl::StrSplit(std::string(text), ':');
    SecretHash hash;
    if ((parts.size() != 6 && parts.size() != 7) || parts[0] != "scrypt" ||
        !parse_number(parts[1], kLog2nMin, kLog2nMax, hash.log2n_) ||
        !parse_number(parts[2], 1, kRpMax, hash.r_) ||
        !parse_number(parts[3], 1, kRpMax, hash.p_) ||
        !absl::Base64Unescape(parts[4], &hash.salt_) ||
        !absl::Base64Unescape(parts[5], &hash.hash_) || hash.salt_.size() < kSaltBytes ||
        hash.hash_.size() != kHashBytes) {
        return absl::InvalidArgumentError("expected a hash as `logi hash-token` prints it");
    }
    if (parts.size() == 7) {
        hash.id_ = parts[6];
    }
    return hash;
}

std::string SecretHash::to_string() const {
    return absl::StrCat("scrypt:",
                        log2n_,
                        ":",
                        r_,
                        ":",
                        p_,
                        ":",
                        absl::Base64Escape(salt_),
                        ":",
                        absl::Base64Escape(hash_),
                        id_.empty() ? "" : ":",
                        id_);
}

StatusOr<bool> SecretHash::matches(std::string_view secret) const {
    const std::string hash = scrypt(secret, salt_, log2n_, r_, p_);
    if (hash.empty()) {
        return absl::UnavailableError("no memory to look at a credential");
    }
    return hash.size() == hash_.size() &&
           CRYPTO_memcmp(hash.data(), hash_.data(), hash.size()) == 0;
}

bool SecretHash::may_match(std::string_view token) const {
    return id_of(token) == id_;
}

StatusOr<NewToken> make_token() {
    LOGI_ASSIGN_OR_RETURN(const std::string id, random_bytes(kIdBytes));
    LOGI_ASSIGN_OR_RETURN(const std::string secret, random_bytes(kTokenBytes));
    NewToken made;
    made.token =
        absl::StrCat(std::string(kTokenPrefix), hex(id), "_", absl::WebSafeBase64Escape(secret));
    LOGI_ASSIGN_OR_RETURN(const SecretHash hash, SecretHash::of(made.token));
    made.hash = hash.to_string();
    return made;
}

StatusOr<Fingerprints> Fingerprints::make() {
    Fingerprints made;
    LOGI_ASSIGN_OR_RETURN(made.key_, random_bytes(kKeyBytes));
    return made;
}

std::string Fingerprints::of(std::string_view text) const {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    HMAC(EVP_sha256(),
         key_.data(),
         static_cast<int>(key_.size()),
         bytes_of(text),
         text.size(),
         digest.data(),
         &size);
    return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace logi::auth
