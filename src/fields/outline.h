// What a parser finds in lines of which only some parts are known: constant pieces with a hole
// between each two, which is never empty. Where no byte in a hole decides more than the value of a
// field, all lines of these pieces have the same fields, and their parser runs once.
#pragma once

#include "absl/types/span.h"
#include "fields/field_sink.h"

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace logi::fields {

// What has to be true of a hole's value so that an outline holds for the line.
struct HoleRule {
    enum class Form : unsigned char {
        kAny,
        kNumber,      // it begins with a digit or a minus
        kJsonScalar,  // the same, or it is true or false
        kNoObject,    // it begins with neither a brace nor white space, which may stand before one
        kJsonString,  // every quote in it is escaped, and no escape goes on behind it
    };
    std::bitset<256> forbidden;  // bytes that may not be in it
    Form form = Form::kAny;
    std::size_t size_min = 0;
    std::size_t size_max = kAnySize;

    static constexpr std::size_t kAnySize = static_cast<std::size_t>(-1);
    [[nodiscard]] bool allows(std::string_view value) const;
    [[nodiscard]] bool allows_all() const {
        return forbidden.none() && form == Form::kAny && allows_sizes(0, kAnySize);
    }
    // Whether values of all sizes between these keep to it.
    [[nodiscard]] bool allows_sizes(std::size_t min, std::size_t max) const {
        return min >= size_min && max <= size_max;
    }
};
// What values of a hole are likely to be.
struct HoleHint {
    std::bitset<256> bytes;
    std::size_t size_min = 1;
    std::size_t size_max = HoleRule::kAnySize;
};
[[nodiscard]] std::bitset<256> bytes_of(std::string_view bytes);
// What an object in JSON can begin with.
inline constexpr std::string_view kObjectBegins = "{ \t\n\r";

inline constexpr std::uint32_t kNoHole = 0xFFFFFFFF;

// Part of a value: what is in a hole, or text.
struct ValuePart {
    std::uint32_t hole = kNoHole;
    std::string text;
};

struct OutlineField {
    // What the parser calls of its sink.
    enum class Call : unsigned char { kAdd, kSet, kMissing, kMissingUnlessExtracted };

    std::string name;              // sanitised
    std::vector<ValuePart> parts;  // no more than one if there is no hole among them
    // Its value is more than its parts one after another: an escape has to be resolved, say.
    bool unknown = false;
    // What the parser makes of the parts: valid UTF-8; that, once escapes of JSON are resolved.
    enum class Made : unsigned char { kPlain, kValid, kJsonString };
    Made made = Made::kPlain;
    // So many of the first holes have been looked at when the parser comes to this field.
    std::uint32_t holes_seen = 0;
    Call call = Call::kAdd;

    [[nodiscard]] bool is_missing() const {
        return call == Call::kMissing || call == Call::kMissingUnlessExtracted;
    }
};

// Gives a field to the sink as the parser does; `value()` is its value. False: the parser stops.
template <typename Value>
bool give(const OutlineField& field, FieldSink& sink, Value value) {
    switch (field.call) {
        case OutlineField::Call::kAdd:
            return !sink.wants(field.name) || sink.add(field.name, value());
        case OutlineField::Call::kSet:
            return sink.set(field.name, value());
        case OutlineField::Call::kMissing:
        case OutlineField::Call::kMissingUnlessExtracted:
            sink.set_missing(field.name, field.call == OutlineField::Call::kMissingUnlessExtracted);
            break;
    }
    return true;
}

// The value of a field whose parts, one after another, are `text`, which may lie in `buffer`.
[[nodiscard]] std::string_view made_value(const OutlineField& field,
                                          std::string_view text,
                                          std::string& buffer);

struct Outline {
    std::vector<OutlineField> fields;  // in the order in which the parser gives them
    std::vector<HoleRule> holes;
    ParseError error;  // of every line; its texts are constants
};

// Pieces with a byte where a hole is.
class HoledText {
  public:
    // At least one piece. `filler` stands for every hole.
    HoledText(absl::Span<const std::string_view> pieces, char filler);

    [[nodiscard]] std::string_view text() const { return text_; }
    [[nodiscard]] std::size_t holes() const { return places_.size(); }
    [[nodiscard]] std::size_t place(std::size_t hole) const { return places_[hole]; }
    // The number of the first hole at or behind an offset.
    [[nodiscard]] std::size_t hole_from(std::size_t offset) const;
    [[nodiscard]] bool is_hole(std::size_t offset) const {
        const std::size_t hole = hole_from(offset);
        return hole < places_.size() && places_[hole] == offset;
    }
    [[nodiscard]] bool has_hole(std::size_t begin, std::size_t end) const {
        return hole_from(begin) < hole_from(end);
    }
    [[nodiscard]] std::vector<ValuePart> parts(std::size_t begin, std::size_t end) const;
    // Where a part of text() begins.
    [[nodiscard]] std::size_t offset_of(std::string_view part) const {
        return static_cast<std::size_t>(part.data() - text_.data());
    }

  private:
    std::string text_;
    std::vector<std::uint32_t> places_;  // ascending
};

}  // namespace logi::fields
