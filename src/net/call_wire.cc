#include "net/call_wire.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "net/http_pool.h"

namespace logi::net {
namespace {

constexpr std::string_view kService = "/logi.Cluster/";

}  // namespace

std::string path_of(const CallMethod& method) {
    return absl::StrCat(
        absl::string_view(kService.data(), kService.size()), method.name, ".", method.version);
}

std::optional<CallMethod> method_of(std::string_view path) {
    if (!path.starts_with(kService)) {
        return std::nullopt;
    }
    path.remove_prefix(kService.size());
    const std::size_t dot = path.find('.');
    CallMethod method;
    if (dot == std::string_view::npos ||
        !absl::SimpleAtoi(std::string(path.substr(dot + 1)), &method.version)) {
        return std::nullopt;
    }
    method.name = path.substr(0, dot);
    return method;
}

std::string token_of(const std::string& secret) {
    return absl::StrCat("Bearer ", sha256_hex("logi cluster " + secret));
}

std::string result_of(const Status& status) {
    return absl::AsciiStrToLower(absl::StatusCodeToString(status.code()));
}

}  // namespace logi::net
