// What `| pattern` finds in lines of the same pieces. A literal comes first where it comes first
// here, if it cannot begin in a hole, as its first byte is not there, nor in the text before one
// and go on in it.
#include "fields/pattern_parser.h"
#include "fields/pattern_walk.h"

namespace logi::fields {
namespace {

constexpr char kPatternFiller = '\0';

class OutlineCaptures {
  public:
    OutlineCaptures(const HoledText& text, Outline& out) : text_(text), out_(out) {}

    bool begins(std::string_view literal) {
        for (std::size_t i = 0; i < literal.size(); ++i) {
            if (i == text_.text().size()) {
                return false;
            }
            if (text_.is_hole(i)) {
                return unknown();
            }
            if (text_.text()[i] != literal[i]) {
                return false;
            }
        }
        return true;
    }

    std::size_t find(std::string_view literal, std::size_t from) {
        if (literal.find(kPatternFiller) != std::string_view::npos) {
            unknown();
            return regex::kNotFound;
        }
        const std::size_t found = regex::find(text_.text(), literal, from);
        const std::size_t end = std::min(found, text_.text().size());
        for (std::size_t h = text_.hole_from(from); h < text_.hole_from(end); ++h) {
            const bool begun = may_have_begun(from, text_.place(h), literal);
            out_.holes[h].forbidden |= bytes_of(begun ? literal : literal.substr(0, 1));
        }
        return found;
    }

    bool capture(const PatternNode& node, std::size_t begin, std::size_t end, std::size_t behind) {
        if (node.named()) {
            out_.fields.push_back({node.text,
                                   text_.parts(begin, end),
                                   false,
                                   OutlineField::Made::kPlain,
                                   static_cast<std::uint32_t>(text_.hole_from(behind))});
        }
        return known_;
    }

    // Whether nothing depended on a hole.
    [[nodiscard]] bool known() const { return known_; }

  private:
    bool unknown() {
        known_ = false;
        return false;
    }

    // Whether the text from `at` to a hole ends with what the literal begins with.
    [[nodiscard]] bool may_have_begun(std::size_t at,
                                      std::size_t place,
                                      std::string_view literal) const {
        for (std::size_t n = 1; n < literal.size() && n <= place - at; ++n) {
            if (text_.text().substr(place - n, n) == literal.substr(0, n)) {
                return true;
            }
        }
        return false;
    }

    const HoledText& text_;
    Outline& out_;
    bool known_ = true;
};

}  // namespace

std::optional<Outline> PatternParser::outline(absl::Span<const std::string_view> pieces) const {
    const HoledText text(pieces, kPatternFiller);
    Outline out;
    out.holes.resize(text.holes());
    OutlineCaptures captures(text, out);
    walk_pattern(nodes_, text.text(), captures);
    return captures.known() ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace logi::fields
