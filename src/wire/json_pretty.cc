#include "wire/json_pretty.h"

#include <cstddef>

namespace logi::wire {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::string_view kSpace = " \t\r\n";

// The end of the string that begins at `at`.
std::size_t end_of_string(std::string_view json, std::size_t at) {
    for (++at; at < json.size() && json[at] != '"'; ++at) {
        at += json[at] == '\\' ? std::size_t{1} : 0;
    }
    return at < json.size() ? at + 1 : json.size();
}

}  // namespace

std::string pretty_json(std::string_view json) {
    std::string out;
    std::size_t depth = 0;
    const auto new_line = [&] {
        out.push_back('\n');
        out.append(depth * kIndent, ' ');
    };
    for (std::size_t at = 0; at < json.size();) {
        const char c = json[at];
        if (c == '"') {
            const std::size_t end = end_of_string(json, at);
            out.append(json.substr(at, end - at));
            at = end;
            continue;
        }
        ++at;
        if (kSpace.find(c) != std::string_view::npos) {
            continue;
        }
        if (c == '}' || c == ']') {
            depth -= depth > 0 ? 1 : 0;
            if (!out.ends_with('{') && !out.ends_with('[')) {
                new_line();
            }
            out.push_back(c);
            continue;
        }
        out.push_back(c);
        if (c == '{' || c == '[') {
            ++depth;
            const std::size_t next = json.find_first_not_of(kSpace, at);
            if (next != std::string_view::npos && json[next] != '}' && json[next] != ']') {
                new_line();
            }
        } else if (c == ',') {
            new_line();
        } else if (c == ':') {
            out.push_back(' ');
        }
    }
    return out;
}

}  // namespace logi::wire
