#include "regex/replace.h"

#include "base/utf8.h"

#include <functional>

namespace logi::regex {
namespace {

bool is_name_char(char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

struct Reference {
    std::string_view name;
    std::size_t length = 0;  // with the dollar; 0: no reference
};

// The reference whose dollar begins `s`. The longest name counts: $1x is the group "1x".
Reference read_reference(std::string_view s) {
    const bool braces = s.size() > 1 && s[1] == '{';
    const std::size_t begin = braces ? 2 : 1;
    std::size_t end = begin;
    while (end < s.size() && is_name_char(s[end])) {
        ++end;
    }
    if (end == begin || (braces && (end == s.size() || s[end] != '}'))) {
        return {};
    }
    return {s.substr(begin, end - begin), end + (braces ? 1 : 0)};
}

constexpr std::size_t kNoGroup = static_cast<std::size_t>(-1);

std::size_t group_of(const Regex& regex, std::string_view name) {
    const auto& names = regex.group_names();
    if (name.find_first_not_of("0123456789") == std::string_view::npos) {
        std::size_t number = 0;
        for (const char c : name) {
            number = number * 10 + static_cast<std::size_t>(c - '0');
            if (number >= names.size()) {
                return kNoGroup;
            }
        }
        // Go reads 01 as a name.
        return name.size() > 1 && name[0] == '0' ? kNoGroup : number;
    }
    for (std::size_t i = 1; i < names.size(); ++i) {
        if (names[i] == name) {
            return i;
        }
    }
    return kNoGroup;
}

using Groups = std::vector<std::string_view>;

// Calls on_match for every match and on_gap for the texts before, between and behind them.
void each_match(const Regex& regex,
                std::string_view text,
                const std::function<void(const Groups&)>& on_match,
                const std::function<void(std::string_view)>& on_gap) {
    Groups groups;
    std::size_t copied = 0;
    std::size_t from = 0;
    while (from <= text.size() && regex.find(text, from, groups)) {
        const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
        const std::size_t end = begin + groups[0].size();
        on_gap(text.substr(copied, begin - copied));
        // copied is where the last match ended.
        if (end > copied || begin == 0) {
            on_match(groups);
        }
        copied = end;
        if (end > from) {
            from = end;
        } else {
            const std::size_t rune =
                from < text.size() ? base::decode_rune(text.substr(from)).length : 1;
            from += rune;
        }
    }
    on_gap(text.substr(copied));
}

}  // namespace

void expand(const Regex& regex,
            std::string_view replacement,
            const std::vector<std::string_view>& groups,
            std::string& out) {
    while (!replacement.empty()) {
        const std::size_t dollar = std::min(replacement.find('$'), replacement.size());
        out.append(replacement.substr(0, dollar));
        replacement.remove_prefix(dollar);
        if (replacement.empty()) {
            return;
        }
        if (replacement.starts_with("$$")) {
            out.push_back('$');
            replacement.remove_prefix(2);
            continue;
        }
        const Reference reference = read_reference(replacement);
        if (reference.length == 0) {
            out.push_back('$');
            replacement.remove_prefix(1);
            continue;
        }
        const std::size_t group = group_of(regex, reference.name);
        if (group != kNoGroup) {
            out.append(groups[group]);
        }
        replacement.remove_prefix(reference.length);
    }
}

std::string replace_all(const Regex& regex, std::string_view text, std::string_view replacement) {
    std::string out;
    each_match(
        regex,
        text,
        [&](const Groups& groups) { expand(regex, replacement, groups, out); },
        [&](std::string_view gap) { out.append(gap); });
    return out;
}

std::string replace_all_literal(const Regex& regex,
                                std::string_view text,
                                std::string_view replacement) {
    std::string out;
    each_match(
        regex,
        text,
        [&](const Groups&) { out.append(replacement); },
        [&](std::string_view gap) { out.append(gap); });
    return out;
}

std::size_t count_matches(const Regex& regex, std::string_view text) {
    std::size_t count = 0;
    each_match(
        regex, text, [&](const Groups&) { ++count; }, [](std::string_view) {});
    return count;
}

}  // namespace logi::regex
