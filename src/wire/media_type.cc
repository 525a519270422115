#include "wire/media_type.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include <set>

namespace logi::wire {
namespace {

Status bad(std::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("mime: ", std::string(what)));
}

// What RFC 2045 calls a token.
bool is_token_char(char c) {
    return c > ' ' && c < '\x7f' &&
           std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
}

void skip_space(std::string_view& text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
}

std::string_view take_token(std::string_view& text) {
    std::size_t n = 0;
    while (n < text.size() && is_token_char(text[n])) {
        ++n;
    }
    const std::string_view token = text.substr(0, n);
    text.remove_prefix(n);
    return token;
}

// A token or a quoted string; false if there is neither.
bool take_value(std::string_view& text) {
    if (text.empty() || text.front() != '"') {
        return !take_token(text).empty();
    }
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            text.remove_prefix(i + 1);
            return true;
        }
        i += text[i] == '\\' ? 1U : 0U;
    }
    return false;
}

Status check_type(std::string_view type) {
    if (take_token(type).empty()) {
        return bad("no media type");
    }
    if (type.empty()) {
        return absl::OkStatus();
    }
    if (type.front() != '/') {
        return bad("expected slash after first token");
    }
    type.remove_prefix(1);
    if (take_token(type).empty()) {
        return bad("expected token after slash");
    }
    return type.empty() ? absl::OkStatus() : bad("unexpected content after media subtype");
}

Status check_parameters(std::string_view text) {
    std::set<std::string> names;
    skip_space(text);
    while (!text.empty()) {
        if (text.front() != ';') {
            return bad("invalid media parameter");
        }
        text.remove_prefix(1);
        skip_space(text);
        if (text.empty()) {
            break;  // a ';' at the end
        }
        const std::string name = absl::AsciiStrToLower(std::string(take_token(text)));
        skip_space(text);
        if (name.empty() || text.empty() || text.front() != '=') {
            return bad("invalid media parameter");
        }
        text.remove_prefix(1);
        skip_space(text);
        if (!take_value(text)) {
            return bad("invalid media parameter");
        }
        if (!names.insert(name).second) {
            return bad("duplicate parameter name");
        }
        skip_space(text);
    }
    return absl::OkStatus();
}

}  // namespace

StatusOr<std::string> parse_media_type(std::string_view content_type) {
    const std::size_t end = std::min(content_type.find(';'), content_type.size());
    std::string_view type = content_type.substr(0, end);
    skip_space(type);
    while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) {
        type.remove_suffix(1);
    }
    LOGI_RETURN_IF_ERROR(check_type(type));
    LOGI_RETURN_IF_ERROR(check_parameters(content_type.substr(end)));
    return absl::AsciiStrToLower(std::string(type));
}

}  // namespace logi::wire
