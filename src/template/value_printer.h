// One value by one verb of fmt, with its flags.
#pragma once

#include "template/sink.h"
#include "template/value.h"

#include <string>
#include <string_view>

namespace logi::tmpl {

struct FormatFlags {
    int width = -1;
    int precision = -1;
    bool plus = false;
    bool minus = false;
    bool sharp = false;
    bool space = false;
    bool zero = false;
    bool plus_v = false;   // %+v
    bool sharp_v = false;  // %#v: as Go source
};

class ValuePrinter {
  public:
    ValuePrinter(Sink& out, const FormatFlags& flags) : out_(out), flags_(flags) {}

    // `verb` is a rune.
    void print(const Value& value, char32_t verb);

  private:
    void print_bool(const Value& value, char32_t verb);
    void print_integer(const Value& value, char32_t verb);
    void print_number(std::int64_t v, int base, bool upper, char32_t verb);
    void print_unicode(std::int64_t v);
    void print_float(const Value& value, char32_t verb);
    void print_float_text(double v, char verb, int precision);
    void print_string(std::string_view text, const Value& value, char32_t verb);
    void print_hex(std::string_view text, bool upper);
    void print_quoted(std::string_view text);
    void print_list(const Value& value, char32_t verb);
    void print_map(const Value& value, char32_t verb);
    void print_element(const Value& value, char32_t verb);
    void print_stringer(const Value& value, char32_t verb);
    // %!d(string=x)
    void print_bad_verb(const Value& value, char32_t verb);

    // Fills up to the width, counted in runes.
    void pad(std::string_view text);

    Sink& out_;
    FormatFlags flags_;
    bool in_bad_verb_ = false;
};

}  // namespace logi::tmpl
