#include "api/compression.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

#define ZLIB_CONST
#include <zlib.h>

#include <memory>
#include <optional>
#include <vector>

namespace logi::api {
namespace {

constexpr int kGzipWindow = 15 + 16;
constexpr int kMemoryLevel = 8;  // zlib's own

// Nothing if there is no memory for it.
std::optional<std::string> gzip(std::string_view text) {
    z_stream stream{};
    if (deflateInit2(
            &stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        return std::nullopt;
    }
    const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, deflateEnd);
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<const Bytef*>(text.data());
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) {
        return std::nullopt;
    }
    out.resize(stream.total_out);
    out.shrink_to_fit();  // it may wait long for a slow client
    return out;
}

// The weight of one coding of the list: gzip;q=0.5.
double weight_of(const std::vector<absl::string_view>& parts) {
    for (std::size_t i = 1; i < parts.size(); ++i) {
        absl::string_view parameter = absl::StripAsciiWhitespace(parts[i]);
        double weight = 0;
        if (absl::StartsWithIgnoreCase(parameter, "q=")) {
            return absl::SimpleAtod(parameter.substr(2), &weight) ? weight : 0;
        }
    }
    return 1;
}

bool is_worth_it(const net::HttpResponse& response) {
    return response.socket == nullptr && response.body.size() >= kCompressedBytesMin &&
           response.body.size() <= kCompressedBytesMax &&
           response.header("Content-Encoding").empty();
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
    const absl::string_view list(accept_encoding.data(), accept_encoding.size());
    bool by_star = false;
    for (const absl::string_view item : absl::StrSplit(list, ',')) {
        const std::vector<absl::string_view> parts = absl::StrSplit(item, ';');
        const absl::string_view coding = absl::StripAsciiWhitespace(parts.front());
        if (absl::EqualsIgnoreCase(coding, "gzip")) {
            return weight_of(parts) > 0;
        }
        by_star = by_star || (coding == "*" && weight_of(parts) > 0);
    }
    return by_star;
}

net::Responder compressing(const net::HttpRequest& request, net::Responder respond) {
    const bool wanted = accepts_gzip(request.header("Accept-Encoding"));
    return [wanted, respond = std::move(respond)](net::HttpResponse response) {
        if (is_worth_it(response)) {
            response.headers.emplace_back("Vary", "Accept-Encoding");
            if (auto small = wanted ? gzip(response.body) : std::nullopt) {
                response.headers.emplace_back("Content-Encoding", "gzip");
                response.body = *std::move(small);
            }
        }
        respond(std::move(response));
    };
}

}  // namespace logi::api
