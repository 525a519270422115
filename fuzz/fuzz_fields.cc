// Any bytes are safe to parse. Names are label names; a parser that overlooks defects gives what a
// strict one gives before the first of them.
#include "fields/conversions.h"
#include "fields/decolorize.h"
#include "fields/field_type.h"
#include "fields/ip_matcher.h"
#include "fields/json_expressions.h"
#include "fields/json_parser.h"
#include "fields/level.h"
#include "fields/logfmt_expressions.h"
#include "fields/logfmt_parser.h"
#include "fields/pattern_filter.h"
#include "fields/pattern_parser.h"
#include "fields/unpack_parser.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fields = logi::fields;

void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}

class Sink : public fields::FieldSink {
  public:
    bool add(std::string_view name, std::string_view value) override {
        must(!name.empty() && (name[0] < '0' || name[0] > '9'));
        for (const char c : name) {
            must(c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                 (c >= 'a' && c <= 'z'));
        }
        text.append(name).append("\n").append(value).append("\n");
        return true;
    }
    bool set(std::string_view name, std::string_view value) override { return add(name, value); }
    void set_missing(std::string_view name, bool) override { add(name, {}); }
    std::string text;
};

void parse_line(std::string_view line) {
    fields::Scratch scratch;
    Sink json;
    (void)fields::JsonParser().parse(line, json, scratch);
    Sink lenient;
    Sink strict;
    (void)fields::LogfmtParser({false, true}).parse(line, lenient, scratch);
    (void)fields::LogfmtParser({true, true}).parse(line, strict, scratch);
    must(lenient.text.starts_with(strict.text));
    static const auto expressions =
        fields::JsonExpressions::compile({{"a", "a[1].b"}, {"b", "[0]"}, {"c", "c"}});
    (void)expressions->parse(line, json, scratch);
    static const auto keys = fields::LogfmtExpressions::compile({{"a", "a"}, {"b", "b"}}, {});
    (void)keys->parse(line, lenient, scratch);
    std::string buffer;
    std::string_view rest = line;
    (void)fields::UnpackParser().parse(rest, buffer, json, scratch);
    must(fields::decolorize(line, buffer).size() <= line.size());
    static const std::vector<std::string> kNames = {"level", "lvl", "a"};
    must(!fields::LevelDetector({kNames, 0}).of_entry({}, line, scratch).empty());
    must(fields::level_in_text(line) == fields::level_in_text_portable(line));
}

void convert(std::string_view text) {
    std::string error;
    double number = 0;
    if (fields::parse_go_float(text, number, &error)) {
        double again = 0;
        must(fields::parse_go_float(fields::format_go_float(number), again, nullptr));
        must(number == again || number != number);
    }
    logi::Duration duration;
    if (fields::parse_go_duration(text, duration, &error)) {
        logi::Duration again;
        must(fields::parse_go_duration(fields::format_go_duration(duration), again, nullptr));
        must(duration == again);
    }
    std::uint64_t bytes = 0;
    if (fields::parse_humanize_bytes(text, bytes, &error)) {
        (void)fields::format_humanize_bytes(bytes);
    }
    (void)fields::field_type_name(fields::field_type_of(text));
}

// The first line of the input is a pattern, what follows is matched against it.
void match(std::string_view text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view pattern = text.substr(0, end);
    const std::string_view line = text.substr(std::min(end + 1, text.size()));
    if (const auto filter = fields::PatternFilter::compile(pattern); filter.ok()) {
        (void)filter->matches(line);
    }
    if (const auto parser = fields::PatternParser::compile(pattern); parser.ok()) {
        Sink sink;
        parser->parse(line, sink);
    }
    if (const auto matcher = fields::IpMatcher::compile(pattern); matcher.ok()) {
        (void)matcher->matches(line);
    }
    fields::Scratch scratch;
    Sink sink;
    const auto path = fields::JsonExpressions::compile({{"x", std::string(pattern)}});
    if (path.ok()) {
        (void)path->parse(line, sink, scratch);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    parse_line(text);
    convert(text);
    match(text);
    return 0;
}
