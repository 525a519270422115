// Queries that are made to hurt: each ends soon, with an answer or an error, within the memory that
// a query may use; and one that is cancelled ends soon whatever it does.
#include "absl/strings/str_cat.h"
#include "engine.h"
#include "logql/parser.h"

#include <gtest/gtest.h>

#include <malloc.h>
#include <sys/resource.h>

#include <fstream>

namespace logi::reference {
namespace {

constexpr Timestamp kStart{1'700'000'000 * kNanosPerSecond};
constexpr std::int64_t kMemoryBytesMax = 64LL << 20U;
// What a query may take beside what it is charged for: blocks that it reads, rows on their way,
// what the allocator keeps.
constexpr std::int64_t kSlackBytes = 128LL << 20U;
constexpr double kSecondsMax = 5;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Processor time and memory of what happens between its construction and finish().
class Meter {
  public:
    Meter() {
        malloc_trim(0);
        std::ofstream("/proc/self/clear_refs") << "5";  // the peak is the present
        memory_ = bytes_of("VmRSS:");
        seconds_ = cpu_seconds();
    }
    void finish(const std::string& what) const {
        const double seconds = cpu_seconds() - seconds_;
        const std::int64_t bytes = bytes_of("VmHWM:") - memory_;
        if (!kSanitized) {
            EXPECT_LT(seconds, kSecondsMax) << what;
            EXPECT_LT(bytes, kMemoryBytesMax + kSlackBytes) << what;
        }
        if (std::getenv("LOGI_HOSTILE_VERBOSE") != nullptr) {
            std::printf("%7.3f s %6lld MiB  %s\n",
                        seconds,
                        static_cast<long long>(bytes >> 20U),
                        what.c_str());
        }
    }

  private:
    static std::int64_t bytes_of(const std::string& name) {
        std::ifstream status("/proc/self/status");
        std::string word;
        while (status >> word) {
            std::int64_t kib = 0;
            if (word == name && status >> kib) {
                return kib * 1024;
            }
        }
        return 0;
    }
    std::int64_t memory_ = 0;
    double seconds_ = 0;
};

std::string repeated(const std::string& text, std::size_t times, const std::string& between = "") {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) {
        absl::StrAppend(&out, i > 0 ? between : "", text);
    }
    return out;
}

// f(0) f(1) … with something between.
template <typename F>
std::string list(std::size_t count, const std::string& between, F f) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        absl::StrAppend(&out, i > 0 ? between : "", f(i));
    }
    return out;
}

std::vector<Entry> lines(std::size_t count) {
    std::vector<Entry> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(
            {{{"app", "a"}, {"pod", absl::StrCat("p", i % 20)}},
             kStart + Duration::millis(static_cast<std::int64_t>(i)),
             absl::StrCat("id=", i, " level=info n=", i % 97, " text=", repeated("a", 40)),
             {}});
    }
    return out;
}

exec::Sources sources_of(const std::vector<Entry>& entries) {
    Dice dice(1);
    return make_sources(entries, dice, entries.size() / 4 + 1);
}

const exec::Sources& few_lines() {
    static const auto* const sources = new exec::Sources(sources_of(lines(200)));
    return *sources;
}

const exec::Sources& many_lines() {
    static const auto* const sources = new exec::Sources(sources_of(lines(50000)));
    return *sources;
}

Request log_request() {
    Request request;
    request.start = kStart;
    request.end = kStart + Duration::seconds(60);
    request.step = Duration::seconds(1);
    request.align_to_step = false;
    request.limit = 5000;
    request.now = kStart + Duration::hours(1);
    return request;
}

// As many steps as a request may have.
Request tiny_steps() {
    Request request = log_request();
    request.step = Duration::millis(1);
    request.end = kStart + Duration::millis(11'000);
    return request;
}

std::string shortened(const std::string& text) {
    return text.size() < 150 ? text : text.substr(0, 150) + "…";
}

// Runs it, and tells how it ended.
StatusOr<query::Result> run(const exec::Sources& sources,
                            const std::string& text,
                            const Request& request = log_request()) {
    const Meter meter;
    Limits limits;
    limits.max_query_memory_bytes = kMemoryBytesMax;
    auto prepared = query::prepare(engine_request(text, request));
    auto result = prepared.ok() ? run_on_threads(sources, *std::move(prepared), limits)
                                : StatusOr<query::Result>(prepared.status());
    meter.finish(absl::StrCat(
        shortened(text), " -> ", shortened(result.ok() ? "OK" : result.status().ToString())));
    return result;
}

TEST(Hostile, RegularExpressions) {
    for (const std::string& regex :
         {std::string("(((((a+)+)+)+)+)+$"),
          std::string("(x+x+)+y"),
          std::string("(a|a?)+$"),
          std::string("((a{1,30}){1,30}){1,30}"),
          repeated("a?", 500) + repeated("a", 500),
          repeated("(", 900) + "a" + repeated(")", 900),
          repeated("(", 20000) + "a" + repeated(")", 20000),
          list(10000, "|", [](std::size_t i) { return absl::StrCat("w", i, "x.*"); })}) {
        (void)run(many_lines(), absl::StrCat("{app=~\"a|", regex, "\"}"));
        (void)run(many_lines(), absl::StrCat("{app=\"a\"} |~ \"", regex, "\""));
        (void)run(many_lines(), absl::StrCat("{app=\"a\"} | logfmt | text=~\"", regex, "\""));
        (void)run(many_lines(), absl::StrCat("{app=\"a\"} | regexp \"(?P<x>", regex, ")\""));
        (void)run(few_lines(),
                  absl::StrCat("label_replace(count_over_time({app=\"a\"} | logfmt [1m]), \"x\", "
                               "\"$1\", \"text\", \"",
                               regex,
                               "\")"));
    }
    (void)run(few_lines(),
              absl::StrCat("{app=\"a\"}", repeated(" |~ \"((a{1,20}){1,20}){1,2}\"", 2000)));
}

TEST(Hostile, HugeRangesAndTinySteps) {
    for (const std::string range : {"1ms", "1m", "4294967297ms", "100y"}) {
        for (const std::string query : {"count_over_time({app=\"a\"}",
                                        "sum by (pod) (rate({app=\"a\"}",
                                        "max_over_time({app=\"a\"} | logfmt | unwrap n",
                                        "sum(stddev_over_time({app=\"a\"} | logfmt | unwrap n",
                                        "quantile_over_time(0.5, {app=\"a\"} | logfmt | unwrap n",
                                        "rate_counter({app=\"a\"} | logfmt | unwrap n"}) {
            const std::string end = query.starts_with("sum") ? "]))" : "])";
            (void)run(few_lines(), query + "[" + range + end, tiny_steps());
        }
    }
    const auto counts = run(few_lines(), "sum(count_over_time({app=\"a\"}[100y]))", tiny_steps());
    ASSERT_TRUE(counts.ok()) << counts.status();
    EXPECT_EQ(counts->series.at(0).points.back().value, 200);
    (void)run(many_lines(), "sum(count_over_time({app=\"a\"}[10s]))", tiny_steps());
    (void)run(many_lines(),
              "quantile_over_time(0.5, {app=\"a\"} | logfmt | unwrap n [10s]) by ()",
              tiny_steps());
    (void)run(many_lines(), "count_over_time({app=\"a\"}[1m] offset 290y)", tiny_steps());
    (void)run(many_lines(), "count_over_time({app=\"a\"}[292y] offset -290y)", tiny_steps());
}

TEST(Hostile, SeriesForEveryLine) {
    for (const std::string query : {"count_over_time({app=\"a\"} | logfmt [5m])",
                                    "sum by (id) (rate({app=\"a\"} | logfmt [5m]))",
                                    "topk(10, sum by (id) (rate({app=\"a\"} | logfmt [5m])))",
                                    "max by (id) (sum_over_time({app=\"a\"} | logfmt | unwrap n "
                                    "[5m])) / on (id) count by (id) (rate({app=\"a\"} | logfmt "
                                    "[5m]))",
                                    "sum_over_time({app=\"a\"} | logfmt | unwrap n [5m]) or "
                                    "count_over_time({app=\"a\"} | logfmt [5m])"}) {
        const auto result = run(many_lines(), query, tiny_steps());
        EXPECT_EQ(result.status().code(), absl::StatusCode::kResourceExhausted) << query;
    }
}

TEST(Hostile, LongLabelsOfSeries) {
    const std::string query =
        "sum by (x) (count_over_time({app=\"a\"} | label_format x=`{{__timestamp__ | "
        "unixEpochNanos}}{{repeat 500000 \"x\"}}` [5m]))";
    EXPECT_EQ(run(many_lines(), query).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(Hostile, LongLinesOfRows) {
    const auto result = run(many_lines(), "{app=\"a\"} | line_format `{{repeat 500000 \"x\"}}`");
    EXPECT_EQ(result.status().code(), absl::StatusCode::kResourceExhausted);
    const auto labels = run(many_lines(), "{app=\"a\"} | label_format x=`{{repeat 500000 \"x\"}}`");
    EXPECT_EQ(labels.status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(Hostile, Templates) {
    const std::string digits =
        "`[" + list(1000, ",", [](std::size_t i) { return std::to_string(i); }) + "]`";
    for (const std::string& text :
         {std::string("{{define \\\"x\\\"}}{{template \\\"x\\\"}}{{end}}{{template \\\"x\\\"}}"),
          std::string("{{repeat 1000000000 .text}}"),
          std::string("{{printf \\\"%999999999d\\\" 1}}"),
          std::string("{{indent 1000000 .text}}"),
          std::string("{{alignLeft 1000000000 .text}}"),
          std::string(
              "{{$x := .text}}{{range $i, $e := fromJson .text}}{{$x = print $x $x}}{{end}}"),
          std::string("{{regexReplaceAll \\\"(.*)*\\\" .text \\\"$1$1$1$1\\\"}}"),
          std::string("{{regexReplaceAll .text .text .text}}"),
          repeated("{{if true}}", 5000) + "x" + repeated("{{end}}", 5000),
          "{{" + repeated("(", 5000) + "1" + repeated(")", 5000) + "}}",
          repeated("{{repeat 100000 \\\"a\\\"}}", 100),
          "{{.text" + repeated(" | replace \\\"a\\\" \\\"aa\\\"", 40) + "}}",
          "{{addf" + repeated(" 1e300", 1000) + "}}",
          "{{mulf" + repeated(" 123456789.123456789", 1000) + "}}"}) {
        (void)run(few_lines(), absl::StrCat("{app=\"a\"} | logfmt | line_format \"", text, "\""));
        (void)run(
            few_lines(),
            absl::StrCat("sum by (x) (count_over_time({app=\"a\"} | logfmt | label_format x=\"",
                         text,
                         "\" [1m]))"));
    }
}

TEST(Hostile, DeepExpressions) {
    const std::string count = "count_over_time({app=\"a\"}[1m])";
    for (const std::string& query :
         {repeated("(", 100) + count + repeated(")", 100),
          repeated("(", 30000) + count + repeated(")", 30000),
          repeated("sum(", 100) + count + repeated(")", 100),
          repeated("sum(", 20000) + count + repeated(")", 20000),
          repeated("1", 40000, "+"),
          repeated("2", 40000, "^"),
          repeated("vector(1)", 900, "+"),
          repeated("vector(1)", 10000, "+"),
          repeated("vector(1)", 900, " or "),
          repeated("vector(1)", 900, " ^ "),
          repeated(count, 90, " or "),
          repeated(count, 3000, " or "),
          repeated("label_replace(", 100) + count +
              repeated(", \"pod\", \"${1}${1}\", \"pod\", \"(.*)\")", 100),
          repeated("topk(1000, ", 500) + count + repeated(")", 500),
          "{app=\"a\"} | " + repeated("(", 20000) + "a=\"b\"" + repeated(")", 20000),
          "{app=\"a\"}" + repeated(" | json", 10000),
          "{app=\"a\"}" + repeated(" | logfmt", 10000),
          "{app=\"a\"} | json x=\"" + repeated("a.", 40000) + "b\"",
          "{app=\"a\"} | json x=\"" + repeated("[0]", 40000) + "\"",
          "{app=\"a\"} | drop " +
              list(15000, ",", [](std::size_t i) { return absl::StrCat("l", i); })}) {
        (void)run(few_lines(), query);
    }
}

TEST(Hostile, LongChainsOfAlternatives) {
    const auto word = [](std::size_t i) {
        return absl::StrCat("\"w", i, "\"");
    };
    const exec::Sources sources = sources_of(lines(5000));
    for (const std::string& query :
         {"{app=\"a\"} |= " + list(10000, " or ", word),
          "{app=\"a\"} != " + list(10000, " or ", word),
          "{app=\"a\"} |~ " +
              list(3000, " or ", [](std::size_t i) { return absl::StrCat("\"w", i, ".\""); }),
          "{app=\"a\"} |> " +
              list(5000, " or ", [](std::size_t i) { return absl::StrCat("\"<_>", i, "<_>\""); }),
          "{app=\"a\"} | logfmt | " +
              list(900, " or ", [](std::size_t i) { return absl::StrCat("n=", i + 100); }),
          "{app=\"a\"} | logfmt | " +
              list(8000, " or ", [](std::size_t i) { return absl::StrCat("n=", i + 100); }),
          "{" + list(900, ",", [](std::size_t i) { return absl::StrCat("pod!=\"x", i, "\""); }) +
              ",app=\"a\"}",
          "sum by (" + list(15000, ",", [](std::size_t i) { return absl::StrCat("l", i); }) +
              ") (count_over_time({app=\"a\"} | logfmt [1m]))",
          "sum without (" + list(15000, ",", [](std::size_t i) { return absl::StrCat("l", i); }) +
              ") (count_over_time({app=\"a\"} | logfmt [1m]))"}) {
        (void)run(sources, query);
    }
}

TEST(Hostile, LongLines) {
    constexpr std::size_t kBytes = 256U << 10U;
    std::vector<Entry> entries;
    const auto add = [&](const std::string& line) {
        entries.push_back({{{"app", "a"}},
                           kStart + Duration::millis(static_cast<std::int64_t>(entries.size())),
                           line.substr(0, kBytes),
                           {}});
    };
    add(repeated("{\"a\":", kBytes / 5));
    add(repeated("[", kBytes));
    add("{" + list(30000, ",", [](std::size_t i) { return absl::StrCat("\"f", i, "\":1"); }) + "}");
    add(list(30000, " ", [](std::size_t i) { return absl::StrCat("f", i, "=1"); }));
    add("{\"a\":\"" + repeated("\\u0041", kBytes / 6 - 10) + "\"}");
    add(repeated("\"", kBytes));
    add(repeated("a=\"b", kBytes / 4));
    add(repeated(":", kBytes));
    add(repeated("1.", kBytes / 2));
    add(repeated("a", kBytes));
    add(repeated("\x1b[", kBytes / 2));
    add(repeated("\xff", kBytes));
    const exec::Sources sources = sources_of(entries);
    for (const std::string stages : {"| json",
                                     "| logfmt",
                                     "| logfmt --strict",
                                     "| logfmt --keep-empty",
                                     "| unpack",
                                     "| decolorize",
                                     "| json a=\"a.a.a.a\", b=\"f1\"",
                                     "| logfmt a=\"f1\", b",
                                     "| pattern \"<a>a<b>a<c>a<d>\"",
                                     "| regexp \"(?P<x>(a|1|:)+)\"",
                                     "|= ip(\"10.0.0.0/8\")",
                                     "|> \"<_>a<_>a<_>a<_>b\"",
                                     "| json | logfmt | label_format a=f1, b=`{{.f2}}` | drop f3",
                                     "| json | keep f1",
                                     "| line_format `{{ __line__ | upper | trunc 100 }}`"}) {
        EXPECT_TRUE(run(sources, absl::StrCat("{app=\"a\"} ", stages)).ok()) << stages;
        (void)run(sources, absl::StrCat("count_over_time({app=\"a\"} ", stages, " [1m])"));
        (void)run(sources,
                  absl::StrCat("sum by (f7, f29000) (count_over_time({app=\"a\"} ",
                               stages,
                               " | __error__=\"\" [1m]))"));
    }
}

// Queries that would run for long, were they not cancelled.
TEST(Hostile, CancelledQueriesEnd) {
    const std::string loop = "{{range fromJson `[" +
                             list(99, ",", [](std::size_t i) { return std::to_string(i); }) +
                             "]`}}";
    const std::string text = repeated(loop, 4) + "{{print 1}}" + repeated("{{end}}", 4);
    const std::string quoted = "\"" + [&] {
        std::string out;
        for (const char c : text) {
            out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
        }
        return out;
    }() + "\"";
    for (const std::string& query :
         {"{app=\"a\"} | line_format " + quoted,
          "{app=\"a\"} | line_format " + quoted + " |= \"nothing\"",
          "sum(bytes_over_time({app=\"a\"} | line_format " + quoted + " [1m]))",
          "{app=\"a\"} |~ " +
              list(3000, " or ", [](std::size_t i) { return absl::StrCat("\"w", i, ".*w\""); }),
          std::string("quantile_over_time(0.5, {app=\"a\"} | logfmt | unwrap n [1m]) by ()")}) {
        const double before = cpu_seconds();
        Limits limits;
        auto prepared = query::prepare(engine_request(query, tiny_steps()));
        ASSERT_TRUE(prepared.ok()) << prepared.status();
        const auto result =
            run_on_threads(many_lines(), *std::move(prepared), limits, Duration::millis(300));
        const double seconds = cpu_seconds() - before;
        if (!kSanitized) {
            EXPECT_LT(seconds, kSecondsMax) << shortened(query);
        }
        if (std::getenv("LOGI_HOSTILE_VERBOSE") != nullptr) {
            std::printf("%7.3f s  %s -> %s\n",
                        seconds,
                        shortened(query).c_str(),
                        shortened(result.status().ToString()).c_str());
        }
    }
}

}  // namespace
}  // namespace logi::reference
