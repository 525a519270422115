// What `| json` finds in lines of the same pieces, and its kin. The walk is the parser's own, over
// a text with a digit in every hole; it is the same for every line whose holes keep to the rules:
//  - within strings no quote without a backslash and no escape that goes on behind the hole, so
//  that
//    strings end where they end here,
//  - elsewhere no byte that ends a token or that brackets or strings are found by, and at the begin
//    of a token one that makes it a number, as the digit does.
#include "fields/json_expressions.h"
#include "fields/json_parser.h"
#include "fields/json_path_scan.h"
#include "fields/json_text.h"
#include "fields/json_walk.h"
#include "fields/unpack_parser.h"

#include <algorithm>

namespace logi::fields {
namespace {

constexpr char kJsonFiller = '0';
constexpr std::size_t kNoEnd = std::string_view::npos;

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

// Fields and rules of lines that begin as an object. Nothing where they depend on a hole.
std::optional<Outline> outline_object(const HoledText& text) {
    Outline out;
    out.holes.resize(text.holes());
    Scratch scratch;
    OutlineTaker taker(text, scratch, out);
    JsonWalk walk(taker, scratch);
    return walk.object(text.text()) && taker.all_met() ? std::optional(std::move(out))
                                                       : std::nullopt;
}

// The value of a string, or of what is taken as it stands.
void set_value(const HoledText& text, const JsonValue& value, OutlineField& field) {
    const std::size_t begin = text.offset_of(value.text);
    const std::size_t end = begin + value.text.size();
    const bool raw = value.type == JsonType::kObject;
    if (text.has_hole(begin, end)) {
        field.parts = text.parts(begin, end);
        field.unknown = value.type == JsonType::kArray;
        field.made = raw                               ? OutlineField::Made::kPlain
                     : value.type == JsonType::kString ? OutlineField::Made::kJsonString
                                                       : OutlineField::Made::kValid;
        return;
    }
    std::string buffer;
    const bool escaped = value.text.find('\\') != std::string_view::npos;
    field.parts.push_back(
        {kNoHole, std::string(raw ? value.text : json_label_value(value.text, escaped, buffer))});
}

// What expressions find.
class PathOutline {
  public:
    PathOutline(const HoledText& text, const std::vector<std::string>& labels, Outline& out)
        : text_(text), labels_(labels), out_(out) {}

    bool takes(std::size_t path, const JsonValue& value) {
        OutlineField field;
        field.name = labels_[path];
        field.call = OutlineField::Call::kSet;
        if (value.type != JsonType::kNull) {
            set_value(text_, value, field);
        }
        field.holes_seen = static_cast<std::uint32_t>(
            text_.hole_from(text_.offset_of(value.text) + value.text.size()));
        out_.fields.push_back(std::move(field));
        return true;
    }
    void misses(std::size_t path) {
        OutlineField field;
        field.name = labels_[path];
        field.call = OutlineField::Call::kMissingUnlessExtracted;
        out_.fields.push_back(std::move(field));
    }

  private:
    const HoledText& text_;
    const std::vector<std::string>& labels_;
    Outline& out_;
};

bool has_index(const std::vector<JsonPath>& paths) {
    return std::any_of(paths.begin(), paths.end(), [](const JsonPath& path) {
        return std::any_of(
            path.begin(), path.end(), [](const JsonPathPart& part) { return part.index; });
    });
}

// What unpack finds in an object.
class UnpackOutline {
  public:
    UnpackOutline(const HoledText& text, Outline& out) : text_(text), out_(out) {
        out_.fields.clear();
    }

    // False: it depends on a hole.
    bool run() {
        JsonObjectReader reader(text_.text(), key_);
        JsonMember member;
        while (reader.next(member)) {
            if (member.value.type != JsonType::kString) {
                continue;
            }
            if (member.key != kPackedEntry) {
                field(member);
                continue;
            }
            packed_ = true;
            if (!entry(member.value.text)) {
                return false;
            }
            if (!out_.error.ok()) {
                break;
            }
        }
        if (!packed_ || !out_.error.ok()) {
            out_.fields.clear();
        }
        // Backwards, as the parser gives them.
        std::reverse(out_.fields.begin(), out_.fields.end());
        return true;
    }

  private:
    void field(const JsonMember& member) {
        OutlineField field;
        field.name = sanitised_name(member.key, name_);
        set_value(text_, member.value, field);
        field.holes_seen = static_cast<std::uint32_t>(text_.holes());
        if (!field.name.empty()) {
            out_.fields.push_back(std::move(field));
        }
    }

    // Its escapes must be good.
    bool entry(std::string_view value) {
        const std::size_t begin = text_.offset_of(value);
        const std::size_t first = text_.hole_from(begin);
        const std::size_t behind = text_.hole_from(begin + value.size());
        for (std::size_t hole = first; hole < behind; ++hole) {
            out_.holes[hole].forbidden |= bytes_of("\\");
        }
        if (!json_unescape(value, unescaped_)) {
            out_.error = {kJsonError, json_error_text(JsonError::kEscape)};
        }
        // A hole may be among the digits of such an escape.
        return first == behind || (out_.error.ok() && value.find("\\u") == std::string_view::npos);
    }

    const HoledText& text_;
    Outline& out_;
    std::string key_;
    std::string name_;
    std::string unescaped_;
    bool packed_ = false;
};

}  // namespace

std::optional<Outline> JsonParser::outline(absl::Span<const std::string_view> pieces) const {
    const HoledText text(pieces, kJsonFiller);
    Outline out;
    out.holes.resize(text.holes());
    return outline_no_object(text, out) ? std::optional(std::move(out)) : outline_object(text);
}

// The scan for paths looks at less than the walk over an object, and beyond its end.
std::optional<Outline> JsonExpressions::outline(absl::Span<const std::string_view> pieces) const {
    const HoledText text(pieces, kJsonFiller);
    const std::string_view all = text.text();
    Outline none;
    none.holes.resize(text.holes());
    if (all.empty() || (!text.is_hole(0) && !begins_json(all[0]))) {
        none.error = {all.empty() ? std::string_view() : kJsonError, {}};
        return none;
    }
    const std::size_t behind = all[0] == '{' ? json_block_end(all, 0, '{', '}') : kNoEnd;
    if (text.is_hole(0) || behind == kNoEnd || skip_json_space(all, behind) < all.size() ||
        (has_index(paths_) && all.find('[') != std::string_view::npos)) {
        return std::nullopt;
    }
    auto out = outline_object(text);
    if (out.has_value()) {
        out->fields.clear();
        Scratch scratch;
        PathOutline taker(text, labels_, *out);
        const JsonError error = JsonPathScan(paths_, depth_max_, all, taker, scratch).run();
        return error == JsonError::kNone ? std::move(out) : std::nullopt;
    }
    return out;
}

std::optional<Outline> UnpackParser::outline(absl::Span<const std::string_view> pieces) const {
    const HoledText text(pieces, kJsonFiller);
    const std::string_view all = text.text();
    if (all.empty() || text.is_hole(0) || all[0] != '{') {
        Outline none;
        none.holes.resize(text.holes());
        if (!all.empty() && text.is_hole(0)) {
            none.holes[0].form = HoleRule::Form::kNoObject;
        }
        none.error = all.empty() ? ParseError() : kNotPacked;
        return none;
    }
    auto out = outline_object(text);
    return out.has_value() && UnpackOutline(text, *out).run() ? std::move(out) : std::nullopt;
}

}  // namespace logi::fields
