#include "fields/conversions.h"

#include "fields/field_type.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace logi::fields {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(GoFloat, Values) {
    struct Case {
        const char* text;
        double value;
    };
    for (const auto& [text, value] :
         std::vector<Case>{{"0", 0},
                           {"+1", 1},
                           {"-1", -1},
                           {".5", .5},
                           {"5.", 5},
                           {"1e3", 1000},
                           {"1E-3", .001},
                           {"017", 17},
                           {"1_000", 1000},
                           {"1_0.2_5e0_1", 102.5},
                           {"0x1p-2", .25},
                           {"-0X_1.8P1", -3},
                           {"inf", kInfinity},
                           {"-Inf", -kInfinity},
                           {"+INFINITY", kInfinity},
                           {"9007199254740993", 9007199254740992.0},
                           {"1e-320", 1e-320},
                           {"1e-400", 0},
                           {"123456789012345678901234567890", 123456789012345678901234567890.0}}) {
        double got = -7;
        std::string error;
        EXPECT_TRUE(parse_go_float(text, got, &error)) << text << ": " << error;
        EXPECT_EQ(got, value) << text;
    }
    double got = 0;
    EXPECT_TRUE(parse_go_float("nan", got, nullptr));
    EXPECT_TRUE(std::isnan(got));
    EXPECT_TRUE(parse_go_float("-0", got, nullptr));
    EXPECT_TRUE(std::signbit(got));
}

TEST(GoFloat, Errors) {
    for (const char* text : {"",     " 1",    "1 ",   "abc",  "12abc", "99%", "1,000", "0x10",
                             "0b11", "0o17",  "+nan", "1__0", "_1",    "1_",  "1_.5",  "1e_3",
                             "1e",   "0x_p1", "in",   "infi", ".",     "-",   "1.2.3", "--1"}) {
        double value = 0;
        std::string error;
        EXPECT_FALSE(parse_go_float(text, value, &error)) << text;
        EXPECT_EQ(error,
                  "strconv.ParseFloat: parsing \"" + std::string(text) + "\": invalid syntax");
    }
    double value = 0;
    std::string error;
    EXPECT_FALSE(parse_go_float("1e400", value, &error));
    EXPECT_EQ(error, "strconv.ParseFloat: parsing \"1e400\": value out of range");
    EXPECT_FALSE(parse_go_float("-0x1p1024", value, &error));
    EXPECT_EQ(error, "strconv.ParseFloat: parsing \"-0x1p1024\": value out of range");
    EXPECT_FALSE(parse_go_float("a\"\n", value, &error));
    EXPECT_EQ(error, "strconv.ParseFloat: parsing \"a\\\"\\n\": invalid syntax");
}

TEST(GoFloat, FormatIsTheShortestWithoutExponent) {
    EXPECT_EQ(format_go_float(1), "1");
    EXPECT_EQ(format_go_float(-0.0), "-0");
    EXPECT_EQ(format_go_float(0.1 + 0.2), "0.30000000000000004");
    EXPECT_EQ(format_go_float(1e21), "1000000000000000000000");
    EXPECT_EQ(format_go_float(1e-7), "0.0000001");
    EXPECT_EQ(format_go_float(123456.789), "123456.789");
    EXPECT_EQ(format_go_float(12345678901234567890.0), "12345678901234567000");
    EXPECT_EQ(format_go_float(kInfinity), "+Inf");
    EXPECT_EQ(format_go_float(-kInfinity), "-Inf");
    EXPECT_EQ(format_go_float(std::nan("")), "NaN");
    EXPECT_EQ(format_go_float(5e-324).size(), 326U);
}

TEST(GoDuration, Values) {
    struct Case {
        const char* text;
        std::int64_t ns;
    };
    for (const auto& [text, ns] :
         std::vector<Case>{{"1ns", 1},
                           {"1us", 1'000},
                           {"1\xc2\xb5s", 1'000},
                           {"1\xce\xbcs", 1'000},
                           {"1.5ms", 1'500'000},
                           {"1h2m3.004s", 3'723'004'000'000},
                           {"-5s", -5'000'000'000},
                           {"+5s", 5'000'000'000},
                           {"0", 0},
                           {".5s", 500'000'000},
                           {"1.s", 1'000'000'000},
                           {"1m1m", 120'000'000'000},
                           {"00010s", 10'000'000'000},
                           {"1.0000000001s", 1'000'000'000},
                           {"99999h", 359'996'400'000'000'000},
                           {"9223372036854775807ns", 9'223'372'036'854'775'807},
                           {"-9223372036854775808ns", std::numeric_limits<std::int64_t>::min()}}) {
        Duration got{-7};
        std::string error;
        EXPECT_TRUE(parse_go_duration(text, got, &error)) << text << ": " << error;
        EXPECT_EQ(got.ns, ns) << text;
    }
}

TEST(GoDuration, Errors) {
    const auto error_of = [](std::string_view text) {
        Duration value;
        std::string error;
        EXPECT_FALSE(parse_go_duration(text, value, &error)) << text;
        return error;
    };
    EXPECT_EQ(error_of(""), "time: invalid duration \"\"");
    EXPECT_EQ(error_of("s"), "time: invalid duration \"s\"");
    EXPECT_EQ(error_of(".s"), "time: invalid duration \".s\"");
    EXPECT_EQ(error_of("9999999h"), "time: invalid duration \"9999999h\"");
    EXPECT_EQ(error_of("9223372036854775808ns"),
              "time: invalid duration \"9223372036854775808ns\"");
    EXPECT_EQ(error_of("1"), "time: missing unit in duration \"1\"");
    EXPECT_EQ(error_of("1 s"), "time: unknown unit \" s\" in duration \"1 s\"");
    EXPECT_EQ(error_of("1d"), "time: unknown unit \"d\" in duration \"1d\"");
    EXPECT_EQ(error_of("1e3ms"), "time: unknown unit \"e\" in duration \"1e3ms\"");
    EXPECT_EQ(error_of("1\xc3\xa9\"\n"),
              "time: unknown unit \"\\xc3\\xa9\\\"\\x0a\" in duration \"1\\xc3\\xa9\\\"\\x0a\"");
}

TEST(GoDuration, Format) {
    EXPECT_EQ(format_go_duration({0}), "0s");
    EXPECT_EQ(format_go_duration({1}), "1ns");
    EXPECT_EQ(format_go_duration({1'100}), "1.1\xc2\xb5s");
    EXPECT_EQ(format_go_duration({2'200'000}), "2.2ms");
    EXPECT_EQ(format_go_duration({3'300'000'000}), "3.3s");
    EXPECT_EQ(format_go_duration({245'001'000'000}), "4m5.001s");
    EXPECT_EQ(format_go_duration(Duration::hours(24)), "24h0m0s");
    EXPECT_EQ(format_go_duration({-1'500'000'000}), "-1.5s");
    EXPECT_EQ(format_go_duration({std::numeric_limits<std::int64_t>::min()}),
              "-2562047h47m16.854775808s");
    EXPECT_EQ(seconds_of({3'723'004'000'000}), 3723.004);
    EXPECT_EQ(seconds_of({-1'500'000'000}), -1.5);
}

TEST(HumanizeBytes, Values) {
    struct Case {
        const char* text;
        std::uint64_t bytes;
    };
    for (const auto& [text, bytes] :
         std::vector<Case>{{"1B", 1},
                           {"1", 1},
                           {"1b", 1},
                           {"1k", 1000},
                           {"1kB", 1000},
                           {"1KiB", 1024},
                           {"1kib", 1024},
                           {"1MiB", 1048576},
                           {"1.5GiB", 1610612736},
                           {"1TB", 1'000'000'000'000},
                           {"1PiB", 1125899906842624},
                           {"1EB", 1'000'000'000'000'000'000},
                           {"1  MB", 1'000'000},
                           {"1,024 KB", 1024000},
                           {"0B", 0},
                           {"12345678901234567890", 12345678901234567168ULL}}) {
        std::uint64_t got = 7;
        std::string error;
        EXPECT_TRUE(parse_humanize_bytes(text, got, &error)) << text << ": " << error;
        EXPECT_EQ(got, bytes) << text;
    }
}

TEST(HumanizeBytes, Errors) {
    const auto error_of = [](std::string_view text) {
        std::uint64_t value = 0;
        std::string error;
        EXPECT_FALSE(parse_humanize_bytes(text, value, &error)) << text;
        return error;
    };
    EXPECT_EQ(error_of("1XB"), "unhandled size name: xb");
    EXPECT_EQ(error_of("0x10"), "unhandled size name: x10");
    EXPECT_EQ(error_of("1e3 KB"), "unhandled size name: e3 kb");
    EXPECT_EQ(error_of("16EiB"), "too large: 16EiB");
    EXPECT_EQ(error_of(""), "strconv.ParseFloat: parsing \"\": invalid syntax");
    EXPECT_EQ(error_of("-1KB"), "strconv.ParseFloat: parsing \"\": invalid syntax");
    EXPECT_EQ(error_of("1.2.3KB"), "strconv.ParseFloat: parsing \"1.2.3\": invalid syntax");
}

TEST(HumanizeBytes, Format) {
    EXPECT_EQ(format_humanize_bytes(0), "0 B");
    EXPECT_EQ(format_humanize_bytes(42), "42 B");
    EXPECT_EQ(format_humanize_bytes(999), "999 B");
    EXPECT_EQ(format_humanize_bytes(1024), "1.0 kB");
    EXPECT_EQ(format_humanize_bytes(123456), "124 kB");
    EXPECT_EQ(format_humanize_bytes(82854982), "83 MB");
    EXPECT_EQ(format_humanize_bytes(std::numeric_limits<std::uint64_t>::max()), "18 EB");
}

TEST(FieldType, FirstThatFits) {
    struct Case {
        const char* value;
        const char* type;
    };
    for (const auto& [value, type] : std::vector<Case>{{"1", "int"},
                                                       {"+7", "int"},
                                                       {"0004", "int"},
                                                       {"9223372036854775808", "float"},
                                                       {"1.5", "float"},
                                                       {"NaN", "float"},
                                                       {"true", "boolean"},
                                                       {"F", "boolean"},
                                                       {"yes", "string"},
                                                       {"11.877ms", "duration"},
                                                       {"1h2m", "duration"},
                                                       {"5.7kB", "bytes"},
                                                       {"1,5", "bytes"},
                                                       {"1 MB", "bytes"},
                                                       {"99%", "string"},
                                                       {"", "string"}}) {
        EXPECT_EQ(field_type_name(field_type_of(value)), type) << value;
    }
}

}  // namespace
}  // namespace logi::fields
