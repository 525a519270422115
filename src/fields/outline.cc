#include "fields/outline.h"

#include "fields/json_text.h"
#include "fields/names.h"

#include <algorithm>

namespace logi::fields {
namespace {

bool is_string_part(std::string_view value) {
    for (std::size_t i = value.find_first_of("\"\\"); i < value.size();
         i = value.find_first_of("\"\\", i + 2)) {
        if (value[i] == '"' || i + 1 == value.size()) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::bitset<256> bytes_of(std::string_view bytes) {
    std::bitset<256> set;
    for (const char c : bytes) {
        set.set(static_cast<unsigned char>(c));
    }
    return set;
}

bool HoleRule::allows(std::string_view value) const {
    if (!allows_sizes(value.size(), value.size())) {
        return false;
    }
    if (forbidden.any()) {
        for (const char c : value) {
            if (forbidden[static_cast<unsigned char>(c)]) {
                return false;
            }
        }
    }
    if (form == Form::kAny) {
        return true;
    }
    if (form == Form::kNoObject) {
        return value.find_first_of(kObjectBegins) > 0;
    }
    if (form == Form::kJsonString) {
        return is_string_part(value);
    }
    const bool number = !value.empty() && ((value[0] >= '0' && value[0] <= '9') || value[0] == '-');
    return number || (form == Form::kJsonScalar && (value == "true" || value == "false"));
}

std::string_view made_value(const OutlineField& field, std::string_view text, std::string& buffer) {
    switch (field.made) {
        case OutlineField::Made::kPlain:
            break;
        case OutlineField::Made::kValid:
            return valid_value(text, buffer);
        case OutlineField::Made::kJsonString: {
            if (text.find('\\') == std::string_view::npos) {
                return valid_value(text, buffer);
            }
            const std::string escaped(text);  // it may lie in the buffer
            return json_label_value(escaped, true, buffer);
        }
    }
    return text;
}

HoledText::HoledText(absl::Span<const std::string_view> pieces, char filler) {
    text_ = pieces[0];
    for (const std::string_view piece : pieces.subspan(1)) {
        places_.push_back(static_cast<std::uint32_t>(text_.size()));
        text_.push_back(filler);
        text_.append(piece);
    }
}

std::size_t HoledText::hole_from(std::size_t offset) const {
    return static_cast<std::size_t>(std::lower_bound(places_.begin(), places_.end(), offset) -
                                    places_.begin());
}

std::vector<ValuePart> HoledText::parts(std::size_t begin, std::size_t end) const {
    std::vector<ValuePart> out;
    std::size_t at = begin;
    for (std::size_t hole = hole_from(begin); hole < holes() && place(hole) < end; ++hole) {
        if (place(hole) > at) {
            out.push_back({kNoHole, text_.substr(at, place(hole) - at)});
        }
        out.push_back({static_cast<std::uint32_t>(hole), {}});
        at = place(hole) + 1;
    }
    if (at < end) {
        out.push_back({kNoHole, text_.substr(at, end - at)});
    }
    return out;
}

}  // namespace logi::fields
