// Functions that take a regular expression.
#include "template/frame.h"
#include "template/function.h"
#include "template/number.h"
#include "template/utf8.h"

#include <re2/re2.h>

#include <algorithm>
#include <vector>

namespace logi::tmpl {
namespace {

using Values = absl::Span<const Value>;
using Groups = std::vector<re2::StringPiece>;

std::string_view view(const re2::StringPiece& piece) {
    return {piece.data(), piece.size()};
}

// Calls `found` for each match from left to right; a match of nothing directly behind another
// match does not count. groups[0] is the match.
template <typename Found>
void for_each_match(const re2::RE2& re, std::string_view s, std::size_t group_count, Found found) {
    const re2::StringPiece text(s.data(), s.size());
    Groups groups(group_count);
    std::size_t at = 0;
    std::size_t last_end = std::string_view::npos;
    while (at <= s.size() && re.Match(text,
                                      at,
                                      s.size(),
                                      re2::RE2::UNANCHORED,
                                      groups.data(),
                                      static_cast<int>(groups.size()))) {
        const auto start = static_cast<std::size_t>(groups[0].data() - s.data());
        const std::size_t end = start + groups[0].size();
        if (start == end && start == last_end) {
            at = end + (end < s.size() ? decode_rune(s.substr(end)).length : 1);
            continue;
        }
        if (!found(groups)) {
            return;
        }
        last_end = end;
        at = start == end ? end + (end < s.size() ? decode_rune(s.substr(end)).length : 1) : end;
    }
}

StatusOr<Value> count(Frame& frame, Values args) {
    LOGI_ASSIGN_OR_RETURN(const auto re, frame.regexes().get(args[0].as_string()));
    std::int64_t matches = 0;
    for_each_match(*re, args[1].as_string(), 1, [&](const Groups&) { return ++matches > 0; });
    return Value::integer(matches);
}

// A replacement cut into its plain pieces and the groups between them: $1, $name, ${name}, $$.
struct Piece {
    std::string_view text;
    int group = -1;  // none: only text
};

constexpr std::uint64_t kGroupsMax = 10'000;

int group_number(const re2::RE2& re, std::string_view name) {
    if (name.find_first_not_of("0123456789") == std::string_view::npos) {
        const auto number = parse_uint(name, 10);
        const bool plain = number.ok() && (name.size() == 1 || name[0] != '0');
        return plain && number.value <= kGroupsMax ? static_cast<int>(number.value) : -1;
    }
    const auto& names = re.NamedCapturingGroups();
    const auto it = names.find(std::string(name));
    return it == names.end() ? -1 : it->second;
}

std::size_t name_length(std::string_view s) {
    std::size_t n = 0;
    while (n < s.size()) {
        const Rune r = decode_rune(s.substr(n));
        if (!r.valid || (r.value != '_' && !is_letter_or_digit(r.value))) {
            break;
        }
        n += r.length;
    }
    return n;
}

// The group behind a '$' at the start of s, which moves behind it; false if none is named there.
bool read_group(std::string_view& s, std::string_view& name) {
    const bool braces = s.size() > 1 && s[1] == '{';
    const std::size_t start = braces ? 2 : 1;
    const std::size_t length = name_length(s.substr(std::min(start, s.size())));
    if (length == 0 || (braces && (start + length >= s.size() || s[start + length] != '}'))) {
        return false;
    }
    name = s.substr(start, length);
    s.remove_prefix(start + length + (braces ? 1 : 0));
    return true;
}

std::vector<Piece> pieces_of(const re2::RE2& re, std::string_view replacement) {
    std::vector<Piece> pieces;
    while (!replacement.empty()) {
        const std::size_t dollar = std::min(replacement.find('$'), replacement.size());
        pieces.push_back({replacement.substr(0, dollar)});
        replacement.remove_prefix(dollar);
        std::string_view name;
        if (replacement.starts_with("$$")) {
            pieces.push_back({replacement.substr(0, 1)});
            replacement.remove_prefix(2);
        } else if (!replacement.empty() && read_group(replacement, name)) {
            // A group that does not exist stands for nothing.
            pieces.push_back({{}, group_number(re, name)});
        } else if (!replacement.empty()) {
            pieces.push_back({replacement.substr(0, 1)});
            replacement.remove_prefix(1);
        }
    }
    return pieces;
}

StatusOr<Value> replace_all(Frame& frame, Values args, bool expands) {
    LOGI_ASSIGN_OR_RETURN(const auto re, frame.regexes().get(args[0].as_string()));
    const std::string_view s = args[1].as_string();
    const std::vector<Piece> pieces =
        expands ? pieces_of(*re, args[2].as_string()) : std::vector<Piece>{{args[2].as_string()}};
    const auto groups_all = static_cast<std::size_t>(re->NumberOfCapturingGroups()) + 1;
    return frame.written([&](Sink& out) {
        std::size_t copied = 0;
        for_each_match(*re, s, expands ? groups_all : 1, [&](const Groups& groups) {
            const auto start = static_cast<std::size_t>(groups[0].data() - s.data());
            out.append(s.substr(copied, start - copied));
            for (const Piece& piece : pieces) {
                out.append(piece.text);
                if (piece.group >= 0 && static_cast<std::size_t>(piece.group) < groups.size()) {
                    out.append(view(groups[static_cast<std::size_t>(piece.group)]));
                }
            }
            copied = start + groups[0].size();
            return !out.full();
        });
        out.append(s.substr(copied));
    });
}

StatusOr<Value> regex_replace_all(Frame& frame, Values args) {
    return replace_all(frame, args, true);
}

StatusOr<Value> regex_replace_all_literal(Frame& frame, Values args) {
    return replace_all(frame, args, false);
}

constexpr Function kFunctions[] = {
    {.name = "count", .call = count, .signature = "ss", .pattern_first = true},
    {.name = "regexReplaceAll",
     .call = regex_replace_all,
     .signature = "sss",
     .pattern_first = true},
    {.name = "regexReplaceAllLiteral",
     .call = regex_replace_all_literal,
     .signature = "sss",
     .pattern_first = true},
};

}  // namespace

absl::Span<const Function> regex_functions() {
    return kFunctions;
}

}  // namespace logi::tmpl
