#include "api/compression.h"

#include "wire/decompress.h"

#include <gtest/gtest.h>

namespace logi::api {
namespace {

net::HttpResponse answer(const std::string& accepted, net::HttpResponse response) {
    net::HttpRequest request;
    if (!accepted.empty()) {
        request.headers.emplace_back("accept-encoding", accepted);
    }
    net::HttpResponse out;
    compressing(request, [&](net::HttpResponse r) { out = std::move(r); })(std::move(response));
    return out;
}

TEST(Compression, KnowsWhoWantsIt) {
    for (const char* yes : {"gzip",
                            "GZIP",
                            "deflate, gzip;q=1.0, *;q=0.5",
                            "br;q=1.0 , gzip ; q=0.001",
                            "*",
                            "identity;q=0, *"}) {
        EXPECT_TRUE(accepts_gzip(yes)) << yes;
    }
    for (const char* no : {"",
                           "identity",
                           "br",
                           "gzip;q=0",
                           "gzip; q=0.000, *",
                           "gzip;q=rubbish",
                           "*;q=0",
                           "x-gzip2",
                           ",;,=;"}) {
        EXPECT_FALSE(accepts_gzip(no)) << no;
    }
}

TEST(Compression, KeepsTheText) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) {
        text += std::to_string(i * 7919) + (i % 3 == 0 ? "\n" : "\"},{\"");
    }
    const auto small = answer("gzip", {200, {{"Content-Type", "application/json"}}, text});
    EXPECT_EQ(small.header("Content-Encoding"), "gzip");
    EXPECT_EQ(small.header("Content-Type"), "application/json");
    EXPECT_EQ(small.header("Vary"), "Accept-Encoding");
    EXPECT_LT(small.body.size(), text.size() / 2);
    const auto again = wire::gunzip(small.body, text.size());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, text);
}

TEST(Compression, TextsThatDoNotGetSmallerAreWhole) {
    std::string text;
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < kCompressedBytesMin * 10; ++i) {
        state = state * 1'664'525 + 1'013'904'223;
        text.push_back(static_cast<char>(state >> 24U));
    }
    const auto packed = answer("gzip", {500, {}, text});
    EXPECT_EQ(packed.status, 500);
    EXPECT_EQ(*wire::gunzip(packed.body, text.size()), text);
}

TEST(Compression, LeavesTheRestAsItIs) {
    const std::string text(kCompressedBytesMin, 'x');
    EXPECT_EQ(answer("", {200, {}, text}).body, text);
    EXPECT_EQ(answer("", {200, {}, text}).header("Vary"), "Accept-Encoding");
    EXPECT_EQ(answer("gzip", {200, {}, text.substr(1)}).body, text.substr(1));
    EXPECT_EQ(answer("gzip", {200, {}, text.substr(1)}).header("Vary"), "");
    EXPECT_EQ(answer("gzip", {200, {{"Content-Encoding", "br"}}, text}).body, text);
    const std::string huge(kCompressedBytesMax + 1, 'x');
    EXPECT_EQ(answer("gzip", {200, {}, huge}).body.size(), huge.size());
}

}  // namespace
}  // namespace logi::api
