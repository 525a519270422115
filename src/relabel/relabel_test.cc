#include "relabel/relabel.h"

#include <gtest/gtest.h>

namespace logi {
namespace {

struct Case {
    const char* what;
    RelabelOptions options;
    const char* before;
    const char* after;  // null: dropped
};

// The labels as Prometheus's documentation says that they come out.
const Case kCases[] = {
    {"replace copies",
     {.source_labels = {"a"}, .target_label = "b"},
     R"({a="x"})",
     R"({a="x", b="x"})"},
    {"replace joins",
     {.source_labels = {"a", "b"}, .target_label = "c"},
     R"({a="x", b="y"})",
     R"({a="x", b="y", c="x;y"})"},
    {"a separator of its own, and a label that is not there",
     {.source_labels = {"a", "z"}, .separator = "/", .target_label = "c"},
     R"({a="x"})",
     R"({a="x", c="x/"})"},
    {"groups",
     {.source_labels = {"a"},
      .regex = "(.+)-(?P<n>.+)",
      .target_label = "b",
      .replacement = "${n}.$1"},
     R"({a="x-y"})",
     R"({a="x-y", b="y.x"})"},
    {"a group in the name",
     {.source_labels = {"a"}, .regex = "(.+)=(.+)", .target_label = "k_$1", .replacement = "$2"},
     R"({a="x=y"})",
     R"({a="x=y", k_x="y"})"},
    {"a name that is none writes nothing",
     {.source_labels = {"a"}, .regex = "(.+)", .target_label = "$1-", .replacement = "v"},
     R"({a="x"})",
     R"({a="x"})"},
    {"the whole text must match",
     {.source_labels = {"a"}, .regex = "x", .target_label = "b", .replacement = "v"},
     R"({a="xx"})",
     R"({a="xx"})"},
    {"an empty replacement removes",
     {.source_labels = {"a"}, .target_label = "a", .replacement = ""},
     R"({a="x", b="y"})",
     R"({b="y"})"},
    {"without sources there is a constant",
     {.target_label = "b", .replacement = "v"},
     "{}",
     R"({b="v"})"},
    {"keep",
     {.source_labels = {"a"}, .regex = "x|y", .action = "keep"},
     R"({a="y"})",
     R"({a="y"})"},
    {"keep drops others",
     {.source_labels = {"a"}, .regex = "x|y", .action = "keep"},
     R"({a="z"})",
     nullptr},
    {"keep of an absent label",
     {.source_labels = {"q"}, .regex = "", .action = "Keep"},
     R"({a="z"})",
     R"({a="z"})"},
    {"drop", {.source_labels = {"a"}, .regex = "x.*", .action = "drop"}, R"({a="xy"})", nullptr},
    {"drop keeps others",
     {.source_labels = {"a"}, .regex = "x", .action = "drop"},
     R"({a="xy"})",
     R"({a="xy"})"},
    {"a dot is a newline, too",
     {.source_labels = {"a"}, .regex = "x.y", .action = "keep"},
     "{a=\"x\\ny\"}",
     "{a=\"x\\ny\"}"},
    {"keepequal",
     {.source_labels = {"a"}, .target_label = "b", .action = "keepequal"},
     R"({a="1", b="1"})",
     R"({a="1", b="1"})"},
    {"keepequal drops",
     {.source_labels = {"a"}, .target_label = "b", .action = "keepequal"},
     R"({a="1", b="2"})",
     nullptr},
    {"dropequal",
     {.source_labels = {"a"}, .target_label = "b", .action = "dropequal"},
     R"({a="1", b="1"})",
     nullptr},
    {"dropequal keeps",
     {.source_labels = {"a"}, .target_label = "b", .action = "dropequal"},
     R"({a="1", b="2"})",
     R"({a="1", b="2"})"},
    // The last eight bytes of the MD5 of "foo" are edef654fccc4a4d8.
    {"hashmod",
     {.source_labels = {"a"}, .modulus = 1000, .target_label = "b", .action = "hashmod"},
     R"({a="foo"})",
     R"({a="foo", b="696"})"},
    {"labelmap",
     {.regex = "__meta_(.+)", .action = "labelmap"},
     R"({__meta_x="1", __meta_y="2", z="3"})",
     R"({__meta_x="1", __meta_y="2", x="1", y="2", z="3"})"},
    {"labelmap with a replacement",
     {.regex = "m_(.+)", .replacement = "n_${1}", .action = "labelmap"},
     R"({m_x="1"})",
     R"({m_x="1", n_x="1"})"},
    {"labeldrop",
     {.regex = "a.*", .action = "labeldrop"},
     R"({a="1", ab="2", b="3"})",
     R"({b="3"})"},
    {"labelkeep",
     {.regex = "a.*", .action = "labelkeep"},
     R"({a="1", ab="2", b="3"})",
     R"({a="1", ab="2"})"},
    {"lowercase",
     {.source_labels = {"a"}, .target_label = "a", .action = "lowercase"},
     R"({a="xY"})",
     R"({a="xy"})"},
    {"uppercase",
     {.source_labels = {"a"}, .target_label = "b", .action = "uppercase"},
     R"({a="xY"})",
     R"({a="xY", b="XY"})"},
};

TEST(RelabelTest, ActsAsPrometheus) {
    for (const Case& c : kCases) {
        const auto rule = RelabelRule::make(c.options);
        ASSERT_TRUE(rule.ok()) << c.what << ": " << rule.status();
        std::vector<LabelPair> labels = Labels::parse(c.before)->pairs();
        const bool kept = rule->apply(labels);
        EXPECT_EQ(kept ? Labels::from_pairs(labels).to_string() : "dropped",
                  c.after == nullptr ? "dropped" : c.after)
            << c.what;
    }
}

TEST(RelabelTest, RulesApplyOneAfterAnother) {
    const std::vector<RelabelRule> rules = {
        *RelabelRule::make({.source_labels = {"a"}, .target_label = "b"}),
        *RelabelRule::make({.source_labels = {"b"}, .regex = "x", .action = "drop"})};
    std::vector<LabelPair> labels = {{"a", "x"}};
    EXPECT_FALSE(relabel(rules, labels));
    labels = {{"a", "y"}};
    EXPECT_TRUE(relabel(rules, labels));
    EXPECT_EQ(Labels::from_pairs(labels).to_string(), R"({a="y", b="y"})");
}

TEST(RelabelTest, RefusesWhatIsNoRule) {
    const auto message = [](const RelabelOptions& options) {
        return std::string(message_of(RelabelRule::make(options).status()));
    };
    EXPECT_EQ(message({.action = "repace"}), "unknown relabel action \"repace\"");
    EXPECT_EQ(message({.source_labels = {"a"}}),
              "relabel configuration for replace action requires 'target_label' value");
    EXPECT_EQ(message({.target_label = "b", .action = "hashmod"}),
              "relabel configuration for hashmod requires non-zero modulus");
    EXPECT_EQ(message({.source_labels = {"a"}, .regex = "x", .action = "labeldrop"}),
              "labeldrop action requires only 'regex', and no other fields");
    EXPECT_EQ(
        message({.regex = "x", .target_label = "b", .action = "keepequal"}),
        "keepequal action requires only 'source_labels' and `target_label`, and no other fields");
    EXPECT_EQ(message({.regex = "(", .target_label = "b"}),
              "error parsing regexp: missing closing ): `(`");
}

}  // namespace
}  // namespace logi
