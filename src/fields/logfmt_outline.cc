// The scanner is the parser's own, over a text with a digit in every hole; it stops at the same
// places in every line whose holes keep to the rules.
#include "fields/logfmt_outline.h"

#include "fields/logfmt_expressions.h"
#include "fields/logfmt_scanner.h"
#include "fields/names.h"

namespace logi::fields {
namespace {

std::bitset<256> range(unsigned from, unsigned to) {
    std::bitset<256> set;
    for (unsigned c = from; c <= to; ++c) {
        set.set(c);
    }
    return set;
}

using Found = std::function<void(std::string_view name, OutlineField field)>;

class OutlineScan {
  public:
    OutlineScan(const HoledText& text,
                const LogfmtParser::Options& options,
                Outline& out,
                const Found& found)
        : text_(text),
          options_(options),
          out_(out),
          found_(found),
          scanner_(text.text(), buffer_) {}

    // False: it depends on what is in the holes.
    bool run() {
        while (!scanner_.at_end()) {
            const std::size_t begin = scanner_.position();
            if (!(scanner_.next() ? pair() : fault(begin))) {
                return false;
            }
        }
        return true;
    }

  private:
    void forbid(std::size_t begin, std::size_t end, const std::bitset<256>& bytes) {
        for (std::size_t hole = text_.hole_from(begin); hole < text_.hole_from(end); ++hole) {
            out_.holes[hole].forbidden |= bytes;
        }
    }

    bool fault(std::size_t begin) {
        const std::size_t end = scanner_.position();
        if (scanner_.fault() == LogfmtFault::kNone) {
            return true;
        }
        if (options_.strict) {
            return false;
        }
        if (scanner_.fault() != LogfmtFault::kUnexpectedByte) {
            return !text_.has_hole(begin, end);
        }
        // What is behind the defect is passed over up to white space. A key before it has to be
        // valid, or the defect would be another one.
        forbid(begin, scanner_.fault_position(), kPlain | kBeyondAscii);
        forbid(scanner_.fault_position(), end, kSpace);
        return true;
    }

    bool pair() {
        const std::size_t end = scanner_.position();
        const std::size_t key = text_.offset_of(scanner_.key());
        const std::size_t key_end = key + scanner_.key().size();
        const bool alone = key_end == end;
        if (text_.has_hole(key, key_end)) {
            // The name depends on it; that does no harm where there is no field.
            if (!alone || options_.keep_empty) {
                return false;
            }
            forbid(key, key_end, options_.strict ? kPlain | kBeyondAscii : kPlain);
        }
        if (alone) {
            return add(key_end, key_end);
        }
        const std::size_t begin = key_end + 1;
        if (begin < end && text_.text()[begin] == '"') {
            forbid(begin, end, kQuoted);
            return quoted(begin + 1, end - 1);
        }
        forbid(begin, end, kPlain);
        return add(begin, end);
    }

    bool quoted(std::size_t begin, std::size_t end) {
        const bool escaped =
            text_.text().substr(begin, end - begin).find('\\') != std::string_view::npos;
        if (!escaped) {
            return add(begin, end);
        }
        if (text_.has_hole(begin, end)) {
            // Whether all escapes are valid may depend on the holes: then it is no field.
            return !options_.strict && add(begin, end, true);
        }
        return add_constant(scanner_.value());
    }

    bool add_constant(std::string_view value) {
        if (!options_.gives(value)) {
            return true;
        }
        std::string valid;
        OutlineField field;
        field.parts.push_back({kNoHole, std::string(valid_value(value, valid))});
        return add(std::move(field));
    }

    bool add(std::size_t begin, std::size_t end, bool unknown = false) {
        if (!text_.has_hole(begin, end)) {
            return add_constant(text_.text().substr(begin, end - begin));
        }
        OutlineField field;
        field.parts = text_.parts(begin, end);
        field.unknown = unknown;
        field.made = OutlineField::Made::kValid;
        return add(std::move(field));
    }

    bool add(OutlineField field) {
        field.holes_seen = static_cast<std::uint32_t>(text_.hole_from(scanner_.position()));
        found_(sanitised_name(scanner_.key(), name_), std::move(field));
        return true;
    }

    // What ends a key, or a value without quotes.
    static inline const std::bitset<256> kSpace = range(0, ' ');
    static inline const std::bitset<256> kPlain = kSpace | bytes_of("=\"");
    static inline const std::bitset<256> kQuoted = bytes_of("\"\\");
    static inline const std::bitset<256> kBeyondAscii = range(0x80, 0xFF);

    const HoledText& text_;
    const LogfmtParser::Options& options_;
    Outline& out_;
    const Found& found_;
    std::string buffer_;
    LogfmtScanner scanner_;
    std::string name_;
};

}  // namespace

bool outline_pairs(const HoledText& text,
                   const LogfmtParser::Options& options,
                   Outline& out,
                   const Found& found) {
    out.holes.resize(text.holes());
    return OutlineScan(text, options, out, found).run();
}

std::optional<Outline> LogfmtParser::outline(absl::Span<const std::string_view> pieces) const {
    const HoledText text(pieces, kLogfmtFiller);
    Outline out;
    const auto take = [&out](std::string_view name, OutlineField field) {
        if (!name.empty()) {
            field.name = name;
            out.fields.push_back(std::move(field));
        }
    };
    return outline_pairs(text, options_, out, take) ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<Outline> LogfmtExpressions::outline(absl::Span<const std::string_view> pieces) const {
    const HoledText text(pieces, kLogfmtFiller);
    Outline out;
    for (const Extraction& extraction : extractions_) {
        OutlineField missing;
        missing.name = extraction.label;
        missing.call = OutlineField::Call::kMissing;
        out.fields.push_back(std::move(missing));
    }
    const auto take = [&](std::string_view name, const OutlineField& field) {
        for (const Extraction& extraction : extractions_) {
            if (extraction.expression == name) {
                out.fields.push_back(field);
                out.fields.back().name = extraction.label;
                out.fields.back().call = OutlineField::Call::kSet;
            }
        }
    };
    return outline_pairs(text, options_, out, take) ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace logi::fields
