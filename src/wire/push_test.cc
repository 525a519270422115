#include "wire/push.h"

#include "wire/json_text.h"

#include <gtest/gtest.h>

#include <snappy.h>

namespace logi::wire {
namespace {

const DecodeLimits kLimits;

PushRequest json(const std::string& body) {
    auto decoded = decode_push(body, "application/json; charset=utf-8", "", kLimits);
    EXPECT_TRUE(std::holds_alternative<PushRequest>(decoded))
        << std::get<PushError>(decoded).message;
    return std::get<PushRequest>(std::move(decoded));
}

int status_of(const std::string& body,
              const char* type = "application/json",
              const char* encoding = "") {
    const auto decoded = decode_push(body, type, encoding, kLimits);
    return std::holds_alternative<PushError>(decoded) ? std::get<PushError>(decoded).status : 204;
}

TEST(PushJson, ReadsStreamsLinesAndMetadata) {
    const auto r = json(
        R"({"x":[1,{"y":2}],"streams":[{"stream":{"a":"b","n":5,"l":["y"],"z":null},
            "values":[["1700000000000000001","li\nne",{"k":"v\u00e9"}],null,["2","two",{},"more"]]},
            {"stream":{"c":"d"},"values":null}]} {"second":1})");
    ASSERT_EQ(r.streams.size(), 2U);
    const auto& labels = std::get<std::vector<LabelPair>>(r.streams[0].labels);
    ASSERT_EQ(labels.size(), 4U);
    EXPECT_EQ(labels[1].value, "5");
    EXPECT_EQ(labels[2].value, R"(["y"])");
    EXPECT_EQ(labels[3].value, "null");
    ASSERT_EQ(r.streams[0].entries.size(), 2U);
    const EntryView& first = r.streams[0].entries[0];
    EXPECT_EQ(first.time.ns, 1700000000000000001);
    EXPECT_EQ(first.line, "li\nne");
    EXPECT_EQ(first.metadata, (std::vector<MetadataView>{{"k", "v\xc3\xa9"}}));
}

TEST(PushJson, RefusesWhatLokiRefuses) {
    EXPECT_EQ(status_of(R"({"streams":[{"stream":{},"values":[[1700000000000000000,"x"]]}]})"),
              400);
    EXPECT_EQ(status_of(R"({"streams":[{"stream":{},"values":[["1","x",{"n":5}]]}]})"), 400);
    EXPECT_EQ(status_of(R"({"streams":[{"stream":{},"values":[["1"]]}]})"), 400);
    EXPECT_EQ(status_of(R"({"streams":[{"stream":{},"values":[["1x","a"]]}]})"), 400);
    EXPECT_EQ(status_of("{"), 400);
    EXPECT_EQ(status_of(""), 400);
    EXPECT_EQ(status_of(std::string(100'000, '[')), 400);
    EXPECT_EQ(status_of("{}", ""), 400);
    EXPECT_EQ(status_of("{}", "application/json", "br"), 400);
    EXPECT_EQ(status_of("{}", "application/json", "gzip"), 400);
    EXPECT_EQ(status_of("{}", "text/plain"), 400);
    EXPECT_EQ(status_of("{}"), 204);
}

// Field keys of the message: (number << 3) | 2 for bytes.
std::string field(char key, const std::string& bytes) {
    return std::string(1, key) + static_cast<char>(bytes.size()) + bytes;
}

TEST(PushProtobuf, ReadsStreamsAndSkipsUnknownFields) {
    const std::string time = std::string("\x08\x05\x10\x07", 4);
    const std::string entry = field('\x0a', time) + field('\x12', "line") +
                              field('\x1a', field('\x0a', "k") + field('\x12', "v")) + "\x78\x01";
    const std::string body = field('\x0a', field('\x0a', "{a=\"b\"}") + field('\x12', entry));
    std::string compressed;
    snappy::Compress(body.data(), body.size(), &compressed);
    const auto decoded = decode_push(compressed, "application/x-protobuf", "", kLimits);
    ASSERT_TRUE(std::holds_alternative<PushRequest>(decoded));
    const auto& r = std::get<PushRequest>(decoded);
    ASSERT_EQ(r.streams.size(), 1U);
    EXPECT_EQ(std::get<std::string_view>(r.streams[0].labels), "{a=\"b\"}");
    ASSERT_EQ(r.streams[0].entries.size(), 1U);
    EXPECT_EQ(r.streams[0].entries[0].time.ns, 5'000'000'007);
    EXPECT_EQ(r.streams[0].entries[0].line, "line");
    for (std::size_t cut = 1; cut < body.size(); ++cut) {
        const auto partial = decode_push_protobuf(
            base::Buffer::copy_of(std::string_view(body).substr(0, cut)), kLimits);
        EXPECT_TRUE(std::holds_alternative<PushError>(partial)) << cut;
    }
}

TEST(PushProtobuf, BombsAreRefusedBeforeMemoryIsTaken) {
    // A snappy block that claims four gigabytes.
    EXPECT_EQ(status_of("\xff\xff\xff\xff\x0f"
                        "abc",
                        "application/x-protobuf"),
              413);
    EXPECT_EQ(status_of("\x80\x80\x80\x10"
                        "abc",
                        "application/x-protobuf"),
              400);
}

TEST(JsonText, EscapesAsGoDoes) {
    std::string out;
    append_json_string(out, "a<b>&\"\\\n\x01\xff\xe2\x80\xa8\xc3\xa9");
    EXPECT_EQ(out, "\"a\\u003cb\\u003e\\u0026\\\"\\\\\\n\\u0001\\ufffd\\u2028\xc3\xa9\"");
    EXPECT_EQ(format_sample(1), "1");
    EXPECT_EQ(format_sample(0.1 + 0.2), "0.30000000000000004");
    EXPECT_EQ(format_sample(1e21), "1000000000000000000000");
    EXPECT_EQ(format_sample(1e-7), "0.0000001");
    EXPECT_EQ(format_seconds({1'700'000'000'500'000'000}), "1700000000.5");
    EXPECT_EQ(format_seconds({1'700'000'000'000'000'000}), "1700000000");
}

}  // namespace
}  // namespace logi::wire
