// The lines of a load, each of which pusher and number determine: so what came can be checked
// without remembering what was sent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logi::load {

// Every so many lines, one is an error: that is what live tails ask for.
inline constexpr std::uint64_t kErrorEvery = 20;

struct Plan {
    std::int64_t begin_ns = 0;       // of the first line
    std::int64_t lines_per_s = 50;   // of a pusher, by the lines' own time
    std::int64_t data_seconds = 60;  // from the first line to the last

    [[nodiscard]] std::int64_t time_ns(std::uint64_t number) const {
        return begin_ns + static_cast<std::int64_t>(number) * 1'000'000'000 / lines_per_s;
    }
    [[nodiscard]] std::uint64_t lines() const {
        return static_cast<std::uint64_t>(lines_per_s * data_seconds);
    }
};

inline bool is_error(std::uint64_t number) {
    return number % kErrorEvery == kErrorEvery / 2;
}

inline std::string stream_of(unsigned pusher) {
    return R"({app="load", pusher=")" + std::to_string(pusher) + R"("})";
}

inline std::string line_of(unsigned pusher, std::uint64_t number) {
    const std::uint64_t mixed = (number * 64 + pusher) * 0x9E3779B97F4A7C15ULL;
    const auto digits = [](std::uint64_t value) {
        return std::to_string(value);
    };
    return "seq=" + digits(number) + " level=" + (is_error(number) ? "error" : "info") +
           " msg=\"request served\" method=" + (mixed % 5 == 0 ? "POST" : "GET") +
           " path=/api/v1/items/" + digits(mixed % 100'000) +
           " status=" + (is_error(number) ? "500" : "200") +
           " duration_ms=" + digits(mixed >> 54U) + " bytes=" + digits((mixed >> 40U) % 65'536) +
           " trace_id=" + digits(mixed) + digits(mixed * 31);
}

// The numbers of the lines in a text of JSON, in its order.
inline std::vector<std::uint64_t> numbers_in(std::string_view text) {
    constexpr std::string_view kMark = "\"seq=";
    std::vector<std::uint64_t> numbers;
    for (std::size_t at = text.find(kMark); at != std::string_view::npos;
         at = text.find(kMark, at)) {
        at += kMark.size();
        std::uint64_t number = 0;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
            number = number * 10 + static_cast<std::uint64_t>(text[at++] - '0');
        }
        numbers.push_back(number);
    }
    return numbers;
}

}  // namespace logi::load
