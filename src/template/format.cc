#include "template/format.h"

#include "template/utf8.h"
#include "template/value_printer.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>

namespace logi::tmpl {
namespace {

// Larger widths and precisions are mistakes.
constexpr int kNumberMax = 1'000'000;

class Formatter {
  public:
    Formatter(Sink& out, std::string_view format, absl::Span<const Value> values)
        : out_(out), format_(format), values_(values) {}

    void run() {
        while (at_ < format_.size() && !out_.full()) {
            const std::size_t percent = std::min(format_.find('%', at_), format_.size());
            out_.append(format_.substr(at_, percent - at_));
            at_ = percent + 1;
            if (percent == format_.size()) {
                break;
            }
            directive();
        }
        if (!reordered_ && next_value_ < values_.size()) {
            extra_values();
        }
    }

  private:
    [[nodiscard]] bool done() const { return at_ >= format_.size(); }
    [[nodiscard]] char here() const { return done() ? '\0' : format_[at_]; }

    // From behind the % on.
    void directive() {
        FormatFlags flags;
        read_flags(flags);
        good_index_ = true;
        bool after_index = read_index();
        if (here() == '*') {
            ++at_;
            read_star_width(flags);
            after_index = false;
        } else if (const auto width = read_number(format_.size())) {
            flags.width = *width;
            good_index_ &= !after_index;  // as in %[3]2d
        }
        if (here() == '.' && at_ + 1 < format_.size()) {
            ++at_;
            good_index_ &= !after_index;
            after_index = read_index();
            read_precision(flags, after_index);
        }
        if (!after_index) {
            read_index();
        }
        if (done()) {
            return out_.append("%!(NOVERB)");
        }
        const Rune verb = decode_rune(format_.substr(at_));
        at_ += verb.length;
        print(flags, verb.value);
    }

    void print(FormatFlags flags, char32_t verb) {
        if (verb == '%') {
            return out_.push_back('%');
        }
        if (!good_index_) {
            return bad(verb, "(BADINDEX)");
        }
        if (next_value_ >= values_.size()) {
            return bad(verb, "(MISSING)");
        }
        if (verb == 'v') {
            flags.sharp_v = flags.sharp;
            flags.sharp = false;
            flags.plus_v = flags.plus;
            flags.plus = false;
        }
        ValuePrinter(out_, flags).print(values_[next_value_++], verb);
    }

    void bad(char32_t verb, std::string_view why) {
        out_.append("%!");
        out_.append(encode_rune(verb));
        out_.append(why);
    }

    void read_flags(FormatFlags& flags) {
        for (; !done(); ++at_) {
            switch (format_[at_]) {
                case '#':
                    flags.sharp = true;
                    break;
                case '0':
                    flags.zero = !flags.minus;
                    break;
                case '+':
                    flags.plus = true;
                    break;
                case '-':
                    flags.minus = true;
                    flags.zero = false;
                    break;
                case ' ':
                    flags.space = true;
                    break;
                default:
                    return;
            }
        }
    }

    // Digits up to `end`; one that is too large swallows the rest.
    std::optional<int> read_number(std::size_t end) {
        int value = 0;
        const std::size_t start = at_;
        for (; at_ < end && here() >= '0' && here() <= '9'; ++at_) {
            if (value > kNumberMax) {
                at_ = end;
                return std::nullopt;
            }
            value = value * 10 + (here() - '0');
        }
        return at_ > start ? std::optional<int>(value) : std::nullopt;
    }

    // [3] chooses the value to go on with. True if there was an index, be it too large.
    bool read_index() {
        if (here() != '[') {
            return false;
        }
        reordered_ = true;
        const std::size_t close = format_.find(']', at_);
        ++at_;
        if (close == std::string_view::npos || close < at_ + 1) {
            good_index_ = false;
            return false;
        }
        const auto number = read_number(close);
        const bool whole = number && at_ == close;
        at_ = close + 1;
        if (whole && *number >= 1 && static_cast<std::size_t>(*number) <= values_.size()) {
            next_value_ = static_cast<std::size_t>(*number) - 1;
        } else {
            good_index_ = false;
        }
        return whole;
    }

    // The width or precision that is itself an argument.
    std::optional<int> star_value() {
        if (next_value_ >= values_.size()) {
            return std::nullopt;
        }
        const Value& value = values_[next_value_++];
        const bool whole = value.is_signed_int() || value.is(Kind::kUint8);
        if (!whole || value.as_int() > kNumberMax || value.as_int() < -kNumberMax) {
            return std::nullopt;
        }
        return static_cast<int>(value.as_int());
    }

    void read_star_width(FormatFlags& flags) {
        const auto width = star_value();
        if (!width) {
            return out_.append("%!(BADWIDTH)");
        }
        flags.width = std::abs(*width);
        if (*width < 0) {
            flags.minus = true;
            flags.zero = false;
        }
    }

    void read_precision(FormatFlags& flags, bool& after_index) {
        if (here() != '*') {
            flags.precision = read_number(format_.size()).value_or(0);
            return;
        }
        ++at_;
        after_index = false;
        const auto precision = star_value();
        if (!precision || *precision < 0) {
            return out_.append("%!(BADPREC)");
        }
        flags.precision = *precision;
    }

    void extra_values() {
        out_.append("%!(EXTRA ");
        bool first = true;
        for (const Value& value : values_.subspan(next_value_)) {
            if (!first) {
                out_.append(", ");
            }
            first = false;
            if (value.is_nil()) {
                out_.append("<nil>");
                continue;
            }
            out_.append(value.type_name());
            out_.push_back('=');
            print_value(out_, value);
        }
        out_.push_back(')');
    }

    Sink& out_;
    std::string_view format_;
    absl::Span<const Value> values_;
    std::size_t at_ = 0;
    std::size_t next_value_ = 0;
    bool reordered_ = false;
    bool good_index_ = true;
};

}  // namespace

void print_value(Sink& out, const Value& value) {
    if (value.is(Kind::kString)) {
        return out.append(value.as_string());
    }
    ValuePrinter(out, {}).print(value, 'v');
}

void print_values(Sink& out, absl::Span<const Value> values) {
    bool after_string = true;
    for (const Value& value : values) {
        const bool is_string = value.is(Kind::kString);
        if (!is_string && !after_string) {
            out.push_back(' ');
        }
        print_value(out, value);
        after_string = is_string;
        if (out.full()) {
            return;
        }
    }
}

void print_line(Sink& out, absl::Span<const Value> values) {
    bool first = true;
    for (const Value& value : values) {
        if (!first) {
            out.push_back(' ');
        }
        first = false;
        print_value(out, value);
        if (out.full()) {
            return;
        }
    }
    out.push_back('\n');
}

void print_formatted(Sink& out, std::string_view format, absl::Span<const Value> values) {
    Formatter(out, format, values).run();
}

std::string value_text(const Value& value) {
    constexpr std::size_t kShown = 1024;
    std::string text;
    Sink sink(text, kShown);
    print_value(sink, value);
    return text;
}

}  // namespace logi::tmpl
