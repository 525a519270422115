#include "agent/files/line_decoder.h"

#include <gtest/gtest.h>

namespace logi::agent {
namespace {

using namespace std::string_literals;

std::vector<std::string> lines_of(const std::string& encoding, std::string_view bytes) {
    auto decoder = LineDecoder::make(encoding, bytes);
    EXPECT_TRUE(decoder.ok()) << decoder.status();
    std::vector<std::string> lines;
    for (std::size_t end = (*decoder)->line_end(bytes); end != std::string_view::npos;
         end = (*decoder)->line_end(bytes)) {
        lines.emplace_back((*decoder)->decode(bytes.substr(0, end)));
        bytes.remove_prefix(end);
    }
    return lines;
}
using Lines = std::vector<std::string>;

TEST(LineDecoderTest, Utf16OfBothOrders) {
    EXPECT_EQ(lines_of("UTF-16",
                       "\xFF\xFE"s
                       "a\0\n\0b\0\n\0"s),
              (Lines{"a", "b"}));
    EXPECT_EQ(lines_of("utf-16",
                       "\xFE\xFF"s
                       "\0a\0\n"s),
              Lines{"a"});
    EXPECT_EQ(lines_of("UTF-16", "\0a\0\n"s), Lines{"a"});
    EXPECT_EQ(lines_of("UTF-16LE", "a\0\n\0"s), Lines{"a"});
    // A character that has the byte of a line's end in it.
    EXPECT_EQ(lines_of("UTF-16LE", "\x0A\x0Ax\0\n\0"s), Lines{"\xE0\xA8\x8Ax"});
    EXPECT_EQ(lines_of("UTF-16BE", "\x0A\x0A\0x\0\n"s), Lines{"\xE0\xA8\x8Ax"});
    EXPECT_EQ(lines_of("UTF-16LE", "a\0\n"s), Lines{});
}

TEST(LineDecoderTest, Others) {
    EXPECT_EQ(lines_of("ISO-8859-1", "f\xFC\n"), Lines{"f\xC3\xBC"});
    EXPECT_EQ(lines_of("windows-1252", "\x80\n"), Lines{"\xE2\x82\xAC"});
    EXPECT_EQ(lines_of("Shift_JIS", "\x83\x8D\x83\x4F\n"), Lines{"ログ"});
    EXPECT_EQ(lines_of("UTF-16LE",
                       "\x00\xDC"s
                       "x\0\n\0"s),
              Lines{"\xEF\xBF\xBDx"});
    EXPECT_EQ(*LineDecoder::make("UTF-8", ""), nullptr);
    EXPECT_EQ(*LineDecoder::make("", ""), nullptr);
    EXPECT_EQ(LineDecoder::make("klingon", "").status().message(),
              "there is no encoding 'klingon'");
}

}  // namespace
}  // namespace logi::agent
