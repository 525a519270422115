#include "fields/decolorize.h"

#include "base/ascii.h"
#include "fields/byte_scan.h"

namespace logi::fields {
namespace {

constexpr char kEscape = '\x1b';
constexpr char kBell = '\x07';
// U+009B, the escape sequence introducer of one character, as UTF-8.
constexpr std::string_view kIntroducer = "\xc2\x9b";

// What may end a sequence of numbers.
bool is_final(char c) {
    return base::is_digit(c) || (c >= 'A' && c <= 'P') || (c >= 'f' && c <= 'n') ||
           std::string_view("RZcqrty=><~").find(c) != std::string_view::npos;
}

std::size_t skip_digits(std::string_view s, std::size_t from) {
    std::size_t i = from;
    while (i < s.size() && i < from + 4 && base::is_digit(s[i])) {
        ++i;
    }
    return i;
}

// A list of letters and digits that a bell ends: a title, a link. Returns where it ends, or `from`.
std::size_t text_sequence(std::string_view s, std::size_t from) {
    std::size_t i = from;
    while (i < s.size() && (base::is_digit(s[i]) || base::is_letter(s[i]) || s[i] == ';')) {
        ++i;
    }
    return i < s.size() && s[i] == kBell ? i + 1 : from;
}

// Numbers of up to four digits between semicolons and one final character. Where none follows, the
// last digit is the final character. Returns where it ends, or `from`.
std::size_t number_sequence(std::string_view s, std::size_t from) {
    std::size_t i = skip_digits(s, from);
    std::size_t behind_digit = i;
    while (i > from && i < s.size() && s[i] == ';') {
        const std::size_t begin = i + 1;
        i = skip_digits(s, begin);
        behind_digit = i > begin ? i : behind_digit;
    }
    return i < s.size() && is_final(s[i]) ? i + 1 : behind_digit;
}

// Length of the sequence that begins `s`, or 0.
std::size_t sequence_length(std::string_view s) {
    std::size_t i = 0;
    if (s[0] == kEscape) {
        i = 1;
    } else if (s.starts_with(kIntroducer)) {
        i = kIntroducer.size();
    } else {
        return 0;
    }
    while (i < s.size() && std::string_view("[]()#;?").find(s[i]) != std::string_view::npos) {
        ++i;
    }
    std::size_t end = text_sequence(s, i);
    if (end == i) {
        end = number_sequence(s, i);
    }
    return end == i ? 0 : end;
}

}  // namespace

std::string_view decolorize(std::string_view line, std::string& buffer) {
    constexpr auto next = find_any<kEscape, '\xc2'>;
    std::size_t kept = 0;  // what lies before is in the buffer
    bool changed = false;
    for (std::size_t i = next(line, 0); i < line.size(); i = next(line, i)) {
        const std::size_t length = sequence_length(line.substr(i));
        if (length == 0) {
            ++i;
            continue;
        }
        if (!changed) {
            buffer.clear();
            changed = true;
        }
        buffer.append(line.substr(kept, i - kept));
        i += length;
        kept = i;
    }
    if (!changed) {
        return line;
    }
    buffer.append(line.substr(kept));
    return buffer;
}

}  // namespace logi::fields
