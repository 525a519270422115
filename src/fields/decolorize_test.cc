#include "fields/decolorize.h"

#include "regex/regex.h"
#include "regex/replace.h"

#include <gtest/gtest.h>

#include <random>

namespace logi::fields {
namespace {

std::string plain(std::string_view line) {
    std::string buffer;
    return std::string(decolorize(line, buffer));
}

TEST(Decolorize, RemovesSequences) {
    EXPECT_EQ(plain("\x1b[31mred\x1b[0m plain"), "red plain");
    EXPECT_EQ(plain("\x1b[1;32;40mbold green\x1b[0m \x1b[4mul\x1b[24m"), "bold green ul");
    EXPECT_EQ(plain("\x1b[38;2;10;20;30mrgb\x1b[m"), "rgb");
    EXPECT_EQ(plain("\x1b[2J\x1b[Hcleared"), "cleared");
    EXPECT_EQ(plain("\x1b]0;title\x07"
                    "after title"),
              "after title");
    EXPECT_EQ(plain("no codes [31m here"), "no codes [31m here");
    EXPECT_EQ(plain("\x1b[?25lhidden\x1b[?25h"), "hidden");
    EXPECT_EQ(plain("\x1b(Bcharset"), "charset");
    EXPECT_EQ(plain("\xc2\x9b"
                    "33mcsi8"),
              "csi8");
    EXPECT_EQ(plain("broken \x1b[ 31m"), "broken \x1b[ 31m");
    EXPECT_EQ(plain("\x1b]8;;http://x\x07link"), "ttp://x\x07link");
}

TEST(Decolorize, AgreesWithTheRegularExpression) {
    const auto regex = regex::Regex::compile(
        "[\x1b\xc2\x9b][][()#;?]*"
        "([a-zA-Z\\d]*(;[a-zA-Z\\d]*)*\x07"
        "|(\\d{1,4}(;\\d{0,4})*)?[\\dA-PRZcf-nqrty=><~])",
        {});
    ASSERT_TRUE(regex.ok()) << regex.status();
    const std::vector<std::string> parts = {
        "\x1b", "\x1b[", "\xc2\x9b", "31",    "m",        "1;32", "x", ";", "[", "(", "?", "0",
        "\x07", "B",     "hello",    "12345", "\xc3\xa9", " ",    "=", "~", "#", "Z", "z"};
    std::mt19937 random(5);
    for (int round = 0; round < 20'000; ++round) {
        std::string line;
        for (std::size_t n = random() % 12; n > 0; --n) {
            line += parts[random() % parts.size()];
        }
        std::string expected;
        regex::replace_all(**regex, line, regex::Replacement(""), [&](std::string_view piece) {
            expected.append(piece);
            return true;
        });
        EXPECT_EQ(plain(line), expected) << line;
    }
}

}  // namespace
}  // namespace logi::fields
