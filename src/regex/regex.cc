#include "regex/regex.h"

#include "absl/strings/str_cat.h"
#include "regex/syntax.h"

#include <re2/re2.h>

#include <array>

namespace logi::regex {
namespace {

// Captures of patterns with at most so many groups need no allocation.
constexpr std::size_t kGroupsOnStack = 32;
// As in Go.
constexpr std::size_t kGoDepthMax = 1000;

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
    re2_options.set_max_mem(options.program_bytes_max);
    re2_options.set_dot_nl(options.dot_matches_newline);
    const Rewritten rewritten = rewrite(pattern, options.named_groups_only);
    if (rewritten.depth_max >= kGoDepthMax) {
        return absl::InvalidArgumentError(absl::StrCat(
            "error parsing regexp: expression nests too deeply: `", std::string(pattern), "`"));
    }
    auto impl = std::make_unique<Impl>(rewritten.pattern, re2_options, options.anchored);
    if (!impl->re.ok()) {
        // The error shall speak of what the user wrote, where RE2 can tell what is wrong with it.
        const Impl as_written(pattern, re2_options, options.anchored);
        const bool old_name = as_written.re.error_code() == re2::RE2::ErrorBadPerlOp &&
                              as_written.re.error_arg().starts_with("(?<");
        return go_error(old_name || as_written.re.ok() ? impl->re : as_written.re);
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
