#include "agent/discovery/fetch.h"

#include "absl/strings/str_cat.h"
#include "base/version.h"
#include "net/authorization.h"

#include <memory>
#include <utility>

namespace logi::agent {
namespace {

constexpr std::size_t kBodyShownBytesMax = 256;

}  // namespace

StatusOr<net::StreamRequest> request_to(const HttpClientConfig& client, const std::string& url) {
    net::StreamRequest request{.url = url, .unix_socket = ""};
    request.headers.emplace_back("User-Agent", absl::StrCat("promtail/logi-", base::kVersion));
    LOGI_RETURN_IF_ERROR(net::add_authorization(client.auth, request.headers));
    request.tls = client.tls;
    request.follow_redirects = client.follow_redirects;
    return request;
}

Status refused(const std::string& url, int status, std::string_view body) {
    const std::string text = absl::StrCat(
        url, ": status ", status, ": ", std::string(body.substr(0, kBodyShownBytesMax)));
    constexpr int kGone = 410;
    return status == kGone ? absl::OutOfRangeError(text) : absl::UnavailableError(text);
}

void fetch(const HttpDeps& deps,
           net::StreamRequest request,
           std::size_t bytes_max,
           std::function<void(StatusOr<std::string> body)> done) {
    const std::string url = request.url;
    const auto body = std::make_shared<std::string>();
    const auto too_large = std::make_shared<bool>(false);
    deps.streams.get(
        std::move(request),
        {[body, too_large, bytes_max](int, std::string_view bytes) {
             *too_large = *too_large || bytes.size() > bytes_max - body->size();
             if (!*too_large) {
                 body->append(bytes);
             }
             return true;
         },
         [body, too_large, url, bytes_max, done = std::move(done), &strand = deps.strand](
             const StatusOr<int>& status) {
             StatusOr<std::string> answer = std::string();
             if (!status.ok()) {
                 answer = status.status();
             } else if (*too_large) {
                 answer = absl::ResourceExhaustedError(
                     absl::StrCat(url, ": an answer of over ", bytes_max, " bytes"));
             } else if (*status != 200) {
                 answer = refused(url, *status, *body);
             } else {
                 answer = std::move(*body);
             }
             strand.post([done, answer = std::move(answer)] { done(answer); });
         }});
}

}  // namespace logi::agent
