#include "base/log.h"

#include <gtest/gtest.h>

namespace logi::base {
namespace {

std::string logfmt(const std::string& value) {
    return log_line(LogFormat::kLogfmt, "T", LogLevel::kInfo, "m", {{"k", value}});
}

std::string json(const std::string& value) {
    return log_line(LogFormat::kJson, "T", LogLevel::kWarn, "m", {{"k", value}});
}

TEST(Log, WritesLogfmt) {
    EXPECT_EQ(log_line(LogFormat::kLogfmt, "T", LogLevel::kError, "it broke", {}),
              "ts=T level=error msg=\"it broke\"");
    EXPECT_EQ(logfmt("plain-1.5s/{}"), "ts=T level=info msg=m k=plain-1.5s/{}");
    EXPECT_EQ(logfmt(""), "ts=T level=info msg=m k=\"\"");
    EXPECT_EQ(logfmt("a b"), "ts=T level=info msg=m k=\"a b\"");
    EXPECT_EQ(logfmt("a=b"), "ts=T level=info msg=m k=\"a=b\"");
    EXPECT_EQ(logfmt("é"), "ts=T level=info msg=m k=é");
}

TEST(Log, WritesJson) {
    EXPECT_EQ(json("a"), R"({"ts":"T","level":"warn","msg":"m","k":"a"})");
    EXPECT_EQ(json(""), R"({"ts":"T","level":"warn","msg":"m","k":""})");
}

TEST(Log, AValueStaysOneValueOfOneLine) {
    const std::string forged = "x\" level=error\nts=T level=info msg=\"forged";
    EXPECT_EQ(logfmt(forged),
              R"(ts=T level=info msg=m k="x\" level=error\nts=T level=info msg=\"forged")");
    EXPECT_EQ(json("\",\"level\":\"info\"}\r\n{\\"),
              R"({"ts":"T","level":"warn","msg":"m","k":"\",\"level\":\"info\"}\r\n{\\"})");
    // Terminals: an escape, the same as one rune, DEL; what else ends lines; bytes that are no
    // text.
    EXPECT_EQ(logfmt("\x1b[31m\xc2\x9b\x7f\t"),
              R"(ts=T level=info msg=m k="\u001b[31m\u009b\u007f\t")");
    EXPECT_EQ(logfmt("a\u2028b\u2029c\u0085"),
              R"(ts=T level=info msg=m k="a\u2028b\u2029c\u0085")");
    EXPECT_EQ(logfmt(std::string("\xff\x00z", 3)), R"(ts=T level=info msg=m k="\ufffd\u0000z")");
}

TEST(Log, AValueIsCutBetweenRunes) {
    std::string value(16383, 'a');
    value += "éb";
    const std::string line = logfmt(value);
    EXPECT_TRUE(line.ends_with("aaa... of 16386 bytes\"")) << line.substr(line.size() - 40);
}

TEST(Log, KnowsItsFormats) {
    LogFormat format = LogFormat::kLogfmt;
    EXPECT_TRUE(parse_log_format("json", format));
    EXPECT_EQ(format, LogFormat::kJson);
    EXPECT_TRUE(parse_log_format("logfmt", format));
    EXPECT_EQ(format, LogFormat::kLogfmt);
    EXPECT_FALSE(parse_log_format("JSON", format));
}

}  // namespace
}  // namespace logi::base
