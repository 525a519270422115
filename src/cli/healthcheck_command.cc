#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "config/config.h"
#include "net/http_client.h"

#include <cstdio>

namespace logi::cli {
namespace {

constexpr std::string_view kReady = "/ready";
// More is not shown of what a server says.
constexpr std::uint64_t kShownAnswerBytesMax = 64U << 10U;

// http://HOST:PORT of that, or of HOST:PORT, with or without /ready.
std::string url_of(std::string address) {
    if (address.ends_with(kReady)) {
        address.resize(address.size() - kReady.size());
    }
    if (address.starts_with(':')) {
        address.insert(0, "127.0.0.1");
    }
    return address.find("://") == std::string::npos ? "http://" + address : address;
}

Status check(const HealthcheckArgs& args) {
    LOGI_ASSIGN_OR_RETURN(const Duration timeout, config::parse_duration(args.timeout));
    if (timeout.ns <= 0) {
        return absl::InvalidArgumentError("--timeout wants a duration above 0");
    }
    net::ClientOptions options;
    options.tls = args.tls;
    options.timeout = timeout;
    options.body_bytes_max = kShownAnswerBytesMax;
    LOGI_ASSIGN_OR_RETURN(
        const auto answer,
        net::http_send(url_of(args.address), "GET", std::string(kReady), {}, "", options));
    if (answer.status == 200) {
        return absl::OkStatus();
    }
    return absl::UnavailableError(
        absl::StrCat(args.address,
                     ": not ready: ",
                     answer.status,
                     " ",
                     std::string(absl::StripAsciiWhitespace(answer.body))));
}

}  // namespace

int healthcheck_command(const HealthcheckArgs& args) {
    if (const Status status = check(args); !status.ok()) {
        std::fprintf(stderr, "logi: %s\n", std::string(status.message()).c_str());
        return 1;
    }
    std::puts("ready");
    return 0;
}

}  // namespace logi::cli
