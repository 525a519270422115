// An outline is what the parser finds in every line whose holes keep to the rules.
#include "fields/json_expressions.h"
#include "fields/json_parser.h"
#include "fields/logfmt_expressions.h"
#include "fields/logfmt_parser.h"
#include "fields/pattern_parser.h"
#include "fields/regexp_parser.h"
#include "fields/unpack_parser.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::fields {
namespace {

using Pieces = std::vector<std::string_view>;
using Values = std::vector<std::string>;

// The calls that a parser makes.
class Recorder final : public FieldSink {
  public:
    bool add(std::string_view name, std::string_view value) override {
        text_.append(name).append("=").append(value).append("|");
        return true;
    }
    bool set(std::string_view name, std::string_view value) override {
        text_.append(name).append(":=").append(value).append("|");
        return true;
    }
    void set_missing(std::string_view name, bool keep) override {
        text_.append(name).append(keep ? " missing or kept|" : " missing|");
    }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::string text_;
};

template <typename Parser>
std::string parse(const Parser& parser, std::string_view line) {
    Recorder sink;
    Scratch scratch;
    ParseError error;
    if constexpr (requires { parser.parse(line, sink); }) {
        parser.parse(line, sink);
    } else {
        error = parser.parse(line, sink, scratch);
    }
    return sink.text() + std::string(error.kind) + std::string(error.details);
}

// Nothing: a field is unknown.
std::optional<std::string> replay(const Outline& outline, const Values& values) {
    Recorder sink;
    for (const OutlineField& field : outline.fields) {
        if (field.unknown) {
            return std::nullopt;
        }
        std::string text;
        for (const ValuePart& part : field.parts) {
            text += part.hole == kNoHole ? part.text : values[part.hole];
        }
        std::string buffer;
        give(field, sink, [&] { return made_value(field, text, buffer); });
    }
    return sink.text() + std::string(outline.error.kind) + std::string(outline.error.details);
}

bool allowed(const Outline& outline, const Values& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!outline.holes[i].allows(values[i])) {
            return false;
        }
    }
    return true;
}

std::string filled(const Pieces& pieces, const Values& values) {
    std::string line(pieces[0]);
    for (std::size_t i = 0; i < values.size(); ++i) {
        line.append(values[i]).append(pieces[i + 1]);
    }
    return line;
}

// "-": no outline; else names with values, holes as <0>.
template <typename Parser>
std::string outline_text(const Parser& parser, const Pieces& pieces) {
    const auto outline = parser.outline(pieces);
    if (!outline.has_value()) {
        return "-";
    }
    std::string out;
    for (const OutlineField& field : outline->fields) {
        out += field.name + "=" + (field.unknown ? "?" : "");
        for (const ValuePart& part : field.parts) {
            out += part.hole == kNoHole ? part.text : "<" + std::to_string(part.hole) + ">";
        }
        out += "|";
    }
    return out + std::string(outline->error.kind);
}

PatternParser pattern(std::string_view text) {
    return *PatternParser::compile(text);
}
LogfmtParser logfmt(bool strict = false, bool keep_empty = false) {
    return LogfmtParser({strict, keep_empty});
}

JsonExpressions json(const std::vector<Extraction>& extractions) {
    return *JsonExpressions::compile(extractions);
}
LogfmtExpressions logfmt_of(const std::vector<Extraction>& extractions, bool keep_empty = false) {
    return *LogfmtExpressions::compile(extractions, {false, keep_empty});
}
// Without its new line.
struct Unpack {
    UnpackParser parser;
    ParseError parse(std::string_view line, FieldSink& sink, Scratch& scratch) const {
        std::string buffer;
        return parser.parse(line, buffer, sink, scratch);
    }
    [[nodiscard]] std::optional<Outline> outline(absl::Span<const std::string_view> pieces) const {
        return parser.outline(pieces);
    }
};

TEST(JsonOutline, ValuesAndConstants) {
    const JsonParser p;
    EXPECT_EQ(outline_text(p, {R"({"status":)", R"(,"level":"info","msg":")", R"("})"}),
              "status=<0>|level=info|msg=<1>|");
    EXPECT_EQ(
        outline_text(p, {R"({"a":{"b c":)", R"(},"msg":"took )", R"( of )", R"( ms"} tail )", ""}),
        "a_b_c=<0>|msg=took <1> of <2> ms|");
    EXPECT_EQ(
        outline_text(p, {R"({"a":null,"b":[1,")", R"(",{"c":)", R"(}],"d":true,"e":"\u00e9"})"}),
        "d=true|e=\xc3\xa9|");
    EXPECT_EQ(outline_text(p, {R"({"a":"\"q\" )", R"(","b":)", "}"}), "a=\\\"q\\\" <0>|b=<1>|");
}

TEST(JsonOutline, WhatDependsOnHolesHasNone) {
    const JsonParser p;
    EXPECT_EQ(outline_text(p, {R"({"k)", R"(":1})"}), "-");
    EXPECT_EQ(outline_text(p, {R"({"a":t)", "}"}), "-");
    EXPECT_EQ(outline_text(p, {R"({"a":1"b)", R"(":"c"})"}), "-");
    EXPECT_EQ(outline_text(p, {R"({"a":)", ""}), "-");
    EXPECT_EQ(outline_text(p, {R"({"a":")", ""}), "-");
    EXPECT_EQ(outline_text(p, {"{", "}"}), "-");
}

TEST(JsonOutline, NoObject) {
    const JsonParser p;
    EXPECT_EQ(outline_text(p, {"level=", ""}), "JSONParserErr");
    EXPECT_EQ(outline_text(p, {"", " - ", ""}), "JSONParserErr");
    EXPECT_FALSE(p.outline(Pieces{"", " x"})->holes[0].allows("{\"a\":1}"));
    EXPECT_FALSE(p.outline(Pieces{"", " x"})->holes[0].allows(" {\"a\":1}"));
    EXPECT_TRUE(p.outline(Pieces{"", " x"})->holes[0].allows("a{b}"));
}

TEST(JsonOutline, Rules) {
    const JsonParser p;
    const auto scalar = p.outline(Pieces{R"({"a":)", "}"})->holes[0];
    for (const char* text : {"1", "-1", "1e3", "007", "true", "false", "1.5ms", "-"}) {
        EXPECT_TRUE(scalar.allows(text)) << text;
    }
    for (const char* text :
         {"null", "nil", "\"x\"", "1,\"b\":2", "{}", "[1]", "1 ", "1}", ".5", "truest", "+1"}) {
        EXPECT_FALSE(scalar.allows(text)) << text;
    }
    const auto begin = p.outline(Pieces{R"({"a":)", "e}"})->holes[0];
    EXPECT_TRUE(begin.allows("1"));
    EXPECT_FALSE(begin.allows("tru"));
    const auto string = p.outline(Pieces{R"({"a":")", R"("})"})->holes[0];
    EXPECT_TRUE(string.allows("{[,:]} \xff\n"));
    EXPECT_TRUE(string.allows("a \\\"b\\\" \\n \\x \\\\"));
    EXPECT_FALSE(string.allows("\\"));
    EXPECT_FALSE(string.allows("\""));
    EXPECT_FALSE(string.allows("\\\\\""));
    EXPECT_FALSE(p.outline(Pieces{R"({"a":"x\)", R"("})"}).has_value());
}

TEST(JsonOutline, HolesBehindAFieldAreNotSeenYet) {
    const auto outline =
        JsonParser().outline(Pieces{R"({"a":)", R"(,"b":")", R"(","c":{"d":)", R"(},"e":)", "}"});
    ASSERT_EQ(outline->fields.size(), 4U);
    EXPECT_EQ(outline->fields[0].holes_seen, 1U);
    EXPECT_EQ(outline->fields[1].holes_seen, 2U);
    EXPECT_GE(outline->fields[2].holes_seen, 3U);  // the object was passed over first
    EXPECT_EQ(outline->fields[3].holes_seen, 4U);
}

TEST(JsonOutline, Expressions) {
    const auto p = json({{"s", "status"}, {"b", "a.b"}, {"m", "msg"}, {"no", "x.y"}});
    EXPECT_EQ(outline_text(p, {R"({"status":)", R"(,"a":{"b":")", R"("},"msg":"x"})"}),
              "s=<0>|b=<1>|m=x|no=|");
    EXPECT_EQ(outline_text(json({{"a", "a"}}), {R"({"a":{"b":)", R"(,"c":"\u00e9"}})"}),
              R"(a={"b":<0>,"c":"\u00e9"}|)");
    EXPECT_EQ(outline_text(json({{"a", "a"}}), {R"({"a":null,"b":)", "}"}), "a=|");
    // Text behind the object, and elements of arrays, are looked at as well.
    EXPECT_EQ(outline_text(p, {R"({"status":)", R"(} tail)"}), "-");
    EXPECT_EQ(outline_text(json({{"a", "a[0]"}}), {R"({"a":[)", "]}"}), "-");
    EXPECT_EQ(outline_text(json({{"a", "a[0]"}}), {R"({"a":)", "}"}), "a=|");
    EXPECT_EQ(outline_text(p, {"level=", ""}), "JSONParserErr");
    EXPECT_EQ(outline_text(p, {"", "}"}), "-");
}

TEST(JsonOutline, Unpack) {
    const Unpack p;
    EXPECT_EQ(outline_text(p, {R"({"a":")", R"(","b":"c","n":1,"_entry":"took )", R"( ms"})"}),
              "b=c|a=<0>|");
    EXPECT_EQ(outline_text(p, {R"({"a":")", R"("})"}), "");
    EXPECT_EQ(outline_text(p, {R"({"a":")", R"(","_entry":"\x"})"}), "JSONParserErr");
    EXPECT_EQ(outline_text(p, {R"({"_entry":"\u00)", R"("})"}), "-");
    EXPECT_EQ(outline_text(p, {"level=", ""}), "JSONParserErr");
    EXPECT_FALSE(p.outline(Pieces{R"({"_entry":")", R"("})"})->holes[0].allows("a \\\" b"));
}

TEST(LogfmtOutline, Expressions) {
    const auto p = logfmt_of({{"s", "status"}, {"l", "level"}});
    EXPECT_EQ(outline_text(p, {"level=info status=", " level=", ""}), "s=|l=|l=info|s=<0>|l=<1>|");
    EXPECT_EQ(outline_text(p, {"level= status=", ""}), "s=|l=|s=<0>|");
}

TEST(LogfmtOutline, Pairs) {
    EXPECT_EQ(outline_text(logfmt(), {"level=info status=", " msg=\"took ", " ms\" d=", ""}),
              "level=info|status=<0>|msg=took <1> ms|d=<2>|");
    EXPECT_EQ(outline_text(logfmt(), {"a= b c=", ""}), "c=<0>|");
    EXPECT_EQ(outline_text(logfmt(false, true), {"a= b c=", ""}), "a=|b=|c=<0>|");
    EXPECT_EQ(outline_text(logfmt(), {"", " - - \"GET ", " HTTP/1.1\" ", " k=", ""}), "k=<3>|");
    EXPECT_EQ(outline_text(logfmt(), {"a=\"x\\n", "\" b=1"}), "a=?x\\n<0>|b=1|");
    EXPECT_EQ(outline_text(logfmt(), {"a", "=1 b=2"}), "-");
    EXPECT_EQ(outline_text(logfmt(true), {"a=b=", " c=1"}), "-");
    EXPECT_EQ(outline_text(logfmt(), {"a=\"", " c=1"}), "-");
}

TEST(PatternOutline, Captures) {
    EXPECT_EQ(outline_text(pattern("<ip> - <_> [<t>] \"<m> <p>\" <s>"),
                           {"", " - ", " [03/Jun/2024:", " +0000] \"GET ", "\" ", " 17"}),
              "ip=<0>|t=03/Jun/2024:<2> +0000|m=GET|p=<3>|s=<4> 17|");
    EXPECT_EQ(outline_text(pattern("x <a>"), {"y ", ""}), "");
    EXPECT_EQ(outline_text(pattern("x1 <a>"), {"x", " ", ""}), "-");
    EXPECT_EQ(outline_text(pattern("<a>!<b>"), {"a ", " b"}), "a=a <0> b|");
}

// A regular expression, with what its holes are likely to hold.
struct Regexp {
    explicit Regexp(std::string_view text, std::vector<HoleHint> hinted = {})
        : parser(*RegexpParser::compile(text)), hints(std::move(hinted)) {}
    void parse(std::string_view line, FieldSink& sink) const {
        Scratch scratch;
        parser.parse(line, sink, scratch);
    }
    [[nodiscard]] std::optional<Outline> outline(absl::Span<const std::string_view> pieces) const {
        auto few = hints;
        few.resize(hints.empty() ? 0 : pieces.size() - 1, hints.empty() ? HoleHint() : hints[0]);
        return parser.outline(pieces, few);
    }
    RegexpParser parser;
    std::vector<HoleHint> hints;
};

HoleHint likely(std::string_view bytes, std::size_t size = 0) {
    return {bytes_of(bytes), std::max<std::size_t>(size, 1), size == 0 ? HoleRule::kAnySize : size};
}

TEST(RegexpOutline, Groups) {
    EXPECT_EQ(outline_text(Regexp("level=(?P<l>\\w+) n=(?P<n>\\d+)"), {"level=info n=", " x"}),
              "l=info|n=<0>|");
    EXPECT_EQ(outline_text(
                  Regexp("^(?P<ip>\\S+) (?P<u>\\S+) (\\S+ )?\\[(?P<t>[^\\]]*)\\] \"(?P<m>GET|PUT)"),
                  {"", " - ", " [03/Jun/2024:", " +0000] \"GET ", "\" ", " 17"}),
              "ip=<0>|u=-|t=03/Jun/2024:<2> +0000|m=GET|");
    EXPECT_EQ(
        outline_text(Regexp("took (?P<t>.*?)(ms)? and (?P<r>.*)$"), {"took ", "ms and ", "!"}),
        "t=<0>|r=<1>!|");
    EXPECT_EQ(outline_text(Regexp("(?P<a>x)?y(?P<b>z)"), {"yz ", ""}), "a=|b=z|");
    EXPECT_EQ(outline_text(Regexp("absent (?P<a>x)"), {"a ", " b"}), "");
    // Where a group ends within a hole, or begins there, is not known.
    EXPECT_EQ(outline_text(Regexp("(?P<a>\\d)(?P<b>\\d*) z", {likely("0123456789")}), {"", " z"}),
              "a=?|b=?|");
    EXPECT_EQ(outline_text(Regexp("\\bx(?P<a>.)"), {"x", ""}), "-");
    EXPECT_EQ(outline_text(Regexp("(?P<a>x).y"), {"x", "\xc3\xa9y"}), "-");
    // RE2 repeats what stands before flags, and takes {02} as text.
    EXPECT_EQ(outline_text(Regexp("u=(?P<a>K(?i){2})"), {"u=KK", ""}), "-");
    EXPECT_EQ(outline_text(Regexp("n=(?P<a>K{02})"), {"n=K{02}", ""}), "-");
}

TEST(RegexpOutline, Rules) {
    const Regexp p("status=(?P<s>[0-9]{3})$");
    EXPECT_EQ(
        outline_text(Regexp("status=(?P<s>[0-9]{3})$", {likely("0123456789", 3)}), {"status=", ""}),
        "s=<0>|");
    const auto three =
        Regexp("status=(?P<s>[0-9]{3})$", {likely("0123456789", 3)}).outline(Pieces{"status=", ""});
    EXPECT_TRUE(three->holes[0].allows("200"));
    EXPECT_FALSE(three->holes[0].allows("20"));
    EXPECT_FALSE(three->holes[0].allows("abc"));
    const auto word = Regexp("l=(?P<l>[a-z]+) ", {likely("abc")}).outline(Pieces{"l=", " ."});
    EXPECT_TRUE(word->holes[0].allows("info"));
    EXPECT_FALSE(word->holes[0].allows("in fo"));
    EXPECT_FALSE(word->holes[0].allows("caf\xc3\xa9"));
}

// Parts of patterns one after another, of which some are groups with names.
std::string random_pattern(std::mt19937& random) {
    const auto below = [&](std::size_t n) {
        return static_cast<std::size_t>(random()) % n;
    };
    const std::vector<std::string> parts = {
        R"(\S+)",   R"(\d+)",      R"(\w+)",    ".*",        ".*?",       R"([^"]*)",   R"([^ ]+)",
        R"(\d{2})", "[a-z]+",      "[0-9a-f]+", "(GET|PUT)", "a|b|level", "info",       "level",
        "=",        " ",           R"(\s)",     R"(\[)",     "\"",        "(?i:LEVEL)", "t?",
        "(a|ts)*",  R"(\d{1,3}?)", "(o|k)+?",   "msg",       R"(\D+)",    R"([\w.-]+)", "[^a-]",
        "x*",       "(?s:.)",      "took",      "-",         "/",         "status",     ":"};
    std::string out = below(4) == 0 ? "^" : "";
    std::size_t names = 0;
    for (std::size_t i = 1 + below(5); i > 0 || names == 0; i -= i > 0 ? 1 : 0) {
        std::string part = parts[below(parts.size())];
        part = below(3) == 0 ? part + parts[below(parts.size())] : part;
        const std::size_t kind = below(4);
        if (kind < 2) {
            part = "(?P<g" + std::to_string(names++) + ">" + part + ")" + (kind == 0 ? "" : "?");
        } else if (kind == 2) {
            part = "(?:" + part + ")";
        }
        out += part;
    }
    return out + (below(6) == 0 ? "$" : "");
}

// RE2 and the program that outlines run find the same in every line.
TEST(RegexpOutline, WholeLines) {
    std::mt19937 random(1);
    const std::vector<std::string> lines = {
        "",
        "level=info",
        R"(ts=2024-06-03 level=info msg="took 12 ms" status=200)",
        R"(10.0.0.1 - bob [03/Jun/2024] "GET /x?a=1 HTTP/1.1" 200 17)",
        "aaa\nbbb",
        "abtsatsa-/:"};
    std::size_t known = 0;
    for (int round = 0; round < 1000; ++round) {
        const std::string text = random_pattern(random);
        const Regexp p(text);
        for (const std::string& line : lines) {
            const auto outline = p.outline(Pieces{line});
            // The same as long as there is a program: patterns of these parts all have one.
            ASSERT_TRUE(outline.has_value()) << text << " in " << line;
            ASSERT_EQ(*replay(*outline, {}), parse(p, line)) << text << " in " << line;
            known += outline->fields.empty() ? 0U : 1U;
        }
    }
    EXPECT_GT(known, 1000U);
}

// Lines of pieces from good lines, broken at random, with values that hurt.
struct Held {
    std::size_t known = 0;
    std::size_t held = 0;
};
template <typename Parser>
void compare(const Parser& parser,
             const std::vector<std::string>& lines,
             unsigned seed,
             Held& counts,
             int rounds) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t n) {
        return static_cast<std::size_t>(random()) % n;
    };
    const std::vector<std::string> hurting = {
        "0",    "12",          "-1", "x",  "true", "null", "\"",  "\\",      "\\\"", "a b",
        "=",    "{",           "}",  "[",  "]",    ",",    ":",   "\"a\":1", "\xff", "\xc3",
        "\xa9", "caf\xc3\xa9", "\n", "\t", "e",    " ",    "a=b", "\x01",    ".5",   "rue"};
    for (int round = 0; round < rounds; ++round) {
        std::string line = lines[below(lines.size())];
        for (std::size_t changes = below(4) == 0 ? 1 + below(2) : 0; changes > 0; --changes) {
            line[below(line.size())] = "\"\\{}[]:,= 0tx\xc3"[below(14)];
        }
        // Holes take the place of some bytes.
        std::vector<std::size_t> cuts(2 * (1 + below(3)));
        for (std::size_t& cut : cuts) {
            cut = below(line.size());
        }
        std::sort(cuts.begin(), cuts.end());
        Pieces pieces;
        Values values;
        std::size_t at = 0;
        for (std::size_t i = 0; i < cuts.size(); i += 2) {
            pieces.push_back(std::string_view(line).substr(at, cuts[i] - at));
            at = std::min(cuts[i] + below(4), cuts[i + 1]);
        }
        pieces.push_back(std::string_view(line).substr(at));
        const auto outline = parser.outline(pieces);
        counts.known += outline.has_value() ? 1U : 0U;
        for (int n = 0; n < 4 && outline.has_value(); ++n) {
            values.assign(pieces.size() - 1, {});
            for (std::string& value : values) {
                value = hurting[below(hurting.size())];
                value += below(3) == 0 ? hurting[below(hurting.size())] : "";
            }
            if (!allowed(*outline, values)) {
                continue;
            }
            const auto expected = replay(*outline, values);
            if (expected.has_value()) {
                ++counts.held;
                ASSERT_EQ(*expected, parse(parser, filled(pieces, values)))
                    << "seed " << seed << " round " << round << ": " << filled(pieces, values);
            }
        }
    }
}

template <typename Parser>
void compare(const Parser& parser, const std::vector<std::string>& lines, unsigned seed) {
    Held counts;
    compare(parser, lines, seed, counts, 20'000);
    EXPECT_GT(counts.known, 1000U);
    EXPECT_GT(counts.held, 1000U);
}

TEST(RegexpOutline, IsWhatThePatternFinds) {
    std::mt19937 random(7);
    const std::vector<std::string> lines = {
        R"(ts=2024 level=info msg="took 12 ms" status=200 dur=1.5s)",
        R"(10.0.0.1 - bob [03/Jun/2024] "GET /x?a=1 HTTP/1.1" 200 17)"};
    const std::vector<std::vector<HoleHint>> hints = {
        {}, {likely("0123456789")}, {likely("0123456789", 2)}, {likely("abtx.-/ ")}};
    Held counts;
    for (unsigned seed = 0; seed < 400; ++seed) {
        const std::string text = random_pattern(random);
        SCOPED_TRACE(text);
        compare(Regexp(text, hints[seed % hints.size()]), lines, seed, counts, 20);
    }
    EXPECT_GT(counts.known, 1500U);
    EXPECT_GT(counts.held, 1500U);
}

TEST(Outline, IsWhatTheParserFinds) {
    const std::vector<std::string> json_lines = {
        R"({"ts":"2024-06-03T12:00:00Z","level":"info","status":200,"msg":"GET /a done"})",
        R"({"a":{"b":1,"c":{"d":"x","e":[1,"y",{"z":2}]},"f":true},"g":null, "h" : -2.5 } tail)",
        R"({"msg":"say \"hi\" \u00e9","n":1e3,"o":{},"p":[],"q":"","1x":"y"})",
        R"(  {"k":"v"})",
        R"({"level":"info","_entry":"took 12 ms, \"x\" of 5","1a":"b","n":7})",
        R"(level=info msg="x")"};
    const std::vector<std::string> pairs = {
        R"(ts=2024 level=info msg="took 12 ms" status=200 dur=1.5s)",
        R"(a=1 b="x \"y\" z" c= d bare=x e=f=g h="open)",
        R"(10.0.0.1 - bob [03/Jun/2024] "GET /x?a=1 HTTP/1.1" 200 17)",
        R"({"level":"info","n":1})"};
    for (unsigned seed = 1; seed < 4; ++seed) {
        compare(JsonParser(), json_lines, seed);
        compare(logfmt(), pairs, seed);
        compare(logfmt(true), pairs, seed);
        compare(logfmt(false, true), pairs, seed);
        compare(pattern("<ip> - <user> [<_>] \"<m> <p> <_>\" <s>"), pairs, seed);
        compare(pattern("<_>=<a> <b>"), pairs, seed);
        compare(json({{"l", "level"}, {"m", "msg"}, {"d", "a.c.d"}, {"a", "a"}}), json_lines, seed);
        compare(json({{"n", "n"}, {"z", "a.c.e[2].z"}, {"o", "o"}, {"k", "k"}}), json_lines, seed);
        compare(Unpack(), json_lines, seed);
        compare(logfmt_of({{"l", "level"}, {"m", "msg"}, {"b", "b"}, {"h", "h"}}), pairs, seed);
        compare(logfmt_of({{"c", "c"}, {"bare", "bare"}}, true), pairs, seed);
    }
}

}  // namespace
}  // namespace logi::fields
