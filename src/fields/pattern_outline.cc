// What `| pattern` finds in lines of the same pieces. A literal comes first where it comes first
// here, if it cannot begin in a hole, as its first byte is not there, nor in the text before one
// and go on in it.
#include "fields/pattern_parser.h"
#include "regex/substring.h"

namespace logi::fields {
namespace {

constexpr char kFiller = '\0';

// Whether the line begins with the literal; nothing: that depends on a hole.
std::optional<bool> begins_with(const HoledText& text, std::string_view literal) {
    for (std::size_t i = 0; i < literal.size(); ++i) {
        if (i == text.text().size()) {
            return false;
        }
        if (text.is_hole(i)) {
            return std::nullopt;
        }
        if (text.text()[i] != literal[i]) {
            return false;
        }
    }
    return true;
}

// Whether the text from `at` to a hole ends with what the literal begins with.
bool may_have_begun(const HoledText& text,
                    std::size_t at,
                    std::size_t place,
                    std::string_view literal) {
    for (std::size_t n = 1; n < literal.size() && n <= place - at; ++n) {
        if (text.text().substr(place - n, n) == literal.substr(0, n)) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::optional<Outline> PatternParser::outline(absl::Span<const std::string_view> pieces) const {
    const HoledText text(pieces, kFiller);
    Outline out;
    out.holes.resize(text.holes());
    std::size_t at = 0;
    std::size_t i = 0;
    if (!nodes_[0].capture) {
        const auto begins = begins_with(text, nodes_[0].text);
        if (!begins.has_value()) {
            return std::nullopt;
        }
        if (!*begins) {
            return out;
        }
        at = nodes_[0].text.size();
        i = 1;
    } else if (text.text().empty()) {
        return out;
    }
    for (; i < nodes_.size(); i += 2) {
        std::size_t end = text.text().size();
        std::size_t next = end;
        if (i + 1 < nodes_.size()) {
            const std::string_view literal = nodes_[i + 1].text;
            if (literal.find(kFiller) != std::string_view::npos) {
                return std::nullopt;
            }
            const std::size_t found = regex::find(text.text(), literal, at);
            if (found != regex::kNotFound) {
                end = found;
                next = found + literal.size();
            }
            for (std::size_t h = text.hole_from(at); h < text.hole_from(end); ++h) {
                const bool begun = may_have_begun(text, at, text.place(h), literal);
                out.holes[h].forbidden |= bytes_of(begun ? literal : literal.substr(0, 1));
            }
        }
        if (nodes_[i].named()) {
            out.fields.push_back({nodes_[i].text,
                                  text.parts(at, end),
                                  false,
                                  OutlineField::Made::kPlain,
                                  static_cast<std::uint32_t>(text.hole_from(next))});
        }
        if (end == text.text().size() && next == end) {
            break;  // it took the rest
        }
        at = next;
    }
    return out;
}

}  // namespace logi::fields
