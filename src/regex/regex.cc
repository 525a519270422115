#include "regex/regex.h"

#include "absl/strings/str_cat.h"

#include <re2/re2.h>

#include <array>

namespace logi::regex {
namespace {

constexpr std::int64_t kProgramBytesMax = 8LL << 20;
// Captures of patterns with at most so many groups need no allocation.
constexpr std::size_t kGroupsOnStack = 32;

// What Go's regexp/syntax says where RE2 has this code.
std::string_view go_reason(re2::RE2::ErrorCode code) {
    switch (code) {
        case re2::RE2::ErrorBadEscape:
            return "invalid escape sequence";
        case re2::RE2::ErrorBadCharClass:
            return "invalid character class";
        case re2::RE2::ErrorBadCharRange:
            return "invalid character class range";
        case re2::RE2::ErrorMissingBracket:
            return "missing closing ]";
        case re2::RE2::ErrorMissingParen:
            return "missing closing )";
        case re2::RE2::ErrorUnexpectedParen:
            return "unexpected )";
        case re2::RE2::ErrorTrailingBackslash:
            return "trailing backslash at end of expression";
        case re2::RE2::ErrorRepeatArgument:
            return "missing argument to repetition operator";
        case re2::RE2::ErrorRepeatSize:
            return "invalid repeat count";
        case re2::RE2::ErrorRepeatOp:
            return "invalid nested repetition operator";
        case re2::RE2::ErrorBadPerlOp:
            return "invalid or unsupported Perl syntax";
        case re2::RE2::ErrorBadUTF8:
            return "invalid UTF-8";
        case re2::RE2::ErrorBadNamedCapture:
            return "invalid named capture";
        case re2::RE2::ErrorPatternTooLarge:
            return "expression too large";
        default:
            return "regexp: internal error";
    }
}

Status go_error(const re2::RE2& re) {
    return absl::InvalidArgumentError(absl::StrCat("error parsing regexp: ",
                                                   std::string(go_reason(re.error_code())),
                                                   ": `",
                                                   re.error_arg(),
                                                   "`"));
}

bool begins_name(char c) {
    return c != '=' && c != '!';
}

// Go also writes (?<name>…) for (?P<name>…), which RE2 learnt later than Debian's.
std::string with_old_names(std::string_view pattern) {
    std::string out;
    bool in_class = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c == '\\' && i + 1 < pattern.size()) {
            const std::size_t quoted_end =
                pattern[i + 1] == 'Q' && !in_class ? pattern.find("\\E", i) : i + 1;
            const std::size_t end = std::min(quoted_end, pattern.size() - 1);
            out.append(pattern.substr(i, end - i + 1));
            i = end;
            continue;
        }
        if (in_class) {
            in_class = c != ']';
        } else if (c == '[') {
            in_class = true;
            // A ] right behind the opening is an ordinary character.
            const std::size_t first = i + 1 < pattern.size() && pattern[i + 1] == '^' ? 2 : 1;
            if (i + first < pattern.size() && pattern[i + first] == ']') {
                out.append(pattern.substr(i, first));
                i += first;
            }
        } else if (pattern.substr(i).starts_with("(?<") && i + 3 < pattern.size() &&
                   begins_name(pattern[i + 3])) {
            out.append("(?P");
            i += 1;
            continue;
        }
        out.push_back(pattern[i]);
    }
    return out;
}

}  // namespace

struct Regex::Impl {
    Impl(std::string_view pattern, const re2::RE2::Options& options, bool is_anchored)
        : re(re2::StringPiece(pattern.data(), pattern.size()), options), anchored(is_anchored) {}
    re2::RE2 re;
    bool anchored;
    std::vector<std::string> names;
};

Regex::Regex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Regex::~Regex() = default;

StatusOr<std::unique_ptr<Regex>> Regex::compile(std::string_view pattern, Options options) {
    re2::RE2::Options re2_options(re2::RE2::Quiet);
    re2_options.set_max_mem(kProgramBytesMax);
    re2_options.set_dot_nl(options.dot_matches_newline);
    auto impl = std::make_unique<Impl>(pattern, re2_options, options.anchored);
    if (!impl->re.ok() && pattern.find("(?<") != std::string_view::npos) {
        impl = std::make_unique<Impl>(with_old_names(pattern), re2_options, options.anchored);
    }
    if (!impl->re.ok()) {
        return go_error(impl->re);
    }
    impl->names.resize(static_cast<std::size_t>(impl->re.NumberOfCapturingGroups()) + 1);
    for (const auto& [number, name] : impl->re.CapturingGroupNames()) {
        impl->names[static_cast<std::size_t>(number)] = name;
    }
    return std::unique_ptr<Regex>(new Regex(std::move(impl)));
}

bool Regex::matches(std::string_view text) const {
    const re2::StringPiece piece(text.data(), text.size());
    return impl_->anchored ? re2::RE2::FullMatch(piece, impl_->re)
                           : re2::RE2::PartialMatch(piece, impl_->re);
}

std::size_t Regex::program_bytes() const {
    constexpr std::size_t kObjectBytes = 4096;
    constexpr std::size_t kInstructionBytes = 16;
    return kObjectBytes + kInstructionBytes * static_cast<std::size_t>(impl_->re.ProgramSize());
}

const std::vector<std::string>& Regex::group_names() const {
    return impl_->names;
}

bool Regex::find(std::string_view text,
                 std::size_t from,
                 std::vector<std::string_view>& groups) const {
    const std::size_t count = impl_->names.size();
    std::array<re2::StringPiece, kGroupsOnStack> few;
    std::vector<re2::StringPiece> many(count > few.size() ? count : 0);
    re2::StringPiece* found = many.empty() ? few.data() : many.data();
    // RE2 tells a group that matched nothing from one that took no part by data(), so the text
    // itself must not be null.
    const re2::StringPiece piece(text.data() == nullptr ? "" : text.data(), text.size());
    const auto anchor = impl_->anchored ? re2::RE2::ANCHOR_BOTH : re2::RE2::UNANCHORED;
    if (!impl_->re.Match(piece, from, text.size(), anchor, found, static_cast<int>(count))) {
        return false;
    }
    groups.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        groups[i] = {found[i].data(), found[i].size()};
    }
    return true;
}

}  // namespace logi::regex
