#include "agent/digest.h"

#include "absl/strings/escaping.h"
#include "base/check.h"

#include <openssl/evp.h>

namespace logi::agent {
namespace {

std::string digest(const EVP_MD* kind, std::string_view text) {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    LOGI_CHECK(EVP_Digest(text.data(), text.size(), sum, &size, kind, nullptr) == 1);
    return {reinterpret_cast<const char*>(sum), size};
}

}  // namespace

std::string hex_digest(Digest kind, std::string_view text) {
    return absl::BytesToHexString(
        digest(kind == Digest::kSha256 ? EVP_sha256() : EVP_sha3_256(), text));
}

}  // namespace logi::agent
