// The same answers from columns as from lines, case by case; tests/reference does it at random.
#include "query/run_simulated.h"
#include "query/test_sources.h"

#include <gtest/gtest.h>

#include <functional>

namespace logi::query {
namespace {

constexpr std::int64_t kLinesStart = 1'700'000'000LL * kNanosPerSecond;

// 60 lines of one kind, and odd ones.
exec::Sources segment_of(const std::function<std::string(int)>& usual,
                         const std::vector<std::string>& odd,
                         const Labels& stream,
                         const std::vector<LabelPair>& metadata = {}) {
    std::vector<TestEntry> entries;
    std::int64_t ns = kLinesStart;
    for (int i = 0; i < 60; ++i) {
        entries.push_back(
            {stream, ++ns, usual(i), i % 2 == 0 ? metadata : std::vector<LabelPair>()});
    }
    for (const std::string& line : odd) {
        entries.push_back({stream, ++ns, line, {}});
    }
    const auto source = TestSegment(std::move(entries)).source();
    const auto all = source->select_all();
    const auto block = all->open_block(0);
    EXPECT_TRUE(*(*block)->templates() != nullptr) << "no templates, nothing is tested";
    return {source};
}

std::string answer(const exec::Sources& sources, const std::string& text, bool columns) {
    Request request;
    request.query = text;
    request.instant = text.front() != '{';
    request.start = {kLinesStart};
    request.end = {kLinesStart + kNanosPerSecond};
    request.now = request.end;
    request.limit = 1000;
    request.columns = columns;
    auto prepared = prepare(std::move(request));
    if (!prepared.ok()) {
        return std::string(prepared.status().message());
    }
    const StatusOr<Result> result = run_simulated(sources, *std::move(prepared));
    if (!result.ok()) {
        return std::string(result.status().message());
    }
    std::string out;
    for (const LogRow& row : result->rows) {
        out += row.line + " " + all_labels(row).to_string() + "\n";
    }
    for (const Series& series : result->series) {
        out += series.labels.to_string() + " " + std::to_string(series.points[0].value) + "\n";
    }
    return out;
}

void expect_same(const exec::Sources& sources, const std::vector<std::string>& queries) {
    for (const std::string& query : queries) {
        EXPECT_EQ(answer(sources, query, true), answer(sources, query, false)) << query;
    }
}

const Labels kStream = Labels::from_pairs({{"app", "api"}});

std::string json_line(int i) {
    return "{\"level\":\"" + std::string(i % 4 == 0 ? "error" : "info") +
           "\",\"status\":" + std::to_string(i % 6 == 0 ? 500 + i % 4 : 200) + ",\"took\":\"" +
           std::to_string(i * 37 % 900) + "ms\",\"user\":{\"id\":\"u" + std::to_string(i % 7) +
           "\"},\"msg\":\"job " + std::to_string(i * 7919 % 5000) + " done\"}";
}

const std::vector<std::string> kJsonQueries = {
    "{app=\"api\"} | json | status >= 500",
    "{app=\"api\"} | json | level=\"error\" and took > 300ms",
    "{app=\"api\"} | json | status=\"500\" or user_id=\"u3\"",
    "{app=\"api\"} | json | __error__!=\"\"",
    "{app=\"api\"} | json | msg=~\"job 1.*\" | line_format \"{{.user_id}}\"",
    "sum(count_over_time({app=\"api\"} | json | status >= 500 [1m]))",
    "sum by (level) (count_over_time({app=\"api\"} | json | __error__=\"\" [1m]))",
    "sum by (level, __error__) (count_over_time({app=\"api\"} | json | status != 200 [1m]))",
    "sum by (user_id) (count_over_time({app=\"api\"} | json | drop __error__ [1m]))",
    "count_over_time({app=\"api\"} | json | status >= 500 | __error__=\"\" [1m])",
    "max_over_time({app=\"api\"} | json | unwrap status | __error__=\"\" [1m]) by (level)",
    "quantile_over_time(0.9, {app=\"api\"} | json | unwrap duration(took) | __error__=\"\" [1m]) "
    "by ()",
    "sum(bytes_over_time({app=\"api\"} | json | status >= 500 | __error__=\"\" [1m]))",
    "sum by (u) (count_over_time({app=\"api\"} | json | label_format u=user_id | __error__=\"\" "
    "[1m]))",
    "sum by (x) (count_over_time({app=\"api\"} | json | line_format `x={{.level}}` | logfmt | "
    "__error__=\"\" [1m]))",
    "{app=\"api\"} | json s=\"status\", u=\"user.id\" | s >= 500 and u=\"u3\"",
    "sum by (l, u) (count_over_time({app=\"api\"} | json l=\"level\", u=\"user\" | __error__=\"\" "
    "[1m]))",
    "sum by (level, no) (count_over_time({app=\"api\"} | json | json level=\"msg\", no=\"x.y[1]\" "
    "| "
    "drop __error__ [1m]))",
    "max_over_time({app=\"api\"} | json s=\"status\" | unwrap s | __error__=\"\" [1m]) by ()",
    "sum by (level) (bytes_over_time({app=\"api\"} | json | line_format `{{.msg}}` | "
    "__error__=\"\" [1m]))",
    "bytes_rate({app=\"api\"} | json | line_format `{{div .status 0}}` | drop __error__ [1m])",
    "absent_over_time({app=\"api\"} | json | status >= 600 [1m])",
};

TEST(Columns, Counts) {
    const auto sources = segment_of(json_line, {}, kStream);
    EXPECT_EQ(
        answer(sources, "sum(count_over_time({app=\"api\"} | json | status >= 500 [1m]))", true),
        "{} 10.000000\n");
    EXPECT_EQ(answer(sources, "sum by (level) (count_over_time({app=\"api\"} | json [1m]))", true),
              "{level=\"error\"} 15.000000\n{level=\"info\"} 45.000000\n");
    EXPECT_EQ(
        answer(
            sources, "max_over_time({app=\"api\"} | json | unwrap status [1m]) by (level)", true),
        "{level=\"error\"} 500.000000\n{level=\"info\"} 502.000000\n");
    expect_same(sources, kJsonQueries);
}

TEST(Columns, OddJson) {
    const std::vector<std::vector<std::string>> cases = {
        // Escapes, and quotes that only look like the end.
        {R"({"level":"info","status":500,"took":"5ms","user":{"id":"u1"},"msg":"job \"1\" done"})",
         R"({"level":"in\u0066o","status":500,"took":"5ms","user":{"id":"u\\"},"msg":"job 1 done"})"},
        // Missing keys, and keys that come twice.
        {R"({"level":"info","took":"5ms","user":{"id":"u1"},"msg":"job 1 done"})",
         R"({"level":"info","level":"error","status":500,"status":200,"msg":"job 1 done"})"},
        // Objects where there was a value, and the other way round.
        {R"({"level":{"x":1},"status":{"code":500},"took":"5ms","user":"u1","msg":["job"]})",
         R"({"level":"info","status":500,"took":"5ms","user":{"id":{"id":"u1"}},"msg":"job 1 done"})"},
        // Numbers as texts, and of odd shapes.
        {R"({"level":"info","status":"500","took":"5ms","user":{"id":"u1"},"msg":"job 1 done"})",
         R"({"level":"info","status":0500,"took":"5ms","user":{"id":"u1"},"msg":"job 1 done"})",
         R"({"level":"info","status":+500,"took":"5ms","user":{"id":"u1"},"msg":"job 1 done"})",
         R"({"level":"info","status":-500,"took":"5ms","user":{"id":"u1"},"msg":"job 1 done"})",
         R"({"level":"info","status":5e2,"took":"5ms","user":{"id":"u1"},"msg":"job 1 done"})",
         R"({"level":"info","status":1e999,"took":"5ms","user":{"id":"u1"},"msg":"job 1 done"})",
         R"({"level":"info","status":500ms,"took":"5 ms","user":{"id":"u1"},"msg":"job 1 done"})"},
        // Empty values, null and booleans.
        {R"({"level":"","status":,"took":"","user":{"id":""},"msg":""})",
         R"({"level":"","status":"","took":"","user":{},"msg":""})",
         R"({"level":null,"status":true,"took":null,"user":null,"msg":null})"},
        // No UTF-8, and replacement characters.
        {"{\"level\":\"\xff\",\"status\":500,\"took\":\"5ms\",\"user\":{\"id\":\"u\xc3\"},\"msg\":"
         "\"job 1 done\"}",
         "{\"level\":\"info\",\"status\":500,\"took\":\"5ms\",\"user\":{\"id\":\"\xef\xbf\xbd\"},"
         "\"msg\":\"job 1\"}"},
        // Defects before and behind what is looked for, text behind the object, no object.
        {R"({"level":"info","status":500,"took":"5ms","user":{"id":"u1"},"msg":"job 1 done)",
         R"({"level":"info","status":500,"took":bogus,"user":{"id":"u1"},"msg":"job 1 done"})",
         R"({"level":info,"status":500})",
         R"({"level":"info","status":500} "tail)",
         R"( {"level":"info","status":500})",
         "level=info status=500",
         ""},
    };
    std::vector<std::string> all;
    for (const auto& odd : cases) {
        // Alone they are rows of no template, in numbers they have templates.
        std::vector<std::string> repeated;
        for (int i = 0; i < 20; ++i) {
            repeated.insert(repeated.end(), odd.begin(), odd.end());
        }
        expect_same(segment_of(json_line, odd, kStream), kJsonQueries);
        expect_same(segment_of(json_line, repeated, kStream), kJsonQueries);
        all.insert(all.end(), repeated.begin(), repeated.end());
    }
    expect_same(segment_of(json_line, all, kStream), kJsonQueries);
}

TEST(Columns, NamesThatStreamAndMetadataHave) {
    const std::vector<std::string> queries = {
        "{app=\"api\"} | json | level=\"error\"",
        "{app=\"api\"} | json | level_extracted=\"error\"",
        "{app=\"api\"} | json | status_extracted >= 500 or user_id=\"m\"",
        "sum by (level) (count_over_time({app=\"api\"} | json | status >= 500 [1m]))",
        "sum by (level, level_extracted) (count_over_time({app=\"api\"} | json [1m]))",
        "sum by (status_extracted, user_id) (count_over_time({app=\"api\"} | json | __error__=\"\" "
        "[1m]))",
        "count_over_time({app=\"api\"} | json | status=\"200\" [1m])"};
    const Labels labels = Labels::from_pairs({{"app", "api"}, {"level", "stream"}});
    expect_same(segment_of(json_line, {}, labels), queries);
    for (const char* name : {"status", "user_id", "level_extracted", "trace_id", "__error__"}) {
        expect_same(segment_of(json_line, {}, kStream, {{name, "m"}}), queries);
        expect_same(segment_of(json_line, {}, labels, {{name, "m"}}), queries);
    }
}

TEST(Columns, Logfmt) {
    const auto usual = [](int i) {
        return "level=" + std::string(i % 4 == 0 ? "error" : "info") +
               " status=" + std::to_string(i % 6 == 0 ? 500 : 200) +
               " took=" + std::to_string(i * 37 % 900) + "." + std::to_string(i % 10) +
               "ms msg=\"job " + std::to_string(i * 7919 % 5000) + " done\"";
    };
    const std::vector<std::string> odd = {R"(level=info status=500 took=5ms msg="job \"1\" done")",
                                          R"(level=info status="500" took= msg="")",
                                          R"(level=info level=error status=500)",
                                          R"(level=a=b status=500 took=5ms msg="job 1 done")",
                                          R"(level=info status=500 took=5ms msg="job 1 done)",
                                          R"(level=info status=0500 took=bogus msg=job)",
                                          "level=\xff status=500 took=5ms msg=\"job 1 done\"",
                                          "k\xff=1 status=500",
                                          R"({"level":"info","status":500})",
                                          ""};
    const std::vector<std::string> queries = {
        "{app=\"api\"} | logfmt | status >= 500",
        "{app=\"api\"} | logfmt --strict | took > 300ms",
        "{app=\"api\"} | logfmt --keep-empty | msg=\"\"",
        "sum by (level) (count_over_time({app=\"api\"} | logfmt | status >= 500 [1m]))",
        "sum by (level) (count_over_time({app=\"api\"} | logfmt --strict | __error__=\"\" [1m]))",
        "quantile_over_time(0.9, {app=\"api\"} | logfmt | unwrap duration(took) | __error__=\"\" "
        "[1m]) by (app)",
        "sum by (level, status) (count_over_time({app=\"api\"} | json | logfmt | drop __error__ "
        "[1m]))",
        "sum by (level) (count_over_time({app=\"api\"} | logfmt | json | __error__!=\"\" [1m]))",
        "{app=\"api\"} | logfmt s=\"status\", l=\"level\" | s >= 500 | l!=\"\"",
        "sum by (l, no) (count_over_time({app=\"api\"} | logfmt l=\"level\", no=\"x\" | no=\"\" "
        "[1m]))",
        "sum by (level) (count_over_time({app=\"api\"} | logfmt | logfmt --strict level=\"status\" "
        "| "
        "drop __error__ [1m]))"};
    std::vector<std::string> repeated;
    for (int i = 0; i < 20; ++i) {
        repeated.insert(repeated.end(), odd.begin(), odd.end());
    }
    expect_same(segment_of(usual, odd, kStream), queries);
    expect_same(segment_of(usual, repeated, kStream), queries);
}

TEST(Columns, Unpack) {
    const auto usual = [](int i) {
        return R"({"pod":"p)" + std::to_string(i % 3) + R"(","level":")" +
               (i % 4 == 0 ? "error" : "info") + R"(","n":1,"_entry":"level=warn took=)" +
               std::to_string(i * 37 % 900) + R"( msg=\"job )" + std::to_string(i * 7919 % 5000) +
               R"( done\""})";
    };
    const std::vector<std::string> odd = {
        R"({"pod":"p1","level":"info","n":1,"_entry":"level=warn took=\u00e9 msg=\"job 1 done\""})",
        R"({"pod":"p1","level":"info","n":1,"_entry":"level=warn took=\x msg=\"job 1 done\""})",
        R"({"pod":"p1","pod":"p2","level":"in\"fo","n":1,"_entry":"a"})",
        R"({"pod":"p1","level":"info","n":1})",
        R"({"pod":"p1","level":"info","n":1,"_entry":2})",
        R"( {"pod":"p1"})",
        "level=info",
        ""};
    std::vector<std::string> repeated;
    for (int i = 0; i < 20; ++i) {
        repeated.insert(repeated.end(), odd.begin(), odd.end());
    }
    const std::vector<std::string> queries = {
        "{app=\"api\"} | unpack | level=\"error\"",
        "sum by (pod) (count_over_time({app=\"api\"} | unpack | level=\"error\" [1m]))",
        "sum by (pod, __error__) (count_over_time({app=\"api\"} | unpack [1m]))",
        "sum by (pod, level) (count_over_time({app=\"api\"} | unpack | logfmt [1m]))",
        "sum by (pod) (bytes_over_time({app=\"api\"} | unpack | drop __error__ [1m]))",
        "sum by (x) (count_over_time({app=\"api\"} | unpack | line_format `x={{.pod}}` | logfmt | "
        "drop __error__ [1m]))"};
    expect_same(segment_of(usual, odd, kStream), queries);
    expect_same(segment_of(usual, repeated, kStream), queries);
}

TEST(Columns, PatternAndRegexp) {
    const auto usual = [](int i) {
        return "10.0.0." + std::to_string(i % 50) + " - bob [14/Nov/2023:22:13:2" +
               std::to_string(i % 10) + " +0000] \"GET /api/v" + std::to_string(i % 3) + "/item/" +
               std::to_string(i * 37 % 800) + " HTTP/1.1\" " +
               std::to_string(i % 6 == 0 ? 500 : 200) + " " + std::to_string(i * 97 % 5000);
    };
    const std::vector<std::string> odd = {
        "10.0.0.1 - bob smith [14/Nov/2023:22:13:20 +0000] \"GET / HTTP/1.1\" 500 1",
        "10.0.0.1 - - [x] [14/Nov/2023:22:13:20 +0000] \"GET\" 500 1",
        "10.0.0.1 - bob",
        "",
        " - ["};
    const std::string parser =
        "{app=\"api\"} | pattern `<ip> - <user> [<_>] \"<method> <path> <_>\" <status> <size>`";
    expect_same(
        segment_of(usual, odd, kStream),
        {parser + " | status >= 500",
         parser + " | path=~\"/api/v1.*\"",
         "sum by (status) (count_over_time(" + parser + " [1m]))",
         "sum by (user, method) (count_over_time(" + parser + " | status = 500 [1m]))",
         "sum_over_time(" + parser + " | unwrap size | __error__=\"\" [1m])",
         "sum by (verb) (count_over_time(" + parser +
             " | line_format `verb={{.method}} {{.path}}` | logfmt verb | regexp "
             "`(?P<root>/api/v[0-9]+)` [1m]))",
         "sum by (root) (count_over_time({app=\"api\"} | regexp `(?P<root>/api/v[0-9]+)` [1m]))"});
}

}  // namespace
}  // namespace logi::query
