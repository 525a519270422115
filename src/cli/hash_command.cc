#include "auth/secret.h"
#include "cli/commands.h"
#include "cli/fail.h"

#include <cstdio>
#include <string>

namespace logi::cli {
namespace {

constexpr std::size_t kSecretBytesMax = 1024;

// The first line of standard input.
std::string read_line() {
    std::string line;
    for (int c = std::getchar(); c != EOF && c != '\n' && line.size() <= kSecretBytesMax;
         c = std::getchar()) {
        line.push_back(static_cast<char>(c));
    }
    if (line.ends_with('\r')) {
        line.pop_back();
    }
    return line;
}

}  // namespace

int hash_command(bool from_stdin) {
    if (!from_stdin) {
        const auto made = auth::make_token();
        if (!made.ok()) {
            return fail(made.status());
        }
        std::printf("token: %s\nhash: %s\n", made->token.c_str(), made->hash.c_str());
        return 0;
    }
    const std::string secret = read_line();
    if (secret.empty() || secret.size() > kSecretBytesMax) {
        return fail(absl::InvalidArgumentError("a secret has 1 to 1024 bytes, in one line"));
    }
    const auto hash = auth::SecretHash::of(secret);
    if (!hash.ok()) {
        return fail(hash.status());
    }
    std::printf("hash: %s\n", hash->to_string().c_str());
    return 0;
}

}  // namespace logi::cli
