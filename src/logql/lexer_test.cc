#include "logql/lexer.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace logi::logql {
namespace {

// "NUMBER 5, IDENTIFIER x": the names of the tokens, with the text of those that have one.
std::string tokens(std::string_view query) {
    std::string out;
    for (const Token& token : lex(query)) {
        if (token.kind == TokenKind::kEnd) {
            break;
        }
        out += out.empty() ? "" : ", ";
        const bool error = token.kind == TokenKind::kError;
        const std::string name = error ? "error" : display_name(token);
        out += name == token.text ? name : name + " " + token.text;
    }
    return out;
}

void expect_tokens(const std::vector<std::pair<std::string, std::string>>& rows) {
    for (const auto& [query, text] : rows) {
        EXPECT_EQ(tokens(query), text) << query;
    }
}

TEST(Lexer, FunctionsAreIdentifiersUnlessCalled) {
    expect_tokens({
        {"rate (", "RATE rate, ("},
        {"Rate\n\t(", "RATE rate, ("},
        {"rate", "IDENTIFIER rate"},
        {"rate = (", "IDENTIFIER rate, =, ("},
        {"sum by (", "SUM sum, by, ("},
        {"SUM WITHOUT(", "SUM sum, without, ("},
        {"sum by x", "IDENTIFIER sum, by, IDENTIFIER x"},
        {"sum # no comment here\n(", "IDENTIFIER sum, ("},
        {"bytes(", "BYTES_CONV bytes, ("},
        {"duration_seconds(", "DURATION_SECONDS_CONV duration_seconds, ("},
        {"ip(", "ip, ("},
        {"ip =", "IDENTIFIER ip, ="},
        {"vector(", "VECTOR vector, ("},
        {"label_replace json", "label_replace, json"},
        {"JSON Json_", "json, IDENTIFIER Json_"},
    });
}

TEST(Lexer, Numbers) {
    expect_tokens({
        {"12 1.5 .5 1. 1e3 1e+3 1_000 0x1p4 0x1F 010 0.0",
         "NUMBER 12, NUMBER 1.5, NUMBER .5, NUMBER 1., NUMBER 1e3, NUMBER 1e+3, NUMBER 1_000, "
         "NUMBER 0x1p4, NUMBER 0x1F, NUMBER 010, NUMBER 0.0"},
        {"..5", "., NUMBER .5"},
        {"1..2", "NUMBER 1., NUMBER .2"},
        {"1.2.3", "NUMBER 1.2, NUMBER .3"},
        {"5x", "NUMBER 5, IDENTIFIER x"},
        {"09.5", "NUMBER 09.5"},
        {"08", "error invalid digit '8' in octal literal"},
        {"0o8", "error invalid digit '8' in octal literal"},
        {"0o", "error octal literal has no digits"},
        {"0x", "error hexadecimal literal has no digits"},
        {"0B", "error decimal literal has no digits"},
        {"0x1.5", "error hexadecimal mantissa requires a 'p' exponent"},
        {"0x1p", "error exponent has no digits"},
        {"1e", "error exponent has no digits"},
        {"1__0", "error '_' must separate successive digits"},
        {"1_", "error '_' must separate successive digits"},
        {"0b1e3", "error 'e' exponent requires decimal mantissa"},
        {"0b1.0", "error invalid radix point in decimal literal"},
    });
}

TEST(Lexer, DurationsAndByteSizes) {
    expect_tokens({
        {"5m 1.5h 1h30m 1d -5m -0 5\u00b5s",
         "DURATION 5m, DURATION 1.5h, DURATION 1h30m, DURATION 1d, DURATION -5m, DURATION -0, "
         "DURATION 5\u00b5s"},
        {"- 5m", "-, DURATION 5m"},
        {"-5", "-, NUMBER 5"},
        {"-1d", "-, DURATION 1d"},
        {"1.5d", "NUMBER 1.5, IDENTIFIER d"},
        {"1e3s", "NUMBER 1e3, IDENTIFIER s"},
        {"1m5", "NUMBER 1, IDENTIFIER m5"},
        {"42B 1kB 10MB 1.5GiB 5K 31PB",
         "BYTES 42B, BYTES 1kB, BYTES 10MB, BYTES 1.5GiB, BYTES 5K, BYTES 31PB"},
        {"1kb", "BYTES 1k, IDENTIFIER b"},
        {"1EB", "error exponent has no digits"},
        {"[5m][1h30m]", "RANGE [5m], RANGE [1h30m]"},
    });
    const auto token = lex("1.5h")[0];
    EXPECT_EQ(token.duration, Duration::minutes(90));
    EXPECT_EQ(lex("1.5kB")[0].bytes, 1500U);
    EXPECT_EQ(lex("[1d]")[0].duration, Duration::hours(24));
    // Each piece would be the beginning of an endless quantity.
    EXPECT_EQ(lex(std::string(300, '1') + "s")[0].kind, TokenKind::kNumber);
}

TEST(Lexer, StringsAndComments) {
    expect_tokens({
        {R"("a\n\t\\\"\x41\101\u00e9\U0001F600")", "STRING a\n\t\\\"AA\u00e9\U0001F600"},
        {"`a\\n\n\"`", "STRING a\\n\n\""},
        {"'b'", "IDENTIFIER 'b'"},
        {"1 # 2\n3 // 4\n/* 5\n */ 6 #", "NUMBER 1, NUMBER 3, NUMBER 6"},
        {"4 / 5", "NUMBER 4, /, NUMBER 5"},
        {"\"#\" `//`", "STRING #, STRING //"},
        {"\uFEFF1", "NUMBER 1"},
    });
}

TEST(Lexer, Punctuation) {
    expect_tokens({
        {"|=|~|>!=!~!>=~==>=<=", "|=, |~, |>, !=, !~, !>, =~, ==, >=, <="},
        {"{}(),.=|+-*/%^><]", "{, }, (, ), ,, ., =, |, +, -, *, /, %, ^, >, <, ]"},
        {"!\u00a0\u20ac", "IDENTIFIER !, IDENTIFIER \u00a0, IDENTIFIER \u20ac"},
        {"\u00e9t\u00e9", "IDENTIFIER \u00e9t\u00e9"},
        {"--strict --keep-empty|--strictx",
         "PARSER_FLAG --strict, PARSER_FLAG --keep-empty, |, -, -, IDENTIFIER strictx"},
    });
}

TEST(Lexer, Positions) {
    const auto tokens = lex("{\n  \u00e9=\"\u00fc\u00fc\" }\n");
    std::vector<std::pair<int, int>> places;
    places.reserve(tokens.size());
    for (const Token& token : tokens) {
        places.emplace_back(token.line, token.column);
    }
    EXPECT_EQ(places,
              (std::vector<std::pair<int, int>>{{1, 1}, {2, 3}, {2, 4}, {2, 5}, {2, 10}, {3, 1}}));
    EXPECT_EQ(lex("")[0].line, 0);
    EXPECT_EQ(lex("\t")[0].column, 2);
}

}  // namespace
}  // namespace logi::logql
