// A pattern as a program for threads that run over a text byte by byte, so that others than RE2 can
// run it, over texts that are known only in part. Such as RE2 would run it on a text of ASCII.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace logi::regex {

struct Program {
    enum class Op : std::uint8_t {
        kByte,   // takes a byte of the set `index`, goes on at `next`
        kSplit,  // goes on at `next` and at `other`; the thread at `next` and its own come first
        kSave,   // notes the place as `index`: a group's number, twice, and 1 where it ends
        kBegin,  // goes on where the text begins
        kEnd,    // goes on where it ends
        kMatch,  // matches; threads that come later do not count
    };
    struct Step {
        Op op = Op::kMatch;
        std::uint16_t index = 0;
        std::uint16_t next = 0;
        std::uint16_t other = 0;
    };
    std::vector<Step> steps;
    std::uint16_t start = 0;
    std::vector<std::bitset<128>> sets;
    // Groups that have names, from number 1 on; the whole match, 0, is not saved.
    std::size_t groups = 1;
};

// Of a pattern that RE2 takes, as written. Nothing for one with something of which there is no need
// here: borders of words, lines within the text, Unicode, loops of what can be empty; or that is
// too long.
[[nodiscard]] std::optional<Program> compile_program(std::string_view pattern);

}  // namespace logi::regex
