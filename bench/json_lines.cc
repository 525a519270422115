// The baseline of JSON queries: reads lines from standard input, parses those that are objects with
// simdjson, and counts them by a field. Prints how many there were and how many values.
#include <simdjson.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kReadBytes = 1U << 20U;

struct Counts {
    std::string field;
    std::size_t objects = 0;
    std::map<std::string, std::size_t, std::less<>> by_value;
    simdjson::ondemand::parser parser;

    // `size` bytes at `line`, with simdjson's padding behind them.
    void add(const char* line, std::size_t size) {
        if (size == 0 || *line != '{') {
            return;
        }
        auto document = parser.iterate(line, size, size + simdjson::SIMDJSON_PADDING);
        std::string_view value;
        if (document[field].raw_json_token().get(value) != simdjson::SUCCESS) {
            return;
        }
        ++objects;
        const auto it = by_value.find(value);
        if (it == by_value.end()) {
            by_value.emplace(value, 1);
        } else {
            ++it->second;
        }
    }
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: bench_json FIELD\n", stderr);
        return 2;
    }
    Counts counts;
    counts.field = argv[1];
    std::vector<char> buffer(2 * kReadBytes + simdjson::SIMDJSON_PADDING);
    std::size_t held = 0;
    while (true) {
        if (buffer.size() < held + kReadBytes + simdjson::SIMDJSON_PADDING) {
            buffer.resize(2 * buffer.size());
        }
        const ssize_t got = read(STDIN_FILENO, buffer.data() + held, kReadBytes);
        if (got <= 0) {
            break;
        }
        const std::size_t end = held + static_cast<std::size_t>(got);
        std::size_t begin = 0;
        std::string_view bytes(buffer.data(), end);
        for (std::size_t at = bytes.find('\n', held); at != std::string_view::npos;
             at = bytes.find('\n', begin)) {
            counts.add(buffer.data() + begin, at - begin);
            begin = at + 1;
        }
        held = end - begin;
        std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(begin),
                  buffer.begin() + static_cast<std::ptrdiff_t>(end),
                  buffer.begin());
    }
    std::cout << counts.objects << " " << counts.by_value.size() << "\n";
    return 0;
}
