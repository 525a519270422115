#include "wire/otlp.h"

#include "base/bytes.h"
#include "model/limits.h"
#include "wire/otlp_value.h"

#include <gtest/gtest.h>

#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <cmath>

namespace logi::wire {
namespace {

const DecodeLimits kOtlpLimits;
const Timestamp kNow{1700000000000000000};

using Decoded = std::variant<PushRequest, PushError>;

Decoded decode(std::string_view body,
               const Limits& limits = {},
               std::string_view type = "application/json",
               std::string_view encoding = "") {
    const auto rules = OtlpRules::of(limits.otlp_config);
    EXPECT_TRUE(rules.ok()) << rules.status();
    return decode_otlp(
        body, type, encoding, kOtlpLimits, {*rules, limits.discover_service_name, kNow});
}

PushRequest decoded(std::string_view body,
                    const Limits& limits = {},
                    std::string_view type = "application/json",
                    std::string_view encoding = "") {
    auto result = decode(body, limits, type, encoding);
    EXPECT_TRUE(std::holds_alternative<PushRequest>(result)) << std::get<PushError>(result).message;
    return std::get<PushRequest>(std::move(result));
}

PushError refused(std::string_view body,
                  std::string_view type = "application/json",
                  std::string_view encoding = "") {
    const auto result = decode(body, {}, type, encoding);
    EXPECT_TRUE(std::holds_alternative<PushError>(result));
    return std::holds_alternative<PushError>(result) ? std::get<PushError>(result)
                                                     : PushError{204, ""};
}

std::vector<LabelPair> labels_of(const PushStream& stream) {
    return Labels::from_pairs(std::get<std::vector<LabelPair>>(stream.labels)).pairs();
}

// An export of one resource, scope and record, given by what is in their braces.
std::string json(const std::string& resource,
                 const std::string& record,
                 const std::string& scope = "") {
    return R"({"resourceLogs":[{"resource":{)" + resource + R"(},"scopeLogs":[{"scope":{)" + scope +
           R"(},"logRecords":[{)" + record + "}]}]}]}";
}

std::string attributes(const std::string& list) {
    return R"("attributes":[)" + list + "]";
}

std::string text(const std::string& key, const std::string& value) {
    return R"({"key":")" + key + R"(","value":{"stringValue":")" + value + "\"}}";
}

// Protobuf, written by hand.
std::string field(std::uint64_t number, std::string_view bytes) {
    std::string out;
    base::ByteWriter w(out);
    w.varint(number << 3U | 2U);
    w.string(bytes);
    return out;
}
std::string varint(std::uint64_t number, std::uint64_t value) {
    std::string out;
    base::ByteWriter w(out);
    w.varint(number << 3U);
    w.varint(value);
    return out;
}
std::string fixed64(std::uint64_t number, std::uint64_t value) {
    std::string out;
    base::ByteWriter w(out);
    w.varint(number << 3U | 1U);
    w.u64(value);
    return out;
}
std::string fixed32(std::uint64_t number, std::uint32_t value) {
    std::string out;
    base::ByteWriter w(out);
    w.varint(number << 3U | 5U);
    w.u32(value);
    return out;
}
std::string pair(std::uint64_t number, std::string_view key, const std::string& value) {
    return field(number, field(1, key) + field(2, value));
}

TEST(Otlp, ResourcesAndRecordsBecomeStreamsAndMetadata) {
    const auto r = decoded(
        json(attributes(text("service.name", "svc") + "," + text("k8s.cluster.name", "c") + "," +
                        text("host.name", "h1") + "," + text("a..b__c", "x") + "," +
                        text("123.foo", "y") + "," + text("_x", "1") + "," + text("__y__", "3") +
                        "," + text("empty", "")),
             R"("timeUnixNano":"1700000000000000001","observedTimeUnixNano":1700000000000000002,
           "severityNumber":17,"severityText":"Error","body":{"stringValue":"line"},
           "droppedAttributesCount":2,"flags":1,"traceId":"0123456789ABCDEF0123456789abcdef",
           "spanId":"0000000000000001",)" +
                 attributes(text("own", "o") +
                            R"(,{"key":"m","value":{"kvlistValue":{"values":[{"key":"k.1","value":
                          {"intValue":"7"}},{"key":"n","value":{"kvlistValue":{"values":[
                          {"key":"z","value":{"stringValue":"w"}}]}}}]}}})"),
             R"("name":"lib","version":"1.2","droppedAttributesCount":3,)" +
                 attributes(text("s", "t"))));
    EXPECT_EQ(r.format, PushFormat::kOtlp);
    ASSERT_EQ(r.streams.size(), 1U);
    EXPECT_EQ(labels_of(r.streams[0]),
              (std::vector<LabelPair>{{"k8s_cluster_name", "c"}, {"service_name", "svc"}}));
    ASSERT_EQ(r.streams[0].entries.size(), 1U);
    const EntryView& entry = r.streams[0].entries[0];
    EXPECT_EQ(entry.time.ns, 1700000000000000001);
    EXPECT_EQ(entry.line, "line");
    EXPECT_EQ(entry.metadata,
              (std::vector<MetadataView>{{"own", "o"},
                                         {"m_k_1", "7"},
                                         {"m_n_z", "w"},
                                         {"observed_timestamp", "1700000000000000002"},
                                         {"severity_number", "17"},
                                         {"severity_text", "Error"},
                                         {"dropped_attributes_count", "2"},
                                         {"flags", "1"},
                                         {"trace_id", "0123456789abcdef0123456789abcdef"},
                                         {"span_id", "0000000000000001"},
                                         {"host_name", "h1"},
                                         {"a_b_c", "x"},
                                         {"key_123_foo", "y"},
                                         {"_x", "1"},
                                         {"__y__", "3"},
                                         {"s", "t"},
                                         {"scope_name", "lib"},
                                         {"scope_version", "1.2"},
                                         {"scope_dropped_attributes_count", "3"}}));
}

TEST(Otlp, ProtobufSaysTheSameAsJson) {
    const std::string map = field(
        6, pair(1, "k.1", varint(3, 7)) + pair(1, "n", field(6, pair(1, "z", field(1, "w")))));
    const std::string record = field(5, field(1, "line")) + pair(6, "own", field(1, "o")) +
                               pair(6, "m", map) + varint(2, 17) + field(3, "Error") +
                               varint(7, 2) + fixed32(8, 1) + field(9, "0123456789abcdef") +
                               field(10, std::string(8, '\0')) + fixed64(11, 1700000000000000002);
    // What records depend on stands behind them.
    const std::string scope_logs =
        field(2, record) + field(1, field(1, "lib") + pair(3, "s", field(1, "t"))) + field(99, "?");
    const std::string resource =
        pair(1, "host.name", field(1, "h1")) + pair(1, "service.name", field(1, "svc"));
    const auto r = decoded(field(1, field(2, scope_logs) + field(1, resource) + field(3, "url")),
                           {},
                           "application/x-protobuf");
    ASSERT_EQ(r.streams.size(), 1U);
    EXPECT_EQ(labels_of(r.streams[0]), (std::vector<LabelPair>{{"service_name", "svc"}}));
    ASSERT_EQ(r.streams[0].entries.size(), 1U);
    const EntryView& entry = r.streams[0].entries[0];
    EXPECT_EQ(entry.time.ns, 1700000000000000002);  // observed, as there is no other
    EXPECT_EQ(entry.line, "line");
    EXPECT_EQ(entry.metadata,
              (std::vector<MetadataView>{{"own", "o"},
                                         {"m_k_1", "7"},
                                         {"m_n_z", "w"},
                                         {"severity_number", "17"},
                                         {"severity_text", "Error"},
                                         {"dropped_attributes_count", "2"},
                                         {"flags", "1"},
                                         {"trace_id", "30313233343536373839616263646566"},
                                         {"host_name", "h1"},
                                         {"s", "t"},
                                         {"scope_name", "lib"}}));
}

std::string line_of(const std::string& body) {
    return std::string(decoded(json("", R"("body":)" + body)).streams.at(0).entries.at(0).line);
}

TEST(Otlp, BodiesAreTexts) {
    EXPECT_EQ(line_of(R"({"stringValue":"a\nb <"})"), "a\nb <");
    EXPECT_EQ(line_of(R"({"boolValue":true})"), "true");
    EXPECT_EQ(line_of(R"({"intValue":"-5"})"), "-5");
    EXPECT_EQ(line_of(R"({"intValue":9007199254740993})"), "9007199254740993");
    EXPECT_EQ(line_of(R"({"doubleValue":1.5})"), "1.5");
    EXPECT_EQ(line_of(R"({"doubleValue":"NaN"})"), "json: unsupported value: NaN");
    EXPECT_EQ(line_of(R"({"bytesValue":"AQID"})"), "AQID");
    EXPECT_EQ(line_of(R"({"arrayValue":{"values":[{"stringValue":"a"},{"intValue":1},{}]}})"),
              R"(["a",1,null])");
    // Names in order; of equal ones the last.
    EXPECT_EQ(line_of(R"({"kvlistValue":{"values":[{"key":"b","value":{"stringValue":"<"}},
                         {"key":"a","value":{"arrayValue":{}}},{"key":"b","value":{"boolValue":false}}]}})"),
              R"({"a":[],"b":false})");
    EXPECT_EQ(line_of("{}"), "");
    EXPECT_EQ(line_of("null"), "");
}

TEST(Otlp, NumbersAreWrittenAsGoWritesThem) {
    const auto written = [](double number) {
        OtlpValue value;
        value.kind = OtlpValue::Kind::kDouble;
        value.real = number;
        std::string scratch;
        return std::string(otlp_text(value, scratch));
    };
    EXPECT_EQ(written(0), "0");
    EXPECT_EQ(written(100), "100");
    EXPECT_EQ(written(1e20), "100000000000000000000");
    EXPECT_EQ(written(1e21), "1e+21");
    EXPECT_EQ(written(0.000001), "0.000001");
    EXPECT_EQ(written(1e-7), "1e-7");
    EXPECT_EQ(written(1.5e-10), "1.5e-10");
    EXPECT_EQ(written(-2.5), "-2.5");
    EXPECT_EQ(written(INFINITY), "json: unsupported value: +Inf");
}

std::vector<LabelPair> stream_of(const std::string& resource, const Limits& limits = {}) {
    return labels_of(decoded(json(attributes(resource), "\"body\":{}"), limits).streams.at(0));
}

TEST(Otlp, EveryStreamNamesAService) {
    using Pairs = std::vector<LabelPair>;
    EXPECT_EQ(stream_of(""), (Pairs{{"service_name", "unknown_service"}}));
    EXPECT_EQ(stream_of(text("container.name", "cn")),
              (Pairs{{"container_name", "cn"}, {"service_name", "cn"}}));
    // The first attribute that names one, and the attribute for it before all others.
    EXPECT_EQ(stream_of(text("k8s.job.name", "j") + "," + text("container.name", "cn")),
              (Pairs{{"container_name", "cn"}, {"k8s_job_name", "j"}, {"service_name", "j"}}));
    EXPECT_EQ(stream_of(text("container.name", "cn") + "," + text("service.name", "s")),
              (Pairs{{"container_name", "cn"}, {"service_name", "s"}}));
    EXPECT_EQ(stream_of(text("service.name", "")), (Pairs{{"service_name", "unknown_service"}}));
    Limits none;
    none.discover_service_name.clear();
    EXPECT_EQ(stream_of(text("container.name", "cn"), none), (Pairs{{"container_name", "cn"}}));
}

TEST(Otlp, RulesOfATenant) {
    Limits limits;
    limits.otlp_config.ignore_resource_defaults = true;
    limits.otlp_config.resource_attributes = {
        {OtlpAction::kDrop, {}, "host\\..*"},
        {OtlpAction::kIndexLabel, {"host.name", "team"}, ""},
    };
    limits.otlp_config.scope_attributes = {{OtlpAction::kDrop, {"s"}, ""}};
    limits.otlp_config.log_attributes = {{OtlpAction::kIndexLabel, {"kind"}, ""},
                                         {OtlpAction::kDrop, {}, "secret.*"}};
    limits.otlp_config.severity_text_as_label = true;
    const std::string record = attributes(text("kind", "k") + "," + text("secret_x", "s") + "," +
                                          text("other", "o") + "," + text("team", "mine")) +
                               R"(,"severityText":"warn","body":{"stringValue":"l"})";
    const auto r = decoded(R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{)" + record +
                               R"(},{"severityText":"warn","attributes":[)" + text("kind", "k") +
                               R"(]},{"body":{"stringValue":"plain"}}],"scope":{)" +
                               attributes(text("s", "x")) + R"(}}],"resource":{)" +
                               attributes(text("host.name", "h") + "," + text("team", "t") + "," +
                                          text("service.name", "svc")) +
                               "}}]}",
                           limits);
    ASSERT_EQ(r.streams.size(), 2U);
    // The attribute names the service, but not as a label.
    EXPECT_EQ(labels_of(r.streams[0]),
              (std::vector<LabelPair>{{"kind", "k"}, {"severity_text", "warn"}, {"team", "t"}}));
    ASSERT_EQ(r.streams[0].entries.size(), 2U);
    EXPECT_EQ(
        r.streams[0].entries[0].metadata,
        (std::vector<MetadataView>{
            {"other", "o"}, {"team", "mine"}, {"severity_text", "warn"}, {"service_name", "svc"}}));
    EXPECT_EQ(labels_of(r.streams[1]), (std::vector<LabelPair>{{"team", "t"}}));
    EXPECT_EQ(r.streams[1].entries[0].line, "plain");
    EXPECT_EQ(r.streams[1].entries[0].time, kNow);

    OtlpConfig bad;
    bad.scope_attributes = {{OtlpAction::kIndexLabel, {"x"}, ""}};
    EXPECT_FALSE(OtlpRules::of(bad).ok());
    bad.scope_attributes = {{OtlpAction::kDrop, {"x"}, "y"}};
    EXPECT_FALSE(OtlpRules::of(bad).ok());
    bad.scope_attributes = {{OtlpAction::kDrop, {}, "("}};
    EXPECT_FALSE(OtlpRules::of(bad).ok());
}

TEST(Otlp, LabelsOfRecordsMakeStreamsOfTheirOwn) {
    Limits limits;
    limits.otlp_config.log_attributes = {{OtlpAction::kIndexLabel, {"service.name"}, ""}};
    const auto r = decoded(json(attributes(text("service.name", "resource")),
                                attributes(text("service.name", "record"))),
                           limits);
    ASSERT_EQ(r.streams.size(), 1U);
    EXPECT_EQ(labels_of(r.streams[0]), (std::vector<LabelPair>{{"service_name", "record"}}));
}

TEST(Otlp, WithoutRecordsThereIsNothing) {
    EXPECT_TRUE(decoded("{}").streams.empty());
    EXPECT_TRUE(decoded(R"({"resourceLogs":null})").streams.empty());
    EXPECT_TRUE(decoded(R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[]}]}]})").streams.empty());
    EXPECT_TRUE(decoded("", {}, "application/x-protobuf").streams.empty());
}

TEST(Otlp, ReadsBothSpellingsAndNamesOfSeverities) {
    const auto r = decoded(
        R"({"resource_logs":[{"scope_logs":[{"log_records":[{"time_unix_nano":"5",
            "severity_number":"SEVERITY_NUMBER_WARN","trace_id":"","body":{"string_value":"b"}}]}]}]})");
    const EntryView& entry = r.streams.at(0).entries.at(0);
    EXPECT_EQ(entry.time.ns, 5);
    EXPECT_EQ(entry.line, "b");
    EXPECT_EQ(entry.metadata, (std::vector<MetadataView>{{"severity_number", "13"}}));
}

TEST(Otlp, Encodings) {
    const std::string body = json("", R"("body":{"stringValue":"hello"})");
    std::string zstd(ZSTD_compressBound(body.size()), '\0');
    zstd.resize(ZSTD_compress(zstd.data(), zstd.size(), body.data(), body.size(), 3));
    std::string lz4(LZ4F_compressFrameBound(body.size(), nullptr), '\0');
    lz4.resize(LZ4F_compressFrame(lz4.data(), lz4.size(), body.data(), body.size(), nullptr));
    for (const auto& [encoding, bytes] : {std::pair("zstd", zstd), std::pair("lz4", lz4)}) {
        EXPECT_EQ(decoded(bytes, {}, "application/json", encoding).streams.at(0).entries.at(0).line,
                  "hello");
        EXPECT_EQ(refused(bytes.substr(0, bytes.size() / 2), "application/json", encoding).status,
                  400);
        EXPECT_EQ(refused("rubbish", "application/json", encoding).status, 400);
        EXPECT_EQ(refused("", "application/json", encoding).status, 400);
    }
    EXPECT_EQ(refused(body, "application/json", "br").message,
              "unsupported content encoding br: only gzip, lz4 and zstd are supported");
    EXPECT_EQ(refused(body, "text/plain").message, "content type: text/plain is not supported");
}

TEST(Otlp, RefusesWhatIsMalformed) {
    EXPECT_EQ(refused(json(attributes(text("\u00e9", "x")), "")).message,
              "symbolizer lookup: normalization for label name \"\u00e9\" resulted in invalid name "
              "\"_\"");
    for (const char* body : {"", "[", "[]", "{\"resourceLogs\":5}", "{\"resourceLogs\":[5]}"}) {
        EXPECT_EQ(refused(body).status, 400) << body;
    }
    EXPECT_EQ(refused(json("", R"("traceId":"12")")).status, 400);
    EXPECT_EQ(refused(json("", R"("traceId":"xy23456789abcdef0123456789abcdef")")).status, 400);
    EXPECT_EQ(refused(json("", R"("timeUnixNano":"1.5")")).status, 400);
    EXPECT_EQ(refused(json("", R"("body":{"intValue":"9223372036854775808"})")).status, 400);
    for (const std::string& body : {std::string("\x0a\x05x"),
                                    std::string("\x0b"),
                                    field(1, field(2, field(2, field(9, "x"))))}) {
        EXPECT_EQ(refused(body, "application/x-protobuf").status, 400);
    }
}

TEST(Otlp, DeepValuesAreRefused) {
    std::string json_value = R"({"intValue":1})";
    std::string value = varint(3, 1);
    for (int i = 0; i < 100; ++i) {
        json_value = R"({"arrayValue":{"values":[)" + json_value + "]}}";
        value = field(5, field(1, value));
    }
    EXPECT_EQ(refused(json("", R"("body":)" + json_value)).status, 400);
    EXPECT_EQ(
        refused(field(1, field(2, field(2, field(5, value)))), "application/x-protobuf").status,
        400);
}

TEST(Otlp, MemoryIsBounded) {
    // A long attribute of the resource that each of many records gets.
    std::string records;
    for (int i = 0; i < 200'000; ++i) {
        records += field(2, "");
    }
    const std::string resource = field(1, pair(1, "a", field(1, std::string(100'000, 'x'))));
    EXPECT_EQ(refused(field(1, resource + field(2, records)), "application/x-protobuf").status,
              413);
    // Empty values in lists.
    std::string list;
    for (int i = 0; i < 2'000'000; ++i) {
        list += field(1, "");
    }
    EXPECT_EQ(
        refused(field(1, field(2, field(2, field(5, field(5, list))))), "application/x-protobuf")
            .status,
        413);
}

TEST(Otlp, ErrorsAreStatusMessages) {
    EXPECT_EQ(rpc_status("oh"), std::string("\x12\x02oh"));
    EXPECT_EQ(otlp_partial_success(3, "oh"), std::string("\x0A\x06\x08\x03\x12\x02oh"));
}

}  // namespace
}  // namespace logi::wire
