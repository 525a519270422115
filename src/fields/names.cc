#include "fields/names.h"

#include "base/ascii.h"
#include "base/unicode.h"

#include <array>

namespace logi::fields {
namespace {

constexpr std::array<bool, 256> name_chars() {
    std::array<bool, 256> table{};
    for (std::size_t c = 0; c < table.size(); ++c) {
        table[c] =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    }
    return table;
}
constexpr std::array<bool, 256> kNameChars = name_chars();

bool is_name_char(char c) {
    return kNameChars[static_cast<unsigned char>(c)];
}

bool is_clean(std::string_view key) {
    for (const char c : key) {
        if (!is_name_char(c)) {
            return false;
        }
    }
    return true;
}

void append_sanitised(std::string& out, std::string_view key) {
    for (std::size_t i = 0; i < key.size();) {
        if (is_name_char(key[i])) {
            out.push_back(key[i]);
            ++i;
        } else {
            out.push_back('_');
            i += base::decode_rune(key.substr(i)).length;
        }
    }
}

}  // namespace

std::string_view trim_space(std::string_view s) {
    return base::trim_right(base::trim_left(s, base::is_space), base::is_space);
}

std::string_view sanitised_name(std::string_view key, std::string& buffer) {
    if (is_clean(key) && (key.empty() || !base::is_digit(key[0]))) {
        return key;
    }
    buffer.clear();
    append_name_part(buffer, key);
    return buffer;
}

void append_name_part(std::string& name, std::string_view key) {
    const bool clean = is_clean(key);
    if (!clean) {
        key = trim_space(key);
    }
    if (key.empty()) {
        return;
    }
    if (!name.empty() || base::is_digit(key[0])) {
        name.push_back('_');
    }
    if (clean) {
        name.append(key);
    } else {
        append_sanitised(name, key);
    }
}

std::string_view valid_value(std::string_view value, std::string& buffer) {
    if (base::is_ascii(value)) {
        return value;
    }
    std::size_t i = 0;
    std::size_t bad = value.size();
    while (i < value.size()) {
        const base::Rune rune = base::decode_rune(value.substr(i));
        if (rune.value == base::kRuneError) {
            bad = i;
            break;
        }
        i += rune.length;
    }
    if (bad == value.size()) {
        return value;
    }
    // What is written is never longer than what was read, so it may overwrite its own source.
    if (value.data() != buffer.data()) {
        buffer.assign(value);
    }
    char* const text = buffer.data();
    std::size_t end = bad;
    const std::size_t size = value.size();
    for (i = bad; i < size;) {
        const base::Rune rune = base::decode_rune({text + i, size - i});
        if (rune.value == base::kRuneError) {
            text[end++] = ' ';
        } else {
            std::char_traits<char>::move(text + end, text + i, rune.length);
            end += rune.length;
        }
        i += rune.length;
    }
    buffer.resize(end);
    return buffer;
}

}  // namespace logi::fields
