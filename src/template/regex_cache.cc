#include "template/regex_cache.h"

#include "absl/strings/str_cat.h"
#include "template/limits.h"

#include <re2/re2.h>

namespace logi::tmpl {
namespace {

// Go's words for what RE2 found, whose syntax is the same.
std::string_view go_error(re2::RE2::ErrorCode code) {
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
        default:
            return "expression too large";
    }
}

RegexCache::Compiled compile(std::string_view pattern) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(kRegexBytesMax);
    auto re =
        std::make_shared<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
    if (re->ok()) {
        return re;
    }
    std::string text =
        absl::StrCat("error parsing regexp: ", std::string(go_error(re->error_code())));
    const bool has_place = re->error_code() != re2::RE2::ErrorTrailingBackslash &&
                           re->error_code() != re2::RE2::ErrorBadUTF8;
    absl::StrAppend(&text, ": `", has_place ? re->error_arg() : "", "`");
    return absl::InvalidArgumentError(text);
}

}  // namespace

RegexCache::RegexCache() = default;
RegexCache::~RegexCache() = default;

void RegexCache::add(std::string_view pattern) {
    if (literal_.size() < kLiteralRegexesMax) {
        literal_.emplace(std::string(pattern), compile(pattern));
    }
}

RegexCache::Compiled RegexCache::get(std::string_view pattern) {
    const absl::string_view key(pattern.data(), pattern.size());
    if (const auto it = literal_.find(key); it != literal_.end()) {
        return it->second;
    }
    {
        const base::MutexLock lock(mutex_);
        if (const auto it = others_.find(key); it != others_.end()) {
            return it->second;
        }
    }
    auto compiled = compile(pattern);
    const base::MutexLock lock(mutex_);
    if (others_.size() >= kOtherRegexesMax) {
        others_.clear();
    }
    others_.emplace(std::string(pattern), compiled);
    return compiled;
}

}  // namespace logi::tmpl
