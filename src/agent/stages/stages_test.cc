// Stages that look at one entry at a time: a table of pipelines, lines and what comes of them.
#include "agent/stages/test_pipeline.h"

namespace logi::agent {
namespace {

using Map = std::map<std::string, std::string>;

struct StageCase {
    const char* what;
    const char* stages;
    const char* line;
    const char* labels;
    const char* out_line;  // null: dropped
    Map extracted = {};
    const char* metadata = "{}";
    std::int64_t time_ns = TestPipeline::kReadAtNs;
    const char* source_labels = R"({job="j"})";
};

constexpr const char* kDockerLine =
    R"({"log":"level=info msg=\"x y\"\n","stream":"stderr","time":"2019-04-30T02:12:41.8443515Z"})";
constexpr const char* kCriLine = "2019-01-01T01:00:00.000000001Z stderr F some log message";
constexpr const char* kAccessLine = R"(11.11.11.11 - frank "GET /x" 200)";

const StageCase kCases[] = {
    {"no stages", "[]", "x", R"({job="j"})", "x", {{"job", "j"}}},
    {"docker",
     "[docker: {}]",
     kDockerLine,
     R"({job="j", stream="stderr"})",
     "level=info msg=\"x y\"\n",
     {{"job", "j"},
      {"output", "level=info msg=\"x y\"\n"},
      {"stream", "stderr"},
      {"timestamp", "2019-04-30T02:12:41.8443515Z"}},
     "{}",
     1556590361'844351500},
    {"docker, of another line", "[docker: {}]", "plain", R"({job="j"})", "plain", {{"job", "j"}}},
    {"cri",
     "[cri: {}]",
     kCriLine,
     R"({job="j", stream="stderr"})",
     "some log message",
     {{"job", "j"},
      {"time", "2019-01-01T01:00:00.000000001Z"},
      {"stream", "stderr"},
      {"flags", "F"},
      {"content", "some log message"}},
     "{}",
     1546304400'000000001},
    {"cri, of another stream",
     "[cri: {}]",
     "2019-01-01T01:00:00Z stdin F x",
     R"({job="j"})",
     "2019-01-01T01:00:00Z stdin F x",
     {{"job", "j"}}},
    {"regex extracts named groups, also empty ones",
     R"([{regex: {expression: '^(?P<ip>\S+) (\S+) (?P<user>\w*)(?P<none>zzz)?'}}])",
     kAccessLine,
     R"({job="j"})",
     kAccessLine,
     {{"job", "j"}, {"ip", "11.11.11.11"}, {"user", "frank"}, {"none", ""}}},
    {"regex without a match",
     "[{regex: {expression: '(?P<a>zzz)'}}]",
     "x",
     R"({job="j"})",
     "x",
     {{"job", "j"}}},
    {"regex of a source",
     R"([{json: {expressions: {time: }}}, {regex: {expression: '^(?P<year>\d+)', source: time}}])",
     R"({"time":"2019-01-01"})",
     R"({job="j"})",
     R"({"time":"2019-01-01"})",
     {{"job", "j"}, {"time", "2019-01-01"}, {"year", "2019"}}},
    {"regex that replaces its source",
     R"([{regex: {expression: '(?P<job>.)(?P<rest>.*)', source: job}}])",
     "x",
     R"({job="long"})",
     "x",
     {{"job", "l"}, {"rest", "ong"}},
     "{}",
     TestPipeline::kReadAtNs,
     R"({job="long"})"},
    {"json of all types",
     R"([{json: {expressions: {s: , n: , f: , b: , o: , l: , nothing: , z: , deep: 'o.k[-1].d', q: '"a.b"'}}}])",
     R"({"s":"t\u00e4","n":12,"f":0.50,"b":true,"o":{"k":[1,{"d":"x"}]},"l":[1, 2],"z":null,"a.b":1e3})",
     R"({job="j"})",
     R"({"s":"t\u00e4","n":12,"f":0.50,"b":true,"o":{"k":[1,{"d":"x"}]},"l":[1, 2],"z":null,"a.b":1e3})",
     {{"job", "j"},
      {"s", "tä"},
      {"n", "12"},
      {"f", "0.5"},
      {"b", "true"},
      {"o", R"({"k":[1,{"d":"x"}]})"},
      {"l", "[1,2]"},
      {"deep", "x"},
      {"q", "1000"}}},
    {"json by an expression",
     R"([{json: {expressions: {names: 'l[?v > `1`].n', first: 'l[0].n || a', none: 'sum(l)'}}}])",
     R"({"l":[{"n":"x","v":1},{"n":"y","v":2}]})",
     R"({job="j"})",
     R"({"l":[{"n":"x","v":1},{"n":"y","v":2}]})",
     {{"job", "j"}, {"names", R"(["y"])"}, {"first", "x"}}},
    {"json in json",
     "[{json: {expressions: {extra: }}}, {json: {expressions: {user: }, source: extra}}]",
     R"({"extra":"{\"user\":\"marco\"}"})",
     R"({job="j"})",
     R"({"extra":"{\"user\":\"marco\"}"})",
     {{"job", "j"}, {"extra", R"({"user":"marco"})"}, {"user", "marco"}}},
    {"json of a malformed line",
     "[{json: {expressions: {a: }}}]",
     "{",
     R"({job="j"})",
     "{",
     {{"job", "j"}}},
    {"json that drops malformed lines",
     "[{json: {expressions: {a: }, drop_malformed: true}}]",
     "[1]",
     "",
     nullptr},
    {"logfmt",
     "[{logfmt: {mapping: {timestamp: time, app: , unknown: }}}]",
     R"(time=2012-11-01T22:08:41+00:00 app="lo ki" level=WARN)",
     R"({job="j"})",
     R"(time=2012-11-01T22:08:41+00:00 app="lo ki" level=WARN)",
     {{"job", "j"}, {"timestamp", "2012-11-01T22:08:41+00:00"}, {"app", "lo ki"}}},
    {"logfmt of a source",
     "[{logfmt: {mapping: {extra: }}}, {logfmt: {mapping: {user: }, source: extra}}]",
     R"(extra="user=foo")",
     R"({job="j"})",
     R"(extra="user=foo")",
     {{"job", "j"}, {"extra", "user=foo"}, {"user", "foo"}}},
    {"labels",
     "[{json: {expressions: {a: , n: }}}, {labels: {a: , b: a, n: , absent: }}]",
     R"({"a":"1","n":null})",
     R"({a="1", b="1", job="j"})",
     R"({"a":"1","n":null})",
     {{"job", "j"}, {"a", "1"}}},
    {"static_labels",
     "[{static_labels: {a: x, n: 1, job: k}}]",
     "l",
     R"({a="x", job="k", n="1"})",
     "l",
     {{"job", "j"}}},
    {"labeldrop",
     "[{static_labels: {a: x}}, {labeldrop: [job, none]}]",
     "l",
     R"({a="x"})",
     "l",
     {{"job", "j"}}},
    {"labelallow",
     "[{static_labels: {a: x}}, {labelallow: [a]}]",
     "l",
     R"({a="x"})",
     "l",
     {{"job", "j"}}},
    {"structured_metadata takes extracted values first, and labels away",
     "[{json: {expressions: {trace: }}}, {structured_metadata: {trace: , job: , t2: trace, absent: "
     "}}]",
     R"({"trace":"0242"})",
     "{}",
     R"({"trace":"0242"})",
     {{"job", "j"}, {"trace", "0242"}},
     R"({job="j", t2="0242", trace="0242"})"},
    {"structured_metadata of a label set since",
     "[{static_labels: {pod: p}}, {non_indexed_labels: {pod: }}]",
     "l",
     R"({job="j"})",
     "l",
     {{"job", "j"}},
     R"({pod="p"})"},
    {"tenant of a value",
     "[{tenant: {value: t}}]",
     "l",
     R"({__tenant_id__="t", job="j"})",
     "l",
     {{"job", "j"}}},
    {"tenant of a label",
     "[{tenant: {label: job}}]",
     "l",
     R"({__tenant_id__="j", job="j"})",
     "l",
     {{"job", "j"}}},
    {"tenant of a source that is not there",
     "[{tenant: {source: q}}]",
     "l",
     R"({job="j"})",
     "l",
     {{"job", "j"}}},
    {"output",
     "[{json: {expressions: {m: }}}, {output: {source: m}}]",
     R"({"m":"text"})",
     R"({job="j"})",
     "text",
     {{"job", "j"}, {"m", "text"}}},
    {"output of what is not there",
     "[{output: {source: m}}]",
     "l",
     R"({job="j"})",
     "l",
     {{"job", "j"}}},
    {"template makes a new name",
     "[{template: {source: new, template: 'hello {{ .job | ToUpper }}: {{ .Entry }} {{ .Value "
     "}}'}}, {output: {source: new}}]",
     "l",
     R"({job="j"})",
     "hello J: l <no value>",
     {{"job", "j"}, {"new", "hello J: l <no value>"}}},
    {"template changes its source, and may end it",
     R"([{template: {source: job, template: '{{ Replace .Value "j" "k" -1 }}{{ add 7 3 }}'}}, {labels: {job: }}, {template: {source: job, template: ''}}])",
     "l",
     R"({job="k10"})",
     "l",
     {}},
    {"hashes of templates",
     R"([{template: {source: a, template: '{{ Sha2Hash .Entry "salt" }}'}}, {template: {source: b, template: '{{ Hash .Entry "salt" }}'}}])",
     "this is PII data",
     R"({job="j"})",
     "this is PII data",
     {{"job", "j"},
      {"a", "5526fd6f8ad457279cf8ff06453c6cb61bf479fa826e3b099caa6c846f9376f2"},
      {"b", "0807ea24e992127128b38e4930f7155013786a4999c73a25910318a793847658"}}},
    {"replace of a group",
     "[{replace: {expression: 'password (\\S+)', replace: '****'}}]",
     "with password xyz!",
     R"({job="j"})",
     "with password ****",
     {{"job", "j"}}},
    {"replace of everything that matches",
     "[{replace: {expression: '[0-9]+', replace: 'N'}}]",
     "a1b22",
     R"({job="j"})",
     "aNbN",
     {{"job", "j"}}},
    {"replace with nothing, group beside group",
     "[{replace: {expression: '(a|b|c)', replace: ''}}]",
     "abc",
     R"({job="j"})",
     "",
     {{"job", "j"}}},
    {"replace with a template, named and nested groups",
     R"~([{replace: {expression: '^(?P<who>(?P<ip>\S+) - (?P<user>\w+)) "(\w+) (\S+)" (?P<status>\d+)', replace: '{{ if eq .Value "200" }}Ok{{ else }}{{ .Value | ToUpper }}{{ end }}'}}])~",
     kAccessLine,
     R"({job="j"})",
     R"(11.11.11.11 - FRANK "GET /X" Ok)",
     {{"job", "j"},
      {"who", "11.11.11.11 - FRANK"},
      {"ip", "11.11.11.11"},
      {"user", "FRANK"},
      {"status", "Ok"}}},
    {"replace in a source",
     "[{replace: {expression: 'j', replace: 'k', source: job}}]",
     "j",
     R"({job="j"})",
     "j",
     {{"job", "k"}}},
    {"pack",
     "[{static_labels: {a: '<x>'}}, {template: {source: b, template: y}}, {pack: {labels: [job, b, "
     "a]}}]",
     "the \"line\"",
     R"({a="<x>"})",
     R"({"b":"y","job":"j","_entry":"the \"line\""})",
     {{"job", "j"}, {"b", "y"}}},
    {"decolorize", "[decolorize: ]", "\x1b[31mred\x1b[0m", R"({job="j"})", "red", {{"job", "j"}}},
    {"match runs its stages",
     R"([{match: {selector: '{job=~"j|k"} |= "x" != "y"', stages: [{static_labels: {a: b}}]}}])",
     "x",
     R"({a="b", job="j"})",
     "x",
     {{"job", "j"}}},
    {"match of the line only",
     R"([{match: {selector: '{job=~"j|k"} |= "x" != "y"', stages: [{static_labels: {a: b}}]}}])",
     "xy",
     R"({job="j"})",
     "xy",
     {{"job", "j"}}},
    {"match of other labels",
     R"([{match: {selector: '{job="k"}', action: keep, stages: [{static_labels: {a: b}}]}}])",
     "x",
     R"({job="j"})",
     "x",
     {{"job", "j"}}},
    {"match that drops",
     R"([{match: {selector: '{job="j"} |~ ".*noisy.*"', action: drop}}])",
     "a noisy error",
     "",
     nullptr},
    {"match within match",
     R"([{match: {selector: '{job="j"}', stages: [{match: {selector: '{absent=""}', stages: [{drop: {expression: x}}]}}]}}])",
     "x",
     "",
     nullptr},
    {"drop by the line", "[{drop: {expression: '.*debug.*'}}]", "a debug line", "", nullptr},
    {"drop of another line",
     "[{drop: {expression: debug}}]",
     "info",
     R"({job="j"})",
     "info",
     {{"job", "j"}}},
    {"drop by a name that is there", "[{drop: {source: job}}]", "l", "", nullptr},
    {"drop by a value", "[{drop: {source: job, value: j}}]", "l", "", nullptr},
    {"drop of another value",
     "[{drop: {source: job, value: k}}]",
     "l",
     R"({job="j"})",
     "l",
     {{"job", "j"}}},
    {"drop by several sources",
     "[{static_labels: {}}, {template: {source: b, template: y}}, {drop: {source: [job, b], "
     "separator: '#', expression: '^j#y$'}}]",
     "l",
     "",
     nullptr},
    {"drop of long lines", "[{drop: {longer_than: 8b}}]", "123456789", "", nullptr},
    {"drop of all conditions at once",
     "[{drop: {longer_than: 8, expression: x}}]",
     "123456789",
     R"({job="j"})",
     "123456789",
     {{"job", "j"}}},
    {"drop of old lines",
     "[{json: {expressions: {t: }}}, {timestamp: {source: t, format: RFC3339}}, {drop: "
     "{older_than: 24h}}]",
     R"({"t":"2024-04-30T11:59:59Z"})",
     "",
     nullptr},
    {"eventlogmessage",
     "[{template: {source: message, template: \"Key 1: Value: 1\\r\\n0b: x\\r\\njob: new\\r\\n: "
     "y\\r\\nno colon\"}}, {eventlogmessage: }, {labeldrop: [x]}]",
     "l",
     R"({job="j"})",
     "l",
     {{"job", "j"},
      {"message", "Key 1: Value: 1\r\n0b: x\r\njob: new\r\n: y\r\nno colon"},
      {"Key_1", "Value: 1"},
      {"_b", "x"},
      {"_", "y"}}},
    {"a pipeline in a pipeline",
     "[{pipeline: [{static_labels: {a: b}}]}]",
     "l",
     R"({a="b", job="j"})",
     "l",
     {{"job", "j"}}},
};

TEST(StagesTest, Table) {
    for (const StageCase& c : kCases) {
        TestPipeline pipeline(c.stages, c.source_labels);
        ASSERT_TRUE(pipeline.status.ok()) << c.what << ": " << pipeline.status;
        const auto out = pipeline.feed(c.line);
        ASSERT_EQ(out.size(), c.out_line == nullptr ? 0U : 1U) << c.what;
        if (out.empty()) {
            continue;
        }
        EXPECT_EQ(out[0].labels, c.labels) << c.what;
        EXPECT_EQ(out[0].line, c.out_line) << c.what;
        EXPECT_EQ(out[0].extracted, c.extracted) << c.what;
        EXPECT_EQ(Labels::parse(out[0].metadata)->to_string(), c.metadata) << c.what;
        EXPECT_EQ(out[0].time_ns, c.time_ns) << c.what;
    }
}

struct TimeCase {
    const char* format;
    const char* text;
    std::int64_t time_ns;
};

TEST(StagesTest, TimestampFormats) {
    const TimeCase cases[] = {
        {"RFC3339", "2019-01-01T01:00:00+01:00", 1546300800'000000000},
        {"RFC3339Nano", "2019-01-01T01:00:00.000000001Z", 1546304400'000000001},
        {"Unix", "1562708916", 1562708916'000000000},
        {"Unix", "1562708916.000000123", 1562708916'000000123},
        {"Unix", "1562708916.5", 1562708916'500000000},
        {"UnixMs", "1562708916414", 1562708916'414000000},
        {"UnixUs", "1562708916414123", 1562708916'414123000},
        {"UnixNs", "1562708916000000123", 1562708916'000000123},
        {"ANSIC", "Tue Jul  9 21:48:36 2019", 1562708916'000000000},
        {"UnixDate", "Tue Jul  9 21:48:36 UTC 2019", 1562708916'000000000},
        {"RubyDate", "Tue Jul 09 21:48:36 +0000 2019", 1562708916'000000000},
        {"RFC822", "09 Jul 19 21:48 UTC", 1562708880'000000000},
        {"RFC822Z", "09 Jul 19 21:48 +0000", 1562708880'000000000},
        {"RFC850", "Tuesday, 09-Jul-19 21:48:36 UTC", 1562708916'000000000},
        {"RFC1123", "Tue, 09 Jul 2019 21:48:36 UTC", 1562708916'000000000},
        {"RFC1123Z", "Tue, 09 Jul 2019 21:48:36 +0000", 1562708916'000000000},
        {"02/Jan/2006:15:04:05 -0700", "09/Jul/2019:23:48:36 +0200", 1562708916'000000000},
        // Of this year, 2024.
        {"Jan _2 15:04:05", "Mar  1 00:00:00", 1709251200'000000000},
    };
    for (const TimeCase& c : cases) {
        TestPipeline pipeline(
            std::string("[{regex: {expression: '(?P<t>.*)'}}, {timestamp: {source: t, format: '") +
            c.format + "'}}]");
        ASSERT_TRUE(pipeline.status.ok()) << pipeline.status;
        EXPECT_EQ(pipeline.feed(c.text).at(0).time_ns, c.time_ns) << c.format;
    }
}

TEST(StagesTest, TimestampWithZoneAndFallback) {
    TestPipeline pipeline(
        "[{regex: {expression: '(?P<t>.*)'}}, {timestamp: {source: t, format: '2006-01-02 "
        "15:04:05', "
        "fallback_formats: [UnixMs], location: America/New_York}}]");
    EXPECT_EQ(pipeline.feed("2019-07-09 17:48:36").at(0).time_ns, 1562708916'000000000);
    EXPECT_EQ(pipeline.feed("1562708916414").at(0).time_ns, 1562708916'414000000);
}

TEST(StagesTest, TimestampThatFails) {
    const std::string stages =
        "[{regex: {expression: '^(?P<t>[0-9]+)'}}, {timestamp: {source: t, format: Unix";
    TestPipeline fudging(stages + "}}]");
    EXPECT_EQ(fudging.feed("no time").at(0).time_ns, TestPipeline::kReadAtNs);
    EXPECT_EQ(fudging.feed("1562708916 x").at(0).time_ns, 1562708916'000000000);
    EXPECT_EQ(fudging.feed("no time").at(0).time_ns, 1562708916'000000001);
    EXPECT_EQ(fudging.feed("no time").at(0).time_ns, 1562708916'000000002);
    TestPipeline skipping(stages + ", action_on_failure: skip}}]");
    skipping.feed("1562708916 x");
    EXPECT_EQ(skipping.feed("no time").at(0).time_ns, TestPipeline::kReadAtNs + 1);
}

TEST(StagesTest, RefusesWhatIsNoStage) {
    const auto error = [](const std::string& stages) {
        return TestPipeline(stages).error();
    };
    EXPECT_EQ(error("[{jsn: {}}]"), "test.yaml:1: there is no stage 'jsn'; did you mean 'json'?");
    EXPECT_EQ(error("[{json: {expresions: {}}}]"),
              "test.yaml:1: the stage 'json' has no key 'expresions'; did you mean 'expressions'?");
    EXPECT_EQ(error("[{json: {expressions: {a: 'a['}}}]"),
              "test.yaml:1: the expression 'a[' is wrong at character 3");
    EXPECT_EQ(error("[{cri: {}, docker: {}}]"),
              "test.yaml:1: expected a stage: a map with the name of one stage as its key");
    EXPECT_EQ(error("[{geoip: {}}]"), "test.yaml:1: the stage 'geoip' needs a db and a source");
    EXPECT_EQ(
        error("[{geoip: {db: /no/such.mmdb, source: ip, db_type: city}}]"),
        "test.yaml:1: the stage 'geoip': /no/such.mmdb: Error opening the specified MaxMind DB "
        "file");
    EXPECT_EQ(error("[{geoip: {db: /no/such.mmdb, source: ip, db_type: x}}]"),
              "test.yaml:1: the db_type of the stage 'geoip' is city, country or asn");
    EXPECT_EQ(error("[{regex: {expression: '('}}]"),
              "test.yaml:1: error parsing regexp: missing closing ): `(`");
    EXPECT_EQ(
        error("[{match: {selector: '{a=}', stages: [{cri: }]}}]").find("test.yaml:1: parse error"),
        0U);
    EXPECT_EQ(error("[{match: {selector: '{a=\"b\"} | json', stages: [{cri: }]}}]"),
              "test.yaml:1: a selector may have line filters, and no other stages");
    EXPECT_EQ(error("[{drop: {value: x}}]"),
              "test.yaml:1: the stage 'drop' needs one of source, expression, older_than and "
              "longer_than");
    EXPECT_EQ(error("[{timestamp: {source: a, format: b, location: Nowhere/Else}}]"),
              "test.yaml:1: there is no time zone 'Nowhere/Else'");
    EXPECT_EQ(error("[{template: {source: a, template: '{{'}}]"),
              "test.yaml:1: template: pipeline_template:1: unclosed action");
    EXPECT_EQ(error("[{tenant: {value: a, label: b}}]"),
              "test.yaml:1: the stage 'tenant' needs one of label, source and value");
    EXPECT_EQ(error("[{limit: {rate: 1, burst: 1, by_label_name: a}}]"),
              "test.yaml:1: the stage 'limit' with by_label_name needs 'drop: true'");
}

}  // namespace
}  // namespace logi::agent
