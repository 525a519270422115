#include "agent/receive/gelf_message.h"

#include "base/rfc3339.h"

#include <gtest/gtest.h>

#include <zlib.h>

namespace logi::agent {
namespace {

constexpr int kGzip = 15 + 16;
constexpr int kZlib = 15;

std::string compressed(const std::string& text, int window) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(deflateBound(&stream, text.size()) + 32, '\0');
    std::string in = text;
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string chunk(char id, int number, int count, const std::string& piece) {
    std::string out = "\x1e\x0f";
    out.append(8, id);
    out.push_back(static_cast<char>(number));
    out.push_back(static_cast<char>(count));
    return out + piece;
}

TEST(Gelf, WhatAMessageSaysOfItself) {
    const auto m = parse_gelf(
        R"({"version":"1.1","host":"h","short_message":"s","timestamp":1385053862.3072,"level":3,
            "facility":"f","_x":{"y":1}})");
    ASSERT_TRUE(m.ok()) << m.status();
    EXPECT_EQ(m->version, "1.1");
    EXPECT_EQ(m->host, "h");
    EXPECT_EQ(m->facility, "f");
    EXPECT_EQ(m->level, 3U);
    EXPECT_EQ(m->time, *parse_rfc3339("2013-11-21T17:11:02.3072Z"));
}

TEST(Gelf, WhatIsNotThereOrOfAnotherType) {
    EXPECT_EQ(parse_gelf("{}")->level, 1U);
    EXPECT_EQ(parse_gelf("{}")->time, std::nullopt);
    EXPECT_EQ(parse_gelf(R"({"level":"6","timestamp":"1"})")->level, 6U);
    EXPECT_EQ(parse_gelf(R"({"level":"6","timestamp":"1"})")->time, Timestamp{1'000'000'000});
    EXPECT_EQ(parse_gelf(R"({"level":99,"timestamp":1e300})")->level, 7U);
    EXPECT_EQ(parse_gelf(R"({"level":99,"timestamp":1e300})")->time, std::nullopt);
    EXPECT_EQ(parse_gelf(R"({"level":-1,"host":1,"version":null})")->host, "1");
    EXPECT_EQ(parse_gelf(R"({"level":-1,"host":1,"version":null})")->version, "");
    for (const char* text : {"", "x", "[]", "1", "{\"a\"", "{} x"}) {
        EXPECT_FALSE(parse_gelf(text).ok()) << text;
    }
}

TEST(Gelf, Compressed) {
    const std::string text = "{\"a\":\"" + std::string(1000, 'b') + "\"}";
    EXPECT_EQ(*gelf_json(text), text);
    EXPECT_EQ(*gelf_json(compressed(text, kGzip)), text);
    EXPECT_EQ(*gelf_json(compressed(text, kZlib)), text);
    EXPECT_FALSE(gelf_json(compressed(text, kGzip).substr(0, 20)).ok());
    EXPECT_FALSE(gelf_json(compressed(text, kZlib).substr(0, 10)).ok());
    EXPECT_TRUE(
        absl::IsOutOfRange(gelf_json(compressed(std::string(17U << 20U, ' '), kZlib)).status()));
}

TEST(GelfChunks, InAnyOrder) {
    GelfChunks chunks;
    const Timestamp now{};
    EXPECT_EQ(*chunks.add(chunk('a', 2, 3, "three"), "1.1.1.1", now), std::nullopt);
    EXPECT_EQ(*chunks.add(chunk('a', 0, 2, "other"), "2.2.2.2", now), std::nullopt);
    EXPECT_EQ(*chunks.add(chunk('a', 0, 3, "one "), "1.1.1.1", now), std::nullopt);
    EXPECT_EQ(*chunks.add(chunk('a', 0, 3, "one "), "1.1.1.1", now), std::nullopt);
    EXPECT_EQ(*chunks.add(chunk('a', 1, 3, "two "), "1.1.1.1", now), "one two three");
    EXPECT_EQ(*chunks.add(chunk('a', 1, 2, "!"), "2.2.2.2", now), "other!");
    EXPECT_EQ(*chunks.add(chunk('b', 0, 1, ""), "2.2.2.2", now), "");
    EXPECT_EQ(chunks.given_up(now + Duration::minutes(1)), 0U);
}

TEST(GelfChunks, WhatIsNone) {
    GelfChunks chunks;
    for (const std::string& bytes : {std::string("\x1e\x0f"),
                                     std::string("{}"),
                                     chunk('a', 0, 0, "x"),
                                     chunk('a', 2, 2, "x"),
                                     chunk('a', 0, 129, "x")}) {
        EXPECT_FALSE(chunks.add(bytes, "h", {}).ok());
    }
    EXPECT_TRUE(chunks.add(chunk('a', 0, 2, "x"), "h", {}).ok());
    EXPECT_FALSE(chunks.add(chunk('a', 1, 3, "x"), "h", {}).ok());
    EXPECT_FALSE(GelfChunks::is_chunk("{}"));
}

TEST(GelfChunks, AreGivenUpWhenTheyAreOldOrTooMuch) {
    GelfChunks chunks;
    const Timestamp now{};
    EXPECT_TRUE(chunks.add(chunk('a', 0, 2, "x"), "h", now).ok());
    EXPECT_EQ(chunks.given_up(now + Duration::seconds(5)), 0U);
    EXPECT_EQ(chunks.given_up(now + Duration::seconds(6)), 1U);
    // The number may be used again.
    EXPECT_EQ(*chunks.add(chunk('a', 1, 2, "y"), "h", now + Duration::seconds(6)), std::nullopt);
    EXPECT_EQ(*chunks.add(chunk('a', 0, 2, "x"), "h", now + Duration::seconds(7)), "xy");
    const std::string large(1U << 20U, 'x');
    for (int i = 0; i < 40; ++i) {
        EXPECT_TRUE(chunks.add(chunk(static_cast<char>(i), 0, 2, large), "h", now).ok());
    }
    EXPECT_EQ(chunks.given_up(now), 8U);
}

}  // namespace
}  // namespace logi::agent
