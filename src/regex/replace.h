// Replacement by Go's rules: $1, ${1}, $name, ${name} in the replacement stand for groups, $$ for a
// dollar; a group that is not there or took no part stands for nothing.
#pragma once

#include "regex/regex.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::regex {

// What Regex::find gives.
using Groups = std::vector<std::string_view>;

// Calls `found` for every match that Go would replace, from left to right, until it returns false.
// An empty match right behind another match is none.
void for_each_match(const Regex& regex,
                    std::string_view text,
                    const std::function<bool(const Groups&)>& found);

// A replacement, read once. Views the text that it was made from.
class Replacement {
  public:
    Replacement(const Regex& regex, std::string_view replacement);
    // The text as it stands.
    explicit Replacement(std::string_view literal) : pieces_{{literal}} {}

    // Calls out(std::string_view) for one piece of the replacement after another.
    template <typename Out>
    void expand(const Groups& groups, Out&& out) const {
        for (const Piece& piece : pieces_) {
            out(piece.group == kText ? piece.text : groups[piece.group]);
        }
    }

  private:
    static constexpr std::size_t kText = static_cast<std::size_t>(-1);
    struct Piece {
        std::string_view text;
        std::size_t group = kText;
    };
    std::vector<Piece> pieces_;
};

// `text` with every match replaced, given to `out` piece by piece until that returns false.
void replace_all(const Regex& regex,
                 std::string_view text,
                 const Replacement& replacement,
                 const std::function<bool(std::string_view)>& out);

}  // namespace logi::regex
