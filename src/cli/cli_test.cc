#include "cli/arguments.h"
#include "cli/chart.h"
#include "cli/series_table.h"
#include "cli/time_range.h"
#include "wire/json_pretty.h"

#include <gtest/gtest.h>

namespace logi::cli {
namespace {

using Words = std::vector<std::string>;

Words ours(const std::vector<const char*>& words) {
    return our_arguments(static_cast<int>(words.size()), words.data());
}

TEST(Arguments, OfLokiTakeOneDashOrTwo) {
    EXPECT_EQ(ours({"logi", "server", "-config.file=x", "--target", "all", "-log.level=warn"}),
              (Words{"server", "--config=x", "--target", "all", "--log-level=warn"}));
    EXPECT_EQ(ours({"logi", "canary", "-addr=x", "--push", "-h"}),
              (Words{"canary", "--addr=x", "--push", "-h"}));
}

TEST(Arguments, OfLogcliMayStandBeforeTheCommand) {
    const Words defaults = {"--output-timestamp-format=rfc3339", "--timezone=Local"};
    Words expected = {"query", "--addr", "http://x", "-q", "--org-id=a", "{a=\"b\"}", "--limit=5"};
    expected.insert(expected.end(), defaults.begin(), defaults.end());
    EXPECT_EQ(ours({"/usr/bin/logcli",
                    "--addr",
                    "http://x",
                    "-q",
                    "--org-id=a",
                    "query",
                    "{a=\"b\"}",
                    "--limit=5"}),
              expected);
    EXPECT_EQ(ours({"logcli", "--log.level", "debug", "labels", "--cpuprofile=x", "job"}),
              (Words{"labels", "job"}));
    EXPECT_EQ(ours({"logcli", "query", "x", "-z", "UTC", "--output-timestamp-format=unixdate"}),
              (Words{"query", "x", "-z", "UTC", "--output-timestamp-format=unixdate"}));
    EXPECT_EQ(ours({"logcli"}), Words{});
    EXPECT_EQ(ours({"logcli", "--addr"}), Words{"--addr"});
}

TEST(Arguments, OfTheAgentAreItsOwn) {
    const auto agents = [](const std::vector<const char*>& words) {
        return agent_arguments(static_cast<int>(words.size()), words.data());
    };
    EXPECT_EQ(agents({"logi", "agent", "-config.file=x"}), Words{"-config.file=x"});
    EXPECT_EQ(agents({"/usr/bin/promtail", "-config.file=x", "agent"}),
              (Words{"-config.file=x", "agent"}));
    EXPECT_EQ(agents({"promtail"}), Words{});
    EXPECT_EQ(agents({"logi", "query", "agent"}), std::nullopt);
    EXPECT_EQ(agents({"logi"}), std::nullopt);
}

TEST(TimeRange, ComesFromItsEndsOrLooksBack) {
    const Timestamp now{Duration::hours(1000).ns};
    const auto back = resolve({"2h", "", ""}, now);
    EXPECT_EQ(back->end, now);
    EXPECT_EQ(back->start, now - Duration::hours(2));
    const auto given = resolve({"2h", "1970-01-01T00:00:10Z", "1970-01-01T00:00:20Z"}, now);
    EXPECT_EQ(given->start.ns, 10 * kNanosPerSecond);
    EXPECT_EQ(given->end.ns, 20 * kNanosPerSecond);
    EXPECT_FALSE(resolve({"2h", "yesterday", ""}, now).ok());
    EXPECT_FALSE(resolve({"soon", "", ""}, now).ok());
    EXPECT_FALSE(resolve({"2h", "1970-01-01T00:00:20Z", "1970-01-01T00:00:10Z"}, now).ok());
}

wire::AnswerSeries series(const std::string& app, const std::vector<double>& values) {
    wire::AnswerSeries out{Labels::from_pairs({{"app", app}}), {}};
    for (std::size_t i = 0; i < values.size(); ++i) {
        out.samples.emplace_back(static_cast<double>(i) * 60, values[i]);
    }
    return out;
}

TEST(Chart, OfOneSeriesHasItsHeight) {
    EXPECT_EQ(draw_chart({}, 80), "");
    const std::string chart = draw_chart({series("a", {0, 4, 8})}, 32);
    EXPECT_NE(chart.find("{app=\"a\"}\n         8 ▏"), std::string::npos) << chart;
    EXPECT_NE(chart.find("         0 ▏▁"), std::string::npos) << chart;
    EXPECT_NE(chart.find("█\n"), std::string::npos) << chart;
    EXPECT_EQ(std::count(chart.begin(), chart.end(), '\n'), 10);
    EXPECT_NE(chart.find("1970-01-01T00:00:00Z"), std::string::npos) << chart;
    // Values that are none, and a single sample.
    EXPECT_NE(draw_chart({series("a", {NAN, INFINITY, 1})}, 10), "");
    EXPECT_NE(draw_chart({series("a", {-3})}, 0).find("-3"), std::string::npos);
}

TEST(Chart, OfSeveralSeriesHasARowEach) {
    const std::string chart = draw_chart({series("a", {1, 2}), series("long name", {5, 3})}, 80);
    EXPECT_NE(chart.find("{app=\"a\"}          "), std::string::npos) << chart;
    EXPECT_NE(chart.find("{app=\"long name\"}          3 "), std::string::npos) << chart;
    EXPECT_EQ(std::count(chart.begin(), chart.end(), '\n'), 4);
}

TEST(SeriesTable, PutsTheGreatestFirst) {
    const auto labels = [](const std::string& app, const std::string& pod) {
        return Labels::from_pairs({{"app", app}, {"pod", pod}});
    };
    EXPECT_EQ(
        series_table({labels("a", "1"), labels("a", "2"), Labels::from_pairs({{"app", "b"}})}),
        "Total Streams:  3\nUnique Labels:  2\n\n"
        "Label Name  Unique Values  Found In Streams\n"
        "app         2              3\n"
        "pod         2              2\n");
}

TEST(PrettyJson, IsIndentedAsGoDoesIt) {
    EXPECT_EQ(
        wire::pretty_json(R"({"a":[1,{"b":"x\"]{,:"}],"c":{},"d":[ ],"e":null})"),
        "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x\\\"]{,:\"\n    }\n  ],\n  \"c\": {},\n"
        "  \"d\": [],\n  \"e\": null\n}");
    EXPECT_EQ(wire::pretty_json("[]"), "[]");
    EXPECT_EQ(wire::pretty_json("\"a\\"), "\"a\\");
}

}  // namespace
}  // namespace logi::cli
