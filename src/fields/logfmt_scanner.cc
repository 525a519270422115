#include "fields/logfmt_scanner.h"

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "fields/byte_scan.h"

#include <optional>

namespace logi::fields {
namespace {

std::optional<std::uint32_t> rune_escape(std::string_view s) {
    return s.starts_with("\\u") ? base::hex_number(s.substr(2), 4) : std::nullopt;
}

// Appends the rune of the escape at the start of `s`; half of a surrogate pair becomes U+FFFD.
// Returns bytes used, 0: bad.
std::size_t append_rune_escape(std::string_view s, std::string& out) {
    const auto first = rune_escape(s);
    if (!first) {
        return 0;
    }
    if (*first >= 0xD800 && *first < 0xDC00) {
        const auto second = rune_escape(s.substr(6));
        if (second && *second >= 0xDC00 && *second < 0xE000) {
            base::append_utf8(out, 0x10000 + ((*first - 0xD800) << 10U) + (*second - 0xDC00));
            return 12;
        }
    }
    base::append_utf8(out, *first);
    return 6;
}

// The text between the quotes as a JSON string, in which \' is an escape as well. Control
// characters are invalid, broken UTF-8 becomes U+FFFD.
bool unquote(std::string_view s, std::string& out) {
    out.clear();
    while (!s.empty()) {
        if (static_cast<unsigned char>(s[0]) < ' ') {
            return false;
        }
        if (s[0] != '\\' && static_cast<unsigned char>(s[0]) < 0x80) {
            out.push_back(s[0]);
            s.remove_prefix(1);
            continue;
        }
        if (s[0] != '\\') {
            const base::Rune rune = base::decode_rune(s);
            base::append_utf8(out, rune.value);
            s.remove_prefix(rune.length);
            continue;
        }
        constexpr std::string_view kFrom = "\"\\/'bfnrt";
        constexpr std::string_view kTo = "\"\\/'\b\f\n\r\t";
        std::size_t used = 0;
        if (s.size() < 2) {
            return false;
        }
        if (const std::size_t at = kFrom.find(s[1]); at != std::string_view::npos) {
            out.push_back(kTo[at]);
            used = 2;
        } else {
            used = append_rune_escape(s, out);
        }
        if (used == 0) {
            return false;
        }
        s.remove_prefix(used);
    }
    return true;
}

bool has_rune_error(std::string_view s) {
    if (base::is_ascii(s)) {
        return false;
    }
    for (std::size_t i = 0; i < s.size();) {
        const base::Rune rune = base::decode_rune(s.substr(i));
        if (rune.value == base::kRuneError) {
            return true;
        }
        i += rune.length;
    }
    return false;
}

}  // namespace

bool LogfmtScanner::fail(LogfmtFault fault) {
    fault_ = fault;
    fault_at_ = at_;
    if (fault == LogfmtFault::kUnexpectedByte) {
        at_ = find_any_or_space<>(line_, at_);
    }
    return false;
}

bool LogfmtScanner::take_key(std::size_t end) {
    key_ = line_.substr(at_, end - at_);
    at_ = end;
    return !has_rune_error(key_) || fail(LogfmtFault::kInvalidKey);
}

bool LogfmtScanner::next() {
    key_ = value_ = {};
    while (at_ < line_.size() && static_cast<unsigned char>(line_[at_]) <= ' ') {
        ++at_;
    }
    if (at_ == line_.size()) {
        fault_ = LogfmtFault::kNone;
        return false;
    }
    const std::size_t end = find_any_or_space<'=', '"'>(line_, at_);
    if (end < line_.size() && (line_[end] == '"' || end == at_)) {
        at_ = end;
        return fail(LogfmtFault::kUnexpectedByte);
    }
    if (!take_key(end)) {
        return false;
    }
    if (at_ == line_.size() || line_[at_] != '=') {
        return true;
    }
    ++at_;
    return at_ < line_.size() && line_[at_] == '"' ? read_quoted_value() : read_plain_value();
}

bool LogfmtScanner::read_plain_value() {
    const std::size_t end = find_any_or_space<'=', '"'>(line_, at_);
    if (end < line_.size() && static_cast<unsigned char>(line_[end]) > ' ') {
        at_ = end;
        return fail(LogfmtFault::kUnexpectedByte);
    }
    value_ = line_.substr(at_, end - at_);
    at_ = end;
    return true;
}

bool LogfmtScanner::read_quoted_value() {
    const std::size_t begin = at_ + 1;
    bool escaped = false;
    std::size_t end = find_any<'"', '\\'>(line_, begin);
    while (end < line_.size() && line_[end] == '\\') {
        escaped = true;
        end = end + 2 < line_.size() ? find_any<'"', '\\'>(line_, end + 2) : line_.size();
    }
    if (end == line_.size()) {
        at_ = end;
        return fail(LogfmtFault::kUnterminatedQuote);
    }
    at_ = end + 1;
    value_ = line_.substr(begin, end - begin);
    if (escaped) {
        if (!unquote(value_, value_buffer_)) {
            return fail(LogfmtFault::kInvalidQuote);
        }
        value_ = value_buffer_;
    }
    return true;
}

void LogfmtScanner::describe_fault(std::string& out) const {
    out.clear();
    absl::StrAppend(&out, "logfmt syntax error at pos ", fault_at_ + 1, " : ");
    switch (fault_) {
        case LogfmtFault::kNone:
            break;
        case LogfmtFault::kUnexpectedByte:
            absl::StrAppend(&out, "unexpected '", std::string(1, line_[fault_at_]), "'");
            break;
        case LogfmtFault::kInvalidKey:
            out.append("invalid key");
            break;
        case LogfmtFault::kUnterminatedQuote:
            out.append("unterminated quoted value");
            break;
        case LogfmtFault::kInvalidQuote:
            out.append("invalid quoted value");
            break;
    }
}

}  // namespace logi::fields
