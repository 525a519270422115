#include "agent/receive/gelf_message.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "wire/decompress.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace logi::agent {
namespace {

namespace dom = simdjson::dom;

// 0x1e 0x0f, eight bytes of a number, which chunk it is, how many there are.
constexpr std::string_view kChunkMagic = "\x1e\x0f";
constexpr std::size_t kChunkHeadBytes = 12;
constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kChunksMax = 128;
constexpr Duration kChunkTime = Duration::seconds(5);
constexpr std::size_t kPartialMax = 4096;
constexpr std::size_t kPartialBytesMax = 32U << 20U;
constexpr std::uint64_t kMessageBytesMax = 16ULL << 20U;

std::string text_of(const dom::element& value) {
    if (value.is_string()) {
        return std::string(value.get_string().value_unsafe());
    }
    return value.is_null() ? std::string() : simdjson::to_string(value);
}

std::optional<double> number_of(const dom::element& value) {
    double number = 0;
    if (value.is_string()) {
        const std::string_view text = value.get_string().value_unsafe();
        if (!absl::SimpleAtod(absl::string_view(text.data(), text.size()), &number)) {
            return std::nullopt;
        }
    } else if (value.get_double().get(number) != simdjson::SUCCESS) {
        return std::nullopt;
    }
    return std::isfinite(number) ? std::optional<double>(number) : std::nullopt;
}

// Seconds as a double have no more than microseconds.
std::optional<Timestamp> time_of(const dom::element& value) {
    constexpr double kSecondsMax = 9e9;
    const std::optional<double> seconds = number_of(value);
    if (!seconds.has_value() || std::abs(*seconds) > kSecondsMax) {
        return std::nullopt;
    }
    return Timestamp{std::llround(*seconds * 1e6) * 1000};
}

void set_field(std::string_view name, const dom::element& value, GelfMessage& out) {
    if (name == "host") {
        out.host = text_of(value);
    } else if (name == "version") {
        out.version = text_of(value);
    } else if (name == "facility") {
        out.facility = text_of(value);
    } else if (name == "timestamp") {
        out.time = time_of(value);
    } else if (name == "level") {
        const double level = number_of(value).value_or(1);
        out.level = level >= 0 && level <= 7 ? static_cast<unsigned>(level) : 7;
    }
}

}  // namespace

StatusOr<GelfMessage> parse_gelf(std::string_view json) {
    dom::parser parser;
    dom::element root;
    dom::object fields;
    if (const auto error = parser.parse(json.data(), json.size()).get(root);
        error != simdjson::SUCCESS) {
        return absl::InvalidArgumentError(
            absl::StrCat("no JSON: ", simdjson::error_message(error)));
    }
    if (root.get_object().get(fields) != simdjson::SUCCESS) {
        return absl::InvalidArgumentError("no JSON object");
    }
    GelfMessage out;
    for (const auto& field : fields) {
        set_field(field.key, field.value, out);
    }
    return out;
}

StatusOr<std::string> gelf_json(std::string_view message) {
    if (message.starts_with("\x1f\x8b")) {
        return wire::gunzip(message, kMessageBytesMax);
    }
    // zlib: the method is DEFLATE, and the first two bytes are a multiple of 31.
    if (message.size() > 2) {
        const auto first = static_cast<unsigned char>(message[0]);
        const auto second = static_cast<unsigned char>(message[1]);
        if ((first & 0x0FU) == 8 && (first * 256 + second) % 31 == 0) {
            return wire::inflate_raw(message.substr(2), kMessageBytesMax);
        }
    }
    return std::string(message);
}

bool GelfChunks::is_chunk(std::string_view datagram) {
    return datagram.starts_with(kChunkMagic);
}

StatusOr<std::optional<std::string>> GelfChunks::add(std::string_view datagram,
                                                     const std::string& from,
                                                     Timestamp now) {
    if (!is_chunk(datagram) || datagram.size() < kChunkHeadBytes) {
        return absl::InvalidArgumentError("a chunk without a head");
    }
    const std::size_t number = static_cast<unsigned char>(datagram[kChunkHeadBytes - 2]);
    const std::size_t count = static_cast<unsigned char>(datagram[kChunkHeadBytes - 1]);
    const std::string_view piece = datagram.substr(kChunkHeadBytes);
    if (count == 0 || count > kChunksMax || number >= count) {
        return absl::InvalidArgumentError(
            absl::StrCat("chunk ", number, " of ", count, ": there are at most 128, from 0"));
    }
    give_up_old(now, piece.size());
    const std::string key =
        absl::StrCat(std::string(datagram.substr(kChunkMagic.size(), kNumberBytes)), from);
    const auto [at, is_new] = partial_.try_emplace(key);
    Partial& partial = at->second;
    if (is_new) {
        partial.begun = now;
        partial.pieces.resize(count);
        partial.missing = count;
        order_.emplace_back(now, key);
    }
    if (partial.pieces.size() != count) {
        return absl::InvalidArgumentError("chunks of a message differ in how many there are");
    }
    if (partial.pieces[number].has_value()) {
        return std::nullopt;  // the network has doubled it
    }
    partial.pieces[number] = std::string(piece);
    partial.bytes += piece.size();
    bytes_ += piece.size();
    if (--partial.missing > 0) {
        return std::nullopt;
    }
    std::string whole;
    whole.reserve(partial.bytes);
    for (const auto& each : partial.pieces) {
        whole.append(*each);
    }
    forget(key);
    return whole;
}

void GelfChunks::forget(const std::string& key) {
    const auto at = partial_.find(key);
    bytes_ -= at->second.bytes;
    partial_.erase(at);
}

void GelfChunks::give_up_old(Timestamp now, std::size_t bytes) {
    while (!order_.empty()) {
        const auto& [begun, key] = order_.front();
        const auto at = partial_.find(key);
        const bool is_there = at != partial_.end() && at->second.begun == begun;
        if (is_there) {
            const bool is_old = now - begun > kChunkTime;
            const bool is_too_much =
                partial_.size() >= kPartialMax || bytes_ + bytes > kPartialBytesMax;
            if (!is_old && !is_too_much) {
                return;
            }
            ++given_up_;
            forget(key);
        }
        order_.pop_front();
    }
}

std::uint64_t GelfChunks::given_up(Timestamp now) {
    give_up_old(now, 0);
    return std::exchange(given_up_, 0);
}

}  // namespace logi::agent
