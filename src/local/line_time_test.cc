#include "local/line_time.h"

#include "base/rfc3339.h"
#include "template/zone.h"

#include <gtest/gtest.h>

namespace logi::local {
namespace {

const Timestamp kReference = *parse_rfc3339("2026-03-01T00:00:00Z");

std::string time_in(const std::vector<std::string>& lines,
                    const std::string& layout = "auto",
                    const std::string& field = "",
                    const tmpl::Zone* zone = tmpl::Zone::utc()) {
    const std::vector<std::string_view> sample(lines.begin(), lines.end());
    LineTime times = LineTime::find_out(sample, {layout, field, zone}, kReference);
    const auto time = times.of(lines.back());
    return time.has_value() ? format_rfc3339(*time) : "none";
}

struct Case {
    const char* line;
    const char* time;
};

TEST(LineTime, FindsOutHowLinesWriteTheirTime) {
    const std::vector<Case> cases = {
        {"2026-01-05T10:00:00Z a", "2026-01-05T10:00:00Z"},
        {"2026-01-05T10:00:00.123456789+02:00 a", "2026-01-05T08:00:00.123456789Z"},
        {"2026-01-05 10:00:00,250 INFO a", "2026-01-05T10:00:00.25Z"},
        {"2026-01-05 10:00:00 -0130 a", "2026-01-05T11:30:00Z"},
        {"[2026-01-05 10:00:00.5] a", "2026-01-05T10:00:00.5Z"},
        {"2026/01/05 10:00:00 [error] 7#7: a", "2026-01-05T10:00:00Z"},
        {"2026-01-05 10:00:00 UTC [12] LOG: a", "2026-01-05T10:00:00Z"},
        {"10.0.0.1 - - [05/Jan/2026:10:00:00 +0100] \"GET /?time=7 HTTP/1.1\" 200",
         "2026-01-05T09:00:00Z"},
        {"Jan  5 10:00:00 host sshd[1]: a", "2026-01-05T10:00:00Z"},
        {"Dec 31 23:59:59 host a", "2025-12-31T23:59:59Z"},
        {"Mar  1 20:00:00 host a", "2026-03-01T20:00:00Z"},  // clocks differ
        {"Mar  2 20:00:00 host a", "2025-03-02T20:00:00Z"},
        {"Feb 29 10:00:00 host a", "2024-02-29T10:00:00Z"},
        {"<34>Jan  5 10:00:00 host a", "2026-01-05T10:00:00Z"},
        {"<34>1 2026-01-05T10:00:00.003Z host a", "2026-01-05T10:00:00.003Z"},
        {"[Mon Jan 05 10:00:00.123456 2026] [core:error] a", "2026-01-05T10:00:00.123456Z"},
        {"Mon, 05 Jan 2026 10:00:00 GMT a", "2026-01-05T10:00:00Z"},
        {"1234:M 05 Jan 2026 10:00:00.123 * a", "2026-01-05T10:00:00.123Z"},
        {"I0105 10:00:00.123456    1 main.go:7] a", "2026-01-05T10:00:00.123456Z"},
        {"20260105T100000Z a", "2026-01-05T10:00:00Z"},
        {"1767607200 a", "2026-01-05T10:00:00Z"},
        {"1767607200.25 a", "2026-01-05T10:00:00.25Z"},
        {"1767607200250 a", "2026-01-05T10:00:00.25Z"},
        {"1767607200250000 a", "2026-01-05T10:00:00.25Z"},
        {"1767607200250000000 a", "2026-01-05T10:00:00.25Z"},
        {"INFO  2026-01-05 10:00:00 a", "2026-01-05T10:00:00Z"},
        {"\x1b[32m2026-01-05 10:00:00\x1b[0m a", "2026-01-05T10:00:00Z"},
        {R"({"level":"info","ts":1767607200.5,"msg":"a"})", "2026-01-05T10:00:00.5Z"},
        {R"({"msg":"at \"time\": 7", "time": "2026-01-05T10:00:00Z"})", "2026-01-05T10:00:00Z"},
        {R"({"msg":"2025-01-01 10:00:00 is past","timestamp":"2026-01-05 10:00:00,5"})",
         "2026-01-05T10:00:00.5Z"},
        {"level=info ts=2026-01-05T10:00:00Z msg=a", "2026-01-05T10:00:00Z"},
        {"time=\"2026-01-05T10:00:00+01:00\" level=info", "2026-01-05T09:00:00Z"},
        {"nothing 12:00", "none"},
        {"2026-13-05T10:00:00Z a", "none"},
        {"2026-02-30T10:00:00Z a", "none"},
        {"1767607200-1 a", "none"},
        {"", "none"}};
    for (const Case& c : cases) {
        EXPECT_EQ(time_in({c.line}), c.time) << c.line;
    }
}

TEST(LineTime, IsThatOfMostLines) {
    const std::string trace = "  at main (2025-01-01 10:00:00)";
    EXPECT_EQ(time_in({"2026-01-05 10:00:00 a", trace, trace, "2026-01-05 10:00:01 b"}),
              "2026-01-05T10:00:01Z");
    EXPECT_EQ(time_in({"2026-01-05 10:00:00 a", trace}), "none");
    EXPECT_EQ(time_in({"# a file", "Jan  5 10:00:00 b"}), "2026-01-05T10:00:00Z");
}

TEST(LineTime, IsReadAsTold) {
    EXPECT_EQ(time_in({"05.01.2026 10:00:00: a"}, "02.01.2006 15:04:05"), "2026-01-05T10:00:00Z");
    EXPECT_EQ(time_in({"[05.01. 10:00:00] a"}, "02.01. 15:04:05"), "2026-01-05T10:00:00Z");
    EXPECT_EQ(time_in({"05 Jan 26 10:00 UTC a"}, "RFC822"), "2026-01-05T10:00:00Z");
    EXPECT_EQ(time_in({"1767607200250 a"}, "UnixMs"), "2026-01-05T10:00:00.25Z");
    EXPECT_EQ(time_in({"2026-01-05T10:00:00Z a"}, "none"), "none");
    EXPECT_EQ(
        time_in(
            {R"({"time":"2025-01-01T00:00:00Z","when":"2026-01-05T10:00:00Z"})"}, "auto", "when"),
        "2026-01-05T10:00:00Z");
    EXPECT_EQ(time_in({R"({"when":"05.01.2026 10:00"})"}, "02.01.2006 15:04", "when"),
              "2026-01-05T10:00:00Z");
    EXPECT_EQ(time_in({"2026-01-05 10:00:00 a"}, "auto", "", tmpl::Zone::find("Europe/Berlin")),
              "2026-01-05T09:00:00Z");
    EXPECT_EQ(time_in({"2026-07-05 10:00:00 a"}, "auto", "", tmpl::Zone::find("Europe/Berlin")),
              "2026-07-05T08:00:00Z");
}

}  // namespace
}  // namespace logi::local
