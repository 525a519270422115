#include "fields/level.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace logi::fields {
namespace {

const std::vector<std::string> kNames = {"level",
                                         "LEVEL",
                                         "Level",
                                         "log.level",
                                         "severity",
                                         "SEVERITY",
                                         "Severity",
                                         "SeverityText",
                                         "lvl",
                                         "LVL",
                                         "Lvl",
                                         "severity_text",
                                         "Severity_Text",
                                         "SEVERITY_TEXT"};

std::string level_of(std::string_view line, std::vector<MetadataView> metadata = {}) {
    const LevelDetector detector({kNames, 2});
    Scratch scratch;
    return std::string(detector.of_entry(metadata, line, scratch));
}

TEST(Level, OfLines) {
    struct Case {
        const char* line;
        const char* level;
    };
    for (const auto& [line, level] :
         std::vector<Case>{{"hello", "unknown"},
                           {"ERROR x", "error"},
                           {"terror x", "unknown"},
                           {"[warn] y", "warn"},
                           {"x=err", "error"},
                           {"level=WARN error", "warn"},
                           {"LVL=zzz info", "info"},
                           {"information here", "unknown"},
                           {"errors happened", "unknown"},
                           {"no error here", "error"},
                           {"error.", "unknown"},
                           {"info;", "unknown"},
                           {"2024 INFO: error", "info"},
                           {"panic: x", "unknown"},
                           {"", "unknown"},
                           {"a line long enough for vectors before a Critical, thing", "critical"},
                           {"warning: deprecated call", "warn"},
                           {"error=nil all fine", "error"},
                           {"severity=NOTICE", "unknown"},
                           {"severity=wrn level=dbg", "debug"},
                           {"lvl=info severity=error", "error"},
                           {"LEVEL=WARN Level=info level=debug", "warn"},
                           // What is behind a malformed pair is read as text.
                           {"=novalue level=warn", "warn"},
                           {"a=\"b level=trc", "unknown"},
                           {"level=inf", "info"},
                           {R"({"level":"Fatal","msg":"error"})", "fatal"},
                           {R"({"a":{"level":"dbg"}})", "debug"},
                           {R"({"a":{"b":{"level":"dbg"}}})", "unknown"},
                           {R"({"level":"foo"} error)", "error"},
                           {R"({"level":30})", "unknown"},
                           {R"({"level":30,"severity":"err"})", "error"},
                           {R"({"severity":"wrn","level":"dbg"})", "warn"},
                           {R"({"LeVeL":"dbg"})", "unknown"},
                           {R"({"a":{"level":""},"level":"dbg"})", "unknown"},
                           {R"({"log.level":"trc"} )", "trace"},
                           {" {\"level\":\"INFORMATION\"}\n", "info"},
                           {R"({"a":broken,"level":"dbg"})", "unknown"}}) {
        EXPECT_EQ(level_of(line), level) << line;
    }
}

TEST(Level, OfMetadataAndLabels) {
    EXPECT_EQ(level_of("error", {{"level", "inf"}}), "info");
    EXPECT_EQ(level_of("error", {{"level", ""}, {"severity", "warn"}}), "warn");
    EXPECT_EQ(level_of("error", {{"lvl", "i"}, {"severity", "x"}}), "x");
    for (const auto& [number, level] :
         std::vector<std::pair<const char*, const char*>>{{"0", "unknown"},
                                                          {"1", "trace"},
                                                          {"4", "trace"},
                                                          {"5", "debug"},
                                                          {"9", "info"},
                                                          {"16", "warn"},
                                                          {"17", "error"},
                                                          {"24", "fatal"},
                                                          {"25", "unknown"},
                                                          {"-1", "trace"},
                                                          {"zz", "info"}}) {
        EXPECT_EQ(level_of("plain", {{"severity_number", number}}), level) << number;
    }
    const LevelDetector detector({kNames, 2});
    EXPECT_EQ(detector.of_labels(*Labels::parse("{level=\"Warning\", lvl=\"x\"}")), "warn");
    EXPECT_EQ(detector.of_labels(*Labels::parse("{lvl=\"strange\"}")), "strange");
    EXPECT_EQ(detector.of_labels(*Labels::parse("{app=\"x\"}")), "");
    EXPECT_EQ(normalised_level("ERR"), "error");
    EXPECT_EQ(normalised_level("custom"), "custom");
}

TEST(Level, RulesAreTheTenants) {
    const auto level = [](const std::vector<std::string>& names,
                          std::int64_t json_depth_max,
                          std::string_view line) {
        const LevelDetector detector({names, json_depth_max});
        Scratch scratch;
        return std::string(detector.of_entry({}, line, scratch));
    };
    const std::string deep = R"({"a":{"b":{"c":{"prio":"dbg"}}}})";
    EXPECT_EQ(level({"prio"}, 4, deep), "debug");
    EXPECT_EQ(level({"prio"}, 3, deep), "unknown");
    EXPECT_EQ(level({"prio"}, 0, deep), "debug");
    EXPECT_EQ(level({}, 2, "level=debug"), "debug");  // as text
    EXPECT_EQ(level({}, 2, "level=dbg"), "unknown");
    std::string bottomless = "}";
    for (int i = 0; i < 5000; ++i) {
        bottomless = "{\"a\":" + bottomless + "}";
    }
    EXPECT_EQ(level({"prio"}, 0, bottomless), "unknown");
}

TEST(Level, BothSearchesAgree) {
    const std::vector<std::string> parts = {
        "trace", "DEBUG", "inf", "o", "warn", "ing", "err", "or", "critical", "fatal",
        " ",     "=",     "[",   "]", "\"",   "x",   ".",   "\t", ":",        "\xc9"};
    std::mt19937 random(9);
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (std::size_t n = random() % 12; n > 0; --n) {
            text += parts[random() % parts.size()];
        }
        const std::vector<char> exact(text.begin(), text.end());
        const std::string_view view(exact.data(), exact.size());
        EXPECT_EQ(level_in_text(view), level_in_text_portable(view)) << text;
    }
}

}  // namespace
}  // namespace logi::fields
