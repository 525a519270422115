#include "fields/hinted_fields.h"

#include <gtest/gtest.h>

namespace logi::fields {
namespace {

const std::map<std::string, std::vector<std::string>> kHints = {
    {"org", {"org_id", "user_id"}},
    {"product", {"details.items[0].id", "odd key", "@id"}},
    {"trace", {"trace_id", "traceID"}}};

std::string find(std::string_view line, const Labels& labels, std::vector<MetadataView> metadata) {
    Scratch scratch;
    std::string out;
    const HintedFields fields(kHints);  // whose names are found
    for (const auto& found : fields.find(labels, metadata, line, scratch)) {
        out.append(out.empty() ? "" : "|").append(found.name).append("=").append(found.value);
    }
    return out;
}

std::string in_line(std::string_view line) {
    return find(line, Labels(), {});
}

TEST(HintedFields, LabelsComeBeforeMetadataAndThatBeforeTheLine) {
    const Labels labels = *Labels::parse(R"({trace_id="of labels", user_id="u"})");
    const std::vector<MetadataView> metadata = {{"org_id", "o"}, {"traceID", "of metadata"}};
    const std::string_view line = "trace_id=t org_id=l";
    EXPECT_EQ(find(line, labels, metadata), "org=u|trace=of labels");
    EXPECT_EQ(find(line, Labels(), metadata), "org=o|trace=of metadata");
    EXPECT_EQ(find(line, Labels(), {{"trace_id", ""}}), "org=l|trace=t");
    EXPECT_EQ(find("plain", Labels(), {}), "");
    EXPECT_TRUE(HintedFields().find(labels, metadata, line, *std::make_unique<Scratch>()).empty());
}

TEST(HintedFields, PathsInJson) {
    EXPECT_EQ(in_line(R"({"details":{"items":[{"id":7}]},"org_id":"a\"b"})"), "org=a\"b|product=7");
    EXPECT_EQ(in_line(R"(  {"user_id":"second","org_id":"first"} )"), "org=first");
    EXPECT_EQ(in_line(R"({"odd key":"k","trace_id":"","traceID":"t"})"), "product=k|trace=t");
    EXPECT_EQ(in_line(R"({"@id":"i","org_id":null})"), "product=i");
    EXPECT_EQ(in_line(R"({"Org_id":"case matters"})"), "");
    EXPECT_EQ(in_line(R"({"org_id":"cut)"), "");
}

TEST(HintedFields, KeysInLogfmt) {
    EXPECT_EQ(in_line(R"(x=y USER_ID=second org_id="the first")"), "org=the first");
    EXPECT_EQ(in_line("traceid=a traceID=b"), "trace=a");
    EXPECT_EQ(in_line("org_id= user_id=u"), "org=u");
}

}  // namespace
}  // namespace logi::fields
