#include "fields/line_shape.h"

#include "fields/pattern_filter.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::fields {
namespace {

std::string pattern_of(std::string_view line) {
    LineShape shape;
    read_shape(line, shape);
    return shape_pattern(shape);
}

bool matches(const std::string& pattern, std::string_view line) {
    const auto filter = PatternFilter::compile(pattern);
    EXPECT_TRUE(filter.ok()) << pattern << ": " << filter.status();
    return filter.ok() && filter->matches(line);
}

TEST(LineShape, WordsWithDigitsAreVariable) {
    EXPECT_EQ(pattern_of("GET /api/orders/17 took 12.5ms, 3 retries"),
              "GET /<_> took <_>, <_> retries");
    EXPECT_EQ(pattern_of(R"({"level":"info","port":8080,"t":-1.5})"),
              R"({"level":"info","port":<_>,"t":<_>})");
    EXPECT_EQ(pattern_of("ts=2024-03-17T10:00:00.123Z caller=main.go:42 msg=\"it works.\""),
              "ts=<_> caller=<_> msg=\"it works.\"");
    EXPECT_EQ(pattern_of("[worker-7] -- error: done."), "[<_>] -- error: done.");
    EXPECT_EQ(pattern_of("  x  "), "  x  ");
    EXPECT_EQ(pattern_of("::"), "::");
    EXPECT_EQ(pattern_of("took 1.5."), "took <_>");
    EXPECT_EQ(pattern_of("caf\xc3\xa9 caf\xe9"), "caf\xc3\xa9 <_>");
}

TEST(LineShape, WhatLooksLikeACaptureIsVariable) {
    EXPECT_EQ(pattern_of("<b>bold</b> <a.b> <_>"), "<<_>>bold</b> <<_>> <<_>>");
    EXPECT_TRUE(matches(pattern_of("<b>bold</b> <_> <x"), "<b>bold</b> <_> <x"));
}

TEST(LineShape, TheEndOfALongLineIsOneWord) {
    const std::string many = [] {
        std::string line;
        for (int i = 0; i < 1000; ++i) {
            line += "word ";
        }
        return line;
    }();
    EXPECT_LT(pattern_of(many).size(), 600);
    EXPECT_TRUE(matches(pattern_of(many), many));
    for (const std::string& line : {"key " + std::string(5000, 'x'),
                                    "key " + std::string(5000, '='),
                                    std::string(5000, ' '),
                                    std::string(5000, 'x'),
                                    "5" + std::string(5000, '.') + " x"}) {
        EXPECT_LT(pattern_of(line).size(), 10);
        EXPECT_TRUE(matches(pattern_of(line), line)) << line.substr(0, 10);
    }
}

// Whichever words vary.
TEST(LineShape, PatternsMatchTheirLinesOnRandomLines) {
    std::mt19937 random(17);  // NOLINT: the same lines every time
    const std::vector<std::string> pieces = {"a",    "b",  "ab", "1", "22", "x7", " ",   "  ", ".",
                                             ":",    "-",  "=",  "<", ">",  "_",  "<_>", "\"", "/",
                                             "\xe9", "\n", ",",  "(", ")",  "..", "<a>", "--"};
    for (int i = 0; i < 20'000; ++i) {
        std::string line;
        for (std::size_t n = random() % 20; n > 0; --n) {
            line += pieces[random() % pieces.size()];
        }
        LineShape shape;
        read_shape(line, shape);
        for (auto& word : shape.words) {
            if (random() % 3 == 0) {
                word.kind = WordKind::kVaried;
            }
        }
        EXPECT_TRUE(matches(shape_pattern(shape), line)) << line << "\n" << shape_pattern(shape);
    }
}

}  // namespace
}  // namespace logi::fields
