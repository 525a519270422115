#include "agent/receive/push_request.h"

#include "wire/decompress.h"
#include "wire/push.h"

#include <utility>

namespace logi::agent {
namespace {

constexpr int kTooLarge = 413;
constexpr std::uint64_t kBytesMax = 64ULL << 20U;

StatusOr<std::vector<LabelPair>> labels_of(wire::PushStream& stream) {
    if (auto* pairs = std::get_if<std::vector<LabelPair>>(&stream.labels); pairs != nullptr) {
        return Labels::from_pairs(std::move(*pairs)).pairs();
    }
    LOGI_ASSIGN_OR_RETURN(const Labels labels,
                          Labels::parse(std::get<std::string_view>(stream.labels)));
    return labels.pairs();
}

PushedEntry entry_of(const EntryView& entry) {
    PushedEntry out{entry.time, std::string(entry.line), {}};
    for (const MetadataView& pair : entry.metadata) {
        out.metadata.push_back({std::string(pair.name), std::string(pair.value)});
    }
    return out;
}

}  // namespace

std::variant<Pushed, PushRefusal> read_push(const net::HttpRequest& request) {
    wire::DecodeLimits limits;
    limits.decompressed_bytes_max = kBytesMax;
    limits.decoded_bytes_max = kBytesMax;
    auto decoded = wire::decode_push(
        request.body, request.header("Content-Type"), request.header("Content-Encoding"), limits);
    if (const auto* error = std::get_if<wire::PushError>(&decoded); error != nullptr) {
        return PushRefusal{error->status, error->message};
    }
    Pushed out;
    for (wire::PushStream& stream : std::get<wire::PushRequest>(decoded).streams) {
        auto labels = labels_of(stream);
        if (!labels.ok()) {
            out.error = std::string(labels.status().message());
            continue;
        }
        PushedStream& pushed = out.streams.emplace_back();
        pushed.labels = *std::move(labels);
        pushed.entries.reserve(stream.entries.size());
        for (const EntryView& entry : stream.entries) {
            pushed.entries.push_back(entry_of(entry));
        }
    }
    return out;
}

std::variant<Pushed, PushRefusal> read_raw(const net::HttpRequest& request) {
    std::string unpacked;
    std::string_view rest = request.body;
    if (const std::string_view encoding = request.header("Content-Encoding"); encoding == "gzip") {
        auto text = wire::gunzip(request.body, kBytesMax);
        if (!text.ok()) {
            return PushRefusal{absl::IsOutOfRange(text.status()) ? kTooLarge : 400,
                               std::string(text.status().message())};
        }
        rest = unpacked = *std::move(text);
    } else if (!encoding.empty() && encoding != "identity") {
        return PushRefusal{415, "Content-Encoding is gzip, or none"};
    }
    Pushed out;
    PushedStream& stream = out.streams.emplace_back();
    std::uint64_t bytes = 0;  // in memory: a short line takes much more than it is long
    while (!rest.empty()) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (!line.empty()) {
            bytes += sizeof(PushedEntry) + line.size();
            if (bytes > kBytesMax) {
                return PushRefusal{kTooLarge, "too many lines in one request"};
            }
            stream.entries.push_back({std::nullopt, std::string(line), {}});
        }
    }
    return out;
}

}  // namespace logi::agent
