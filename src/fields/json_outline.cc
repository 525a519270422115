// What `| json` finds in lines of the same pieces. The walk is the parser's own, over a text with a
// digit in every hole; it is the same for every line whose holes keep to the rules:
//  - within strings no quote without a backslash and no escape that goes on behind the hole, so
//  that
//    strings end where they end here,
//  - elsewhere no byte that ends a token or that brackets or strings are found by, and at the begin
//    of a token one that makes it a number, as the digit does.
#include "fields/json_parser.h"
#include "fields/json_text.h"
#include "fields/json_walk.h"

namespace logi::fields {
namespace {

constexpr char kFiller = '0';

// Bytes that end a token, or by which brackets and strings are found.
const std::bitset<256> kInToken = bytes_of("\"\\{}[]:, \t\n\r");

class OutlineTaker {
  public:
    OutlineTaker(const HoledText& text, const Scratch& scratch, Outline& out)
        : text_(text), scratch_(scratch), out_(out) {
        met_.resize(text.holes());
    }

    bool meets(const JsonMember& member) {
        const std::string_view value = member.value.text;
        const std::size_t begin = text_.offset_of(value);
        const std::size_t end = begin + value.size();
        end_ = std::max(end_, end);
        switch (member.value.type) {
            case JsonType::kString:
                return string(begin, end);
            case JsonType::kObject:
                return true;  // its members come one by one
            case JsonType::kArray:
                return array(begin, end);
            default:
                return token(begin, end);
        }
    }
    bool wants_prefix(std::string_view prefix) {
        (void)prefix;
        return true;
    }
    bool takes(std::string_view name, const JsonValue& value) {
        const std::size_t begin = text_.offset_of(value.text);
        const std::size_t end = begin + value.text.size();
        OutlineField field;
        field.name = name;
        if (text_.has_hole(begin, end)) {
            if (value.type == JsonType::kString) {
                field.made = OutlineField::Made::kJsonString;
            }
            field.parts = text_.parts(begin, end);
        } else {
            const bool string = value.type == JsonType::kString;
            field.parts.push_back(
                {kNoHole,
                 std::string(string ? json_label_value(value.text, value.escaped, buffer_)
                                    : value.text)});
        }
        // The end of a nested object is looked for before its members are: there it is all.
        field.holes_seen = static_cast<std::uint32_t>(
            scratch_.path.size() == 1 ? text_.hole_from(end) : text_.holes());
        out_.fields.push_back(std::move(field));
        return true;
    }

    // Whether every hole was met, or lies behind the object.
    [[nodiscard]] bool all_met() const {
        for (std::size_t hole = 0; hole < met_.size(); ++hole) {
            if (!met_[hole] && text_.place(hole) < end_) {
                return false;
            }
        }
        return true;
    }

  private:
    void meet(std::size_t begin, std::size_t end, const HoleRule& rule) {
        for (std::size_t hole = text_.hole_from(begin); hole < text_.hole_from(end); ++hole) {
            met_[hole] = true;
            out_.holes[hole] = rule;
        }
    }

    // What is between quotes. False if an escape goes on in a hole.
    bool string(std::size_t begin, std::size_t end) {
        const std::string_view all = text_.text().substr(0, end);
        for (std::size_t i = all.find('\\', begin); i < end; i = all.find('\\', i + 2)) {
            if (text_.is_hole(i + 1)) {
                return false;
            }
        }
        meet(begin, end, {{}, HoleRule::Form::kJsonString});
        return true;
    }

    // A number or a word. One with a quote or bracket in it would be read in several ways.
    bool token(std::size_t begin, std::size_t end) {
        const std::string_view all = text_.text().substr(begin, end - begin);
        if (all.find_first_of("\"\\{[:") != std::string_view::npos) {
            return false;
        }
        if (!text_.has_hole(begin, end)) {
            return true;
        }
        meet(begin, end, {kInToken, HoleRule::Form::kAny});
        if (text_.is_hole(begin)) {
            out_.holes[text_.hole_from(begin)].form =
                end == begin + 1 ? HoleRule::Form::kJsonScalar : HoleRule::Form::kNumber;
            return true;
        }
        return (all[0] >= '0' && all[0] <= '9') || all[0] == '-';
    }

    // Only its strings and brackets are looked at.
    bool array(std::size_t begin, std::size_t end) {
        std::size_t at = begin;
        while (at < end) {
            const std::size_t quote = std::min(text_.text().find('"', at), end);
            meet(at, quote, {kInToken, HoleRule::Form::kAny});
            if (quote == end) {
                break;
            }
            bool escaped = false;
            const std::size_t close = json_string_end(text_.text(), quote + 1, escaped);
            if (close >= end || !string(quote + 1, close)) {
                return false;
            }
            at = close + 1;
        }
        return true;
    }

    const HoledText& text_;
    const Scratch& scratch_;
    Outline& out_;
    std::vector<bool> met_;
    std::size_t end_ = 0;  // of the last value
    std::string buffer_;
};

// Lines that do not begin as an object does.
bool outline_no_object(const HoledText& text, Outline& out) {
    const std::size_t at = skip_json_space(text.text(), 0);
    if (at < text.text().size() && text.is_hole(at)) {
        out.holes[text.hole_from(at)].form = HoleRule::Form::kNoObject;
    } else if (at < text.text().size() && text.text()[at] == '{') {
        return false;
    }
    out.error = {kJsonError, json_error_text(JsonError::kObject)};
    return true;
}

}  // namespace

std::optional<Outline> JsonParser::outline(absl::Span<const std::string_view> pieces) const {
    const HoledText text(pieces, kFiller);
    Outline out;
    out.holes.resize(text.holes());
    if (outline_no_object(text, out)) {
        return out;
    }
    Scratch scratch;
    OutlineTaker taker(text, scratch, out);
    JsonWalk walk(taker, scratch);
    if (!walk.object(text.text()) || !taker.all_met()) {
        return std::nullopt;
    }
    return out;
}

}  // namespace logi::fields
