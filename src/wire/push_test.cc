#include "wire/push.h"

#include "wire/json_text.h"

#include <gtest/gtest.h>

#include <snappy.h>
#include <zlib.h>

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

TEST(PushJson, ReadsTheLegacyLayout) {
    const std::string body =
        R"({"streams":[{"labels":"{a=\"b\"}","entries":[
            {"ts":"2024-04-01T00:00:00.5Z","line":"l\n","structuredMetadata":{"k":"v"},"x":1},
            {"line":"no time"}]},
            {"stream":{"a":"b"},"values":[["1711929600000000000","x"]]},{"entries":null}]})";
    auto decoded = decode_push(body, "application/json", "", kLimits, JsonLayout::kLegacy);
    ASSERT_TRUE(std::holds_alternative<PushRequest>(decoded))
        << std::get<PushError>(decoded).message;
    const auto& r = std::get<PushRequest>(decoded);
    ASSERT_EQ(r.streams.size(), 3U);
    EXPECT_EQ(std::get<std::string_view>(r.streams[0].labels), "{a=\"b\"}");
    ASSERT_EQ(r.streams[0].entries.size(), 2U);
    EXPECT_EQ(r.streams[0].entries[0].time.ns, 1711929600500000000);
    EXPECT_EQ(r.streams[0].entries[0].line, "l\n");
    EXPECT_EQ(r.streams[0].entries[0].metadata, (std::vector<MetadataView>{{"k", "v"}}));
    EXPECT_EQ(r.streams[0].entries[1].time, Timestamp::min());
    // The other layout's keys are not looked at.
    EXPECT_EQ(std::get<std::string_view>(r.streams[1].labels), "");
    EXPECT_TRUE(r.streams[1].entries.empty());
    for (const char* bad : {R"({"streams":[{"labels":{"a":"b"}}]})",
                            R"({"streams":[{"entries":[{"ts":"2024-04-01","line":"x"}]}]})",
                            R"({"streams":[{"entries":[{"ts":1711929600,"line":"x"}]}]})",
                            R"({"streams":[{"entries":[{"line":5}]}]})",
                            R"({"streams":[{"entries":[["1","x"]]}]})"}) {
        const auto refused = decode_push(bad, "application/json", "", kLimits, JsonLayout::kLegacy);
        EXPECT_TRUE(std::holds_alternative<PushError>(refused)) << bad;
    }
}

TEST(PushJson, RefusesWhatLokiRefuses) {
    EXPECT_EQ(status_of(R"({"streams":[{"stream":{},"values":[[1700000000000000000,"x"]]}]})"),
              400);
    EXPECT_EQ(status_of(R"({"streams":[{"stream":{},"values":[["1","x",{"n":5}]]}]})"), 400);
    EXPECT_EQ(status_of(R"({"streams":[{"stream":{},"values":[[]]}]})"), 400);
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
std::string keyed(char key, const std::string& bytes) {
    return std::string(1, key) + static_cast<char>(bytes.size()) + bytes;
}

TEST(PushProtobuf, ReadsStreamsAndSkipsUnknownFields) {
    const std::string time = std::string("\x08\x05\x10\x07", 4);
    const std::string entry = keyed('\x0a', time) + keyed('\x12', "line") +
                              keyed('\x1a', keyed('\x0a', "k") + keyed('\x12', "v")) + "\x78\x01";
    const std::string body = keyed('\x0a', keyed('\x0a', "{a=\"b\"}") + keyed('\x12', entry));
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

// Loki's reader takes more than JSON.
TEST(PushJson, TakesWhatLokiTakes) {
    EXPECT_EQ(status_of("null"), 204);
    const auto trailing =
        json(R"({"streams":[{"stream":{"a":"b"},"values":[["1"]]}]} trailing "text)");
    EXPECT_EQ(trailing.streams.at(0).entries.at(0).line, "");
    const auto odd = json(
        "{\"streams\":[{\"stream\":{\"a\":\"}\"},\"values\":[[\"1\","
        "\"tab\tnew\nline \\\\ \xff\x80 \\\"\",{\"a\\u0062\":\"v\"}]]}]}");
    const EntryView& entry = odd.streams.at(0).entries.at(0);
    EXPECT_EQ(entry.line, "tab\tnew\nline \\ \xef\xbf\xbd\xef\xbf\xbd \"");
    EXPECT_EQ(entry.metadata.at(0).name, "a\\u0062");
    EXPECT_EQ(status_of("{\"streams\":[{\"stream\":{},\"values\":[[\"1\",\"\xff]]}]}"), 400);
    EXPECT_EQ(status_of("{\"streams\":\xff}"), 400);
    EXPECT_EQ(status_of("not json"), 400);
    EXPECT_EQ(status_of("nul"), 400);
}

TEST(Push, MediaTypes) {
    for (const char* good : {"application/json;",
                             "application/JSON; charset=\"u\\\";\"",
                             " application/json ; a=b; c=d"}) {
        EXPECT_EQ(status_of("{}", good), 204) << good;
    }
    for (const char* bad : {"",
                            "a/b/c",
                            "application/json;;",
                            "application/json; a",
                            "application/json; a=b; A=c",
                            "a b",
                            "a/",
                            "/json"}) {
        const auto decoded = decode_push("{}", bad, "", kLimits);
        ASSERT_TRUE(std::holds_alternative<PushError>(decoded)) << bad;
        EXPECT_TRUE(std::get<PushError>(decoded).message.starts_with("mime: ")) << bad;
    }
}

std::string repeated(const std::string& part, std::size_t times, const std::string& begin) {
    std::string out = begin;
    for (std::size_t i = 0; i < times; ++i) {
        out.append(part);
    }
    return out;
}

// What takes three bytes in a body may take sixty in memory.
TEST(Push, ManySmallPartsAreRefused) {
    constexpr std::size_t kTimes = 1'000'000;
    EXPECT_EQ(status_of(repeated("{},", kTimes, R"({"streams":[)") + "{}]}"), 413);
    EXPECT_EQ(status_of(repeated(R"("":1,)", kTimes, R"({"streams":[{"stream":{)") + "}}]}"), 413);
    EXPECT_EQ(status_of(repeated(R"(["1"],)", kTimes, R"({"streams":[{"values":[)") + "[]]}]}"),
              413);
    EXPECT_EQ(
        status_of(repeated(R"("":"",)", kTimes, R"({"streams":[{"values":[["1","",{)") + "}]]}]}"),
        413);
    const std::string pair = keyed('\x0a', "k") + keyed('\x12', "v");
    const auto message = [](char key, const std::string& bytes) {
        std::string out(1, key);
        for (std::size_t n = bytes.size(); n > 0; n >>= 7U) {
            out.push_back(static_cast<char>((n & 0x7FU) | (n >= 0x80 ? 0x80U : 0U)));
        }
        return out + bytes;
    };
    const std::string pairs = repeated(std::string("\x1a\x00", 2), kTimes, "");
    const std::string entries = repeated(std::string("\x12\x00", 2), kTimes, "");
    const std::string streams = repeated(std::string("\x0a\x00", 2), kTimes, "");
    for (const auto& body :
         {message('\x0a', message('\x12', pairs)), message('\x0a', entries), streams}) {
        const auto decoded = decode_push_protobuf(base::Buffer::copy_of(body), kLimits);
        ASSERT_TRUE(std::holds_alternative<PushError>(decoded));
        EXPECT_EQ(std::get<PushError>(decoded).status, 413);
    }
}

// As zlib packs it; a gzip file claims its size in its last four bytes.
std::string deflated(const std::string& text, int window) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY), Z_OK);
    std::string in = text;
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

TEST(Push, InflationIsBoundedByWhatTheBodyClaims) {
    const std::string text = "{\"x\":\"" + std::string(10U << 20U, ' ') + "\"}";
    std::string gzip = deflated(text, 15 + 16);
    ASSERT_LT(gzip.size() * 200, text.size());
    // 200 times the body and no more than 4 MiB.
    EXPECT_EQ(status_of(gzip, "application/json", "gzip"), 413);
    EXPECT_EQ(status_of(deflated(text, -15), "application/json", "deflate"), 413);
    std::string noise;
    for (std::uint64_t i = 0; noise.size() < (5U << 20U); ++i) {
        noise.append(std::to_string(i * 0x9E3779B97F4A7C15ULL));
    }
    gzip = deflated("{\"x\":\"" + noise + "\"}", 15 + 16);
    EXPECT_EQ(status_of(gzip, "application/json", "gzip"), 204);
    EXPECT_GT(decompressed_size_hint(gzip, "application/json", "gzip"), noise.size());
    gzip.replace(gzip.size() - 4, 4, std::string(4, '\0'));
    EXPECT_NE(status_of(gzip, "application/json", "gzip"), 204);
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
    EXPECT_EQ(json_string_size("a<b>&\"\\\n\x01\xff\xe2\x80\xa8\xc3\xa9"), out.size());
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
