#include "regex/replace.h"

#include "base/unicode.h"

#include <algorithm>
#include <optional>

namespace logi::regex {
namespace {

struct Reference {
    std::string_view name;
    std::size_t length = 0;  // with the dollar; 0: no reference
};

// Length of the letters, digits and underscores at the start of `s`.
std::size_t name_length(std::string_view s) {
    std::size_t length = 0;
    while (length < s.size()) {
        const base::Rune rune = base::decode_rune(s.substr(length));
        if (!rune.valid || (rune.value != '_' && !base::is_letter_or_digit(rune.value))) {
            break;
        }
        length += rune.length;
    }
    return length;
}

// The reference whose dollar begins `s`. The longest name counts: $1x is the group "1x".
Reference read_reference(std::string_view s) {
    const bool braces = s.size() > 1 && s[1] == '{';
    const std::size_t begin = braces ? 2 : 1;
    const std::size_t end = begin + name_length(s.substr(std::min(begin, s.size())));
    if (end == begin || (braces && (end == s.size() || s[end] != '}'))) {
        return {};
    }
    return {s.substr(begin, end - begin), end + (braces ? 1 : 0)};
}

std::optional<std::size_t> group_of(const Regex& regex, std::string_view name) {
    const auto& names = regex.group_names();
    if (name.find_first_not_of("0123456789") == std::string_view::npos) {
        std::size_t number = 0;
        for (const char c : name) {
            number = number * 10 + static_cast<std::size_t>(c - '0');
            if (number >= names.size()) {
                return std::nullopt;
            }
        }
        // Go reads 01 as a name.
        return name.size() > 1 && name[0] == '0' ? std::nullopt : std::optional(number);
    }
    for (std::size_t i = 1; i < names.size(); ++i) {
        if (names[i] == name) {
            return i;
        }
    }
    return std::nullopt;
}

std::size_t rune_bytes(std::string_view text, std::size_t at) {
    return at < text.size() ? base::decode_rune(text.substr(at)).length : 1;
}

}  // namespace

namespace {

// Of an empty text that points nowhere RE2 finds matches elsewhere.
std::string_view anchored(std::string_view text) {
    return text.data() == nullptr ? std::string_view("") : text;
}

}  // namespace

void for_each_match(const Regex& regex,
                    std::string_view text,
                    const std::function<bool(const Groups&)>& found) {
    text = anchored(text);
    Groups groups;
    std::size_t from = 0;
    std::optional<std::size_t> last_end;
    while (from <= text.size() && regex.find(text, from, groups)) {
        const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
        const std::size_t end = begin + groups[0].size();
        if (begin != end || begin != last_end) {
            if (!found(groups)) {
                return;
            }
            last_end = end;
        }
        from = begin == end ? end + rune_bytes(text, end) : end;
    }
}

Replacement::Replacement(const Regex& regex, std::string_view replacement) {
    while (!replacement.empty()) {
        const std::size_t dollar = std::min(replacement.find('$'), replacement.size());
        pieces_.push_back({replacement.substr(0, dollar)});
        replacement.remove_prefix(dollar);
        if (replacement.empty()) {
            return;
        }
        const Reference reference = read_reference(replacement);
        if (reference.length > 0) {
            if (const auto group = group_of(regex, reference.name); group.has_value()) {
                pieces_.push_back({{}, *group});
            }
            replacement.remove_prefix(reference.length);
        } else {
            pieces_.push_back({replacement.substr(0, 1)});
            replacement.remove_prefix(replacement.starts_with("$$") ? 2 : 1);
        }
    }
}

void replace_all(const Regex& regex,
                 std::string_view text,
                 const Replacement& replacement,
                 const std::function<bool(std::string_view)>& out) {
    text = anchored(text);
    bool more = true;
    std::size_t copied = 0;
    const auto put = [&](std::string_view piece) {
        more = more && out(piece);
    };
    for_each_match(regex, text, [&](const Groups& groups) {
        const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
        put(text.substr(copied, begin - copied));
        replacement.expand(groups, put);
        copied = begin + groups[0].size();
        return more;
    });
    put(text.substr(copied));
}

}  // namespace logi::regex
