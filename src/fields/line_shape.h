// A line as words and the gaps between them, and which of the words are likely to be others in the
// next line of its kind.
//
// A pattern in which <_> stands for some of the words matches the line as a filter, |> "pattern",
// whichever words they are. That filter looks for each text at its first occurrence and never goes
// back; it works because every gap between two words has a character that no word has, so the text
// behind a word cannot begin inside it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace logi::fields {

enum class WordKind : unsigned char {
    kText,
    kVariable,  // by its looks: a digit in it, or what a pattern could not hold as it is
    kVaried,    // by comparison with other lines
};

struct ShapeWord {
    std::string_view text;
    WordKind kind = WordKind::kText;
    friend bool operator==(const ShapeWord&, const ShapeWord&) = default;
};

struct LineShape {
    std::vector<ShapeWord> words;
    std::vector<std::string_view> gaps;  // one more than words: before, between and behind them
    std::size_t bytes = 0;               // of the line, that views look at
};

// Words are what stands between white space, quotes, brackets and , ; = | & ? ! without the
// punctuation at their ends. In a long line the last word is variable and goes on to the end,
// though its text does not. Replaces `shape`, whose views are into `line`.
void read_shape(std::string_view line, LineShape& shape);

// Gaps and words, with <_> for those that are not text.
[[nodiscard]] std::string shape_pattern(const LineShape& shape);

}  // namespace logi::fields
