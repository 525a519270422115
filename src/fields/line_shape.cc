#include "fields/line_shape.h"

#include "base/ascii.h"
#include "base/utf8.h"

#include <algorithm>
#include <array>

namespace logi::fields {
namespace {

// Patterns of more are of no use to a reader.
constexpr std::size_t kWordsMax = 100;
constexpr std::size_t kBytesMax = 2048;

enum class CharClass : unsigned char { kWord, kSoft, kHard };

// Soft punctuation may stand inside of words, not at their ends.
constexpr std::array<CharClass, 256> char_classes() {
    std::array<CharClass, 256> table{};
    for (std::size_t c = 0; c <= ' '; ++c) {
        table[c] = CharClass::kHard;
    }
    table[0x7f] = CharClass::kHard;
    for (const char c : std::string_view("\"'`()[]{}<>,;=|&?!\\")) {
        table[static_cast<unsigned char>(c)] = CharClass::kHard;
    }
    for (const char c : std::string_view(".:/-+@#$%^*~")) {
        table[static_cast<unsigned char>(c)] = CharClass::kSoft;
    }
    return table;
}
constexpr std::array<CharClass, 256> kCharClasses = char_classes();

CharClass class_of(char c) {
    return kCharClasses[static_cast<unsigned char>(c)];
}

bool is_valid_utf8(std::string_view s) {
    for (std::size_t i = 0; i < s.size();) {
        const base::Rune rune = base::decode_rune(s.substr(i));
        if (rune.value == base::kRuneError) {
            return false;
        }
        i += rune.length;
    }
    return true;
}

// A run of characters that are not hard, [begin, end), becomes the word in it, which may be empty.
void trim(std::string_view line, std::size_t& begin, std::size_t& end) {
    const auto is_sign = [&](std::size_t at) {
        constexpr std::string_view kSigns = "+-.";
        return at + 1 < end && base::is_digit(line[at + 1]) &&
               kSigns.find(line[at]) != std::string_view::npos;
    };
    while (begin < end && class_of(line[begin]) == CharClass::kSoft && !is_sign(begin)) {
        ++begin;
    }
    // With nothing hard behind it, what is soft belongs to the word.
    while (begin < end && end < line.size() && class_of(line[end - 1]) == CharClass::kSoft) {
        --end;
    }
}

bool is_variable(std::string_view line, std::size_t begin, std::size_t end) {
    const std::string_view word = line.substr(begin, end - begin);
    // <word> would be a capture.
    const bool in_angles =
        begin > 0 && line[begin - 1] == '<' && end < line.size() && line[end] == '>';
    return in_angles || std::any_of(word.begin(), word.end(), base::is_digit) ||
           !is_valid_utf8(word);
}

// The last word goes on to the end of the line.
void add_rest(LineShape& shape) {
    if (shape.words.empty()) {
        shape.gaps.emplace_back();
        shape.words.emplace_back();
    }
    shape.words.back().kind = WordKind::kVariable;
    shape.gaps.emplace_back();
}

}  // namespace

void read_shape(std::string_view line, LineShape& shape) {
    shape.words.clear();
    shape.gaps.clear();
    std::size_t last_end = 0;  // of the last word
    for (std::size_t at = 0; at < line.size();) {
        if (class_of(line[at]) == CharClass::kHard) {
            ++at;
            continue;
        }
        std::size_t begin = at;
        while (at < line.size() && class_of(line[at]) != CharClass::kHard) {
            ++at;
        }
        std::size_t end = at;
        trim(line, begin, end);
        if (begin == end) {
            continue;
        }
        if (end > kBytesMax || shape.words.size() == kWordsMax) {
            shape.bytes = last_end;
            add_rest(shape);
            return;
        }
        shape.gaps.push_back(line.substr(last_end, begin - last_end));
        shape.words.push_back(
            {line.substr(begin, end - begin),
             is_variable(line, begin, end) ? WordKind::kVariable : WordKind::kText});
        last_end = end;
    }
    if (line.size() > kBytesMax) {
        shape.bytes = last_end;
        add_rest(shape);
        return;
    }
    shape.bytes = line.size();
    shape.gaps.push_back(line.substr(last_end));
}

std::string shape_pattern(const LineShape& shape) {
    std::string pattern(shape.gaps.front());
    for (std::size_t i = 0; i < shape.words.size(); ++i) {
        pattern += shape.words[i].kind == WordKind::kText ? shape.words[i].text : "<_>";
        pattern += shape.gaps[i + 1];
    }
    return pattern;
}

}  // namespace logi::fields
