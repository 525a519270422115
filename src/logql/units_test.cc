#include "logql/units.h"

#include "logql/number.h"
#include "logql/parser.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace logi::logql {
namespace {

std::string prometheus(const char* text) {
    const auto duration = parse_prometheus_duration(text);
    return duration.ok() ? format_go_duration(*duration) : std::string(duration.status().message());
}

TEST(Units, PrometheusDurations) {
    for (const auto& [text, expected] : std::vector<std::pair<const char*, const char*>>{
             {"0", "0s"},
             {"5m", "5m0s"},
             {"1h30m", "1h30m0s"},
             {"1y1w1d1h1m1s1ms", "8953h1m1.001s"},
             {"", "empty duration string"},
             {"5", "not a valid duration string: \"5\""},
             {"-5m", "not a valid duration string: \"-5m\""},
             {"5m5m", "not a valid duration string: \"5m5m\""},
             {"5m1h", "not a valid duration string: \"5m1h\""},
             {" 5m", "not a valid duration string: \" 5m\""},
             {"1.5h", "unknown unit \".\" in duration \"1.5h\""},
             {"1ns", "unknown unit \"ns\" in duration \"1ns\""},
             {"293y", "duration out of range"},
             {"292y2000w", "duration out of range"},
             {"18446744073709551616ms", "duration out of range"}}) {
        EXPECT_EQ(prometheus(text), expected) << text;
    }
}

TEST(Units, DurationsOfEitherKind) {
    for (const auto& [text, ns] : std::vector<std::pair<const char*, std::int64_t>>{
             {"1d", 86'400'000'000'000},
             {"1.5h", 5'400'000'000'000},
             {"-90s", -90'000'000'000},
             {"-0", 0},
             {"1h1h", 7'200'000'000'000},
             {"5\u00b5s", 5000},
             {"5\u03bcs", 5000},
             {".5s", 500'000'000},
             {"5.s", 5'000'000'000},
             {"1.9ns", 1},
             {"1.0000000000000000000000001s", 1'000'000'000},
             {"9223372036854775807ns", std::numeric_limits<std::int64_t>::max()},
             {"-9223372036854775808ns", std::numeric_limits<std::int64_t>::min()},
             {"-2562047h47m16.854775808s", std::numeric_limits<std::int64_t>::min()}}) {
        EXPECT_EQ(parse_duration(text), Duration{ns}) << text;
    }
    for (const char* text :
         {"", "-", "5", "1m30", ".s", "1.5d", "-1d", "1e3s", "3000000h", "9223372036854775808ns"}) {
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
    }
}

TEST(Units, DurationsAsText) {
    EXPECT_EQ(format_go_duration(Duration::minutes(2160)), "36h0m0s");
    EXPECT_EQ(format_go_duration(Duration{1500}), "1.5\u00b5s");
    EXPECT_EQ(format_go_duration(Duration{3'000'000}), "3ms");
    EXPECT_EQ(format_go_duration(Duration{-61'050'000'000}), "-1m1.05s");
    EXPECT_EQ(format_go_duration(Duration{std::numeric_limits<std::int64_t>::min()}),
              "-2562047h47m16.854775808s");
    EXPECT_EQ(format_prometheus_duration(Duration::hours(24 * 7)), "1w");
    EXPECT_EQ(format_prometheus_duration(Duration::hours(24 * 90)), "90d");
    EXPECT_EQ(format_prometheus_duration(Duration::hours(24 * 365)), "1y");
    EXPECT_EQ(format_prometheus_duration(Duration::hours(25)), "1d1h");
    EXPECT_EQ(format_prometheus_duration(Duration{-1'500'000'000}), "-1s500ms");
    EXPECT_EQ(format_prometheus_duration(Duration{999'999}), "0s");
}

TEST(Units, ByteSizesAreThoseOfTheirText) {
    for (const auto& [text, bytes] :
         std::vector<std::pair<const char*, std::uint64_t>>{{"42B", 42},
                                                            {"1kB", 1000},
                                                            {"1KB", 1000},
                                                            {"1K", 1000},
                                                            {"1024B", 1000},
                                                            {"1KiB", 1000},
                                                            {"1536B", 1500},
                                                            {"1.1KiB", 1100},
                                                            {"1MiB", 1'000'000},
                                                            {"123456B", 124'000},
                                                            {"122500B", 122'000},
                                                            {"1.5GiB", 1'600'000'000},
                                                            {"999950B", 1'000'000},
                                                            {"5PB", 5'000'000'000'000'000}}) {
        EXPECT_EQ(parse_byte_size(text), bytes) << text;
    }
    for (const char* text : {"", "B", "5X", "1.2.3kB", "99999PB", "5B5", "-5B"}) {
        EXPECT_EQ(parse_byte_size(text), std::nullopt) << text;
    }
    EXPECT_EQ(format_byte_size(9), "9B");
    EXPECT_EQ(format_byte_size(999), "999B");
    EXPECT_EQ(format_byte_size(1000), "1.0kB");
    EXPECT_EQ(format_byte_size(9949), "9.9kB");
    EXPECT_EQ(format_byte_size(9950), "10kB");
    EXPECT_EQ(format_byte_size(999'950), "1000kB");
    EXPECT_EQ(format_byte_size(1'000'000'000), "1.0GB");
    EXPECT_EQ(format_byte_size(2'000'000'000'000'000'000), "2000PB");
}

TEST(Numbers, AsGoReadsThem) {
    for (const auto& [text, value] :
         std::vector<std::pair<const char*, double>>{{"1_000", 1000},
                                                     {"010", 10},
                                                     {"1.", 1},
                                                     {".5", 0.5},
                                                     {"0x1p4", 16},
                                                     {"0x_1p4", 16},
                                                     {"0x1.8p1_0", 1536},
                                                     {"1e-400", 0}}) {
        const ParsedNumber number = parse_number(text);
        EXPECT_EQ(number.value, value) << text;
        EXPECT_EQ(number.problem, "") << text;
    }
    for (const char* text : {"0x10", "0b1", "0o7", "", "1x", "0x"}) {
        EXPECT_EQ(parse_number(text).problem, "invalid syntax") << text;
        EXPECT_EQ(parse_number(text).value, 0) << text;
    }
    EXPECT_EQ(parse_number("1e400").problem, "value out of range");
    EXPECT_TRUE(std::isinf(parse_number("1e400").value));
}

TEST(Numbers, AsGoWritesThem) {
    for (const auto& [value, fixed, general] :
         std::vector<std::tuple<double, const char*, const char*>>{
             {0.1, "0.1", "0.1"},
             {-1.5, "-1.5", "-1.5"},
             {100'000, "100000", "100000"},
             {1e6, "1000000", "1e+06"},
             {1e23, "100000000000000000000000", "1e+23"},
             {123456789.125, "123456789.125", "1.23456789125e+08"},
             {0.0001, "0.0001", "0.0001"},
             {1.25e-5, "0.0000125", "1.25e-05"},
             {1e100, nullptr, "1e+100"},
             {0.30000000000000004, "0.30000000000000004", "0.30000000000000004"}}) {
        if (fixed != nullptr) {
            EXPECT_EQ(format_fixed(value), fixed);
        }
        EXPECT_EQ(format_general(value), general);
    }
}

}  // namespace
}  // namespace logi::logql
