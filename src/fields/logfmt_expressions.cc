#include "fields/logfmt_expressions.h"

#include "absl/strings/str_cat.h"
#include "base/utf8.h"
#include "fields/logfmt_pairs.h"
#include "fields/names.h"

#include <optional>

namespace logi::fields {
namespace {

bool begins_key(char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool in_key(char c) {
    return begins_key(c) || (c >= '0' && c <= '9');
}

std::size_t key_end(std::string_view s, std::size_t from) {
    while (from < s.size() && in_key(s[from])) {
        ++from;
    }
    return from;
}

Status unexpected_char(std::string_view s) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected char ", std::string(s.substr(0, base::decode_rune(s).length))));
}

// The key that begins `s`, with or without double quotes; removes it.
StatusOr<std::string> take_key(std::string_view& s) {
    if (s.empty()) {
        return absl::InvalidArgumentError("syntax error: unexpected $end");
    }
    const bool quoted = s[0] == '"';
    const std::size_t begin = quoted ? 1 : 0;
    if (!quoted && !begins_key(s[0])) {
        return unexpected_char(s);
    }
    const std::size_t end = key_end(s, begin);
    if (quoted && end < s.size() && s[end] != '"') {
        return unexpected_char(s.substr(end));
    }
    std::string key(s.substr(begin, end - begin));
    s.remove_prefix(std::min(end + begin, s.size()));
    return key;
}

StatusOr<std::string> read_expression(std::string_view text) {
    std::string_view rest = trim_space(text);
    LOGI_ASSIGN_OR_RETURN(std::string key, take_key(rest));
    rest = trim_space(rest);
    if (!rest.empty()) {
        const bool quoted = rest[0] == '"';
        LOGI_RETURN_IF_ERROR(take_key(rest).status());
        return absl::InvalidArgumentError(
            absl::StrCat("syntax error: unexpected ", quoted ? "STRING" : "KEY"));
    }
    return key;
}

}  // namespace

StatusOr<LogfmtExpressions> LogfmtExpressions::compile(std::vector<Extraction> extractions,
                                                       LogfmtParser::Options options) {
    for (auto& extraction : extractions) {
        auto key = read_expression(extraction.expression);
        if (!key.ok()) {
            return absl::InvalidArgumentError(absl::StrCat(
                "cannot parse expression [", extraction.expression, "]: ", key.status().message()));
        }
        extraction.expression = *std::move(key);
    }
    return LogfmtExpressions(std::move(extractions), options);
}

ParseError LogfmtExpressions::parse(std::string_view line,
                                    FieldSink& sink,
                                    Scratch& scratch) const {
    for (const auto& extraction : extractions_) {
        sink.set_missing(extraction.label, false);
    }
    return for_each_pair(
        line, options_, scratch, [&](std::string_view found, std::string_view value) {
            const std::string_view key = sanitised_name(found, scratch.name);
            for (const auto& extraction : extractions_) {
                if (extraction.expression == key) {
                    value = valid_value(value, scratch.value);
                    if (!sink.set(extraction.label, value)) {
                        return false;
                    }
                }
            }
            return true;
        });
}

}  // namespace logi::fields
