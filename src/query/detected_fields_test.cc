#include "query/detected_fields.h"

#include <gtest/gtest.h>

namespace logi::query {
namespace {

constexpr std::int64_t kMemoryBytes = 1 << 20;

LogRow row(const char* stream,
           std::string line,
           std::vector<LabelPair> metadata = {},
           std::vector<LabelPair> parsed = {}) {
    return {{0},
            std::make_shared<Labels>(*Labels::parse(stream)),
            std::move(line),
            std::move(metadata),
            std::move(parsed),
            {}};
}

// name:type:cardinality:parsers:path, …
std::string fields_of(const std::vector<LogRow>& rows, std::size_t fields_max = 100) {
    exec::MemoryBudget memory(kMemoryBytes);
    const auto fields = detected_fields(rows, fields_max, {memory, {}});
    EXPECT_TRUE(fields.ok()) << fields.status();
    std::string text;
    for (const auto& f : *fields) {
        text += f.name + ":" + std::string(fields::field_type_name(f.type)) + ":" +
                std::to_string(f.values) + ":";
        for (const auto& parser : f.parsers) {
            text += parser + " ";
        }
        for (const auto& key : f.json_path) {
            text += "/" + key;
        }
        text += ", ";
    }
    return text;
}

std::vector<std::string> values_of(const std::vector<LogRow>& rows,
                                   std::string_view name,
                                   std::size_t values_max = 100) {
    exec::MemoryBudget memory(kMemoryBytes);
    const auto values = detected_field_values(rows, name, values_max, {memory, {}});
    EXPECT_TRUE(values.ok()) << values.status();
    return *values;
}

using Strings = std::vector<std::string>;

TEST(DetectedFields, JsonElseLogfmtElseNothing) {
    EXPECT_EQ(fields_of({}), "");
    EXPECT_EQ(fields_of({row("{a=\"b\"}", R"({"x": {"y z": 1}, "n": null, "l": [1]})")}),
              "x_y_z:int:1:json /x/y z, ");
    EXPECT_EQ(fields_of({row("{a=\"b\"}", "x=1.5 y = z")}), "x:float:1:logfmt , ");
    EXPECT_EQ(fields_of({row("{a=\"b\"}", R"({"x": "cut)")}), "");
    EXPECT_EQ(fields_of({row("{a=\"b\"}", "no fields at all"), row("{a=\"b\"}", "")}), "");
}

TEST(DetectedFields, OfALineTheFirstCounts) {
    const auto rows = {row("{a=\"b\"}", R"({"x": "1", "x": "two", "a": 5})")};
    EXPECT_EQ(fields_of(rows), "a_extracted:int:1:json /a, x:int:1:json /x, ");
    EXPECT_EQ(values_of(rows, "x"), Strings{"1"});
    EXPECT_EQ(values_of(rows, "a"), Strings{});
    EXPECT_EQ(values_of(rows, "a_extracted"), Strings{"5"});
}

TEST(DetectedFields, MetadataHasNoParserUnlessALineHasTheFieldToo) {
    EXPECT_EQ(fields_of({row("{a=\"b\"}", "x", {{"m", "3s"}})}), "m:duration:1:, ");
    EXPECT_EQ(
        fields_of({row("{a=\"b\"}", "m=4s", {{"m", "3s"}}), row("{a=\"b\"}", R"({"m": "5s"})")}),
        "m:duration:3:logfmt json /m, ");
}

TEST(DetectedFields, FieldsOfTheQueryGetTheParserOfTheirLine) {
    EXPECT_EQ(fields_of({row("{a=\"b\"}", "word", {}, {{"w", "word"}, {"__error__", "x"}})}),
              "w:string:1:logfmt , ");
    EXPECT_EQ(fields_of({row("{a=\"b\"}", R"({"w": 7})", {}, {{"w", "true"}})}),
              "w:boolean:2:json /w, ");
}

TEST(DetectedFields, TheTypeIsThatOfTheLastValueStreamByStream) {
    EXPECT_EQ(fields_of({row("{a=\"b\"}", "x=1"), row("{a=\"b\"}", "x=y")}),
              "x:string:2:logfmt , ");
    EXPECT_EQ(fields_of({row("{a=\"c\"}", "x=1"), row("{a=\"b\"}", "x=y")}), "x:int:2:logfmt , ");
}

TEST(DetectedFields, LimitsCountWhatIsDifferent) {
    const auto rows = {
        row("{a=\"b\"}", "x=1 y=2"), row("{a=\"b\"}", "z=3 y=4"), row("{a=\"b\"}", "y=5 x=6 x=7")};
    EXPECT_EQ(fields_of(rows, 2), "x:int:2:logfmt , y:int:3:logfmt , ");
    EXPECT_EQ(values_of(rows, "y", 2), (Strings{"2", "4"}));
    EXPECT_EQ(values_of(rows, "y", 3), (Strings{"2", "4", "5"}));
}

TEST(DetectedFields, SizesCanStandInAQuery) {
    const auto rows = {row("{a=\"b\"}", "s=\"1.5 kB\""),
                       row("{a=\"b\"}", "s=2MiB"),
                       row("{a=\"b\"}", "s=17"),
                       row("{a=\"b\"}", "s=nothing")};
    EXPECT_EQ(values_of(rows, "s"), (Strings{"1.5kB", "17", "2.1MB", "nothing"}));
}

TEST(DetectedFields, MemoryIsBounded) {
    std::string line;
    for (int i = 0; i < 1000; ++i) {
        line += "f" + std::to_string(i) + "=v ";
    }
    const std::vector<LogRow> rows = {row("{a=\"b\"}", line)};
    exec::MemoryBudget memory(20'000);
    EXPECT_EQ(detected_fields(rows, 1000, {memory, {}}).status().code(),
              absl::StatusCode::kResourceExhausted);
    exec::MemoryBudget for_rows(1000);
    EXPECT_EQ(detected_field_values(rows, "x", 1000, {for_rows, {}}).status().code(),
              absl::StatusCode::kResourceExhausted);
}

TEST(DetectedFields, NobodyWaits) {
    exec::MemoryBudget memory(kMemoryBytes);
    const io::CancelToken cancel;
    cancel.cancel();
    EXPECT_EQ(detected_fields({row("{a=\"b\"}", "x=1")}, 10, {memory, cancel}).status().code(),
              absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace logi::query
