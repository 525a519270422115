#include "rule/group_yaml.h"

#include "rule/check.h"

#include <gmock/gmock.h>

namespace logi::rule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kGroup = R"(name: g
interval: 90s
limit: 7
unknown: {a: [1, 2]}
rules:
  - alert: High
    expr: sum(rate({app="a"}[1m])) > 1
    for: 10m
    keep_firing_for: 1d
    labels: {severity: page, number: "7", nothing: ""}
    annotations:
      text: "is {{ $value }}\nhere"
  - record: a:b
    expr: sum(rate({app="a"}[1m]))
)";

Group group_of(const std::string& yaml) {
    auto group = parse_group(yaml);
    EXPECT_TRUE(group.ok()) << group.status();
    return group.value_or(Group());
}

TEST(GroupYaml, ReadsWhatItWrites) {
    const Group group = group_of(kGroup);
    EXPECT_EQ(group.interval, Duration::seconds(90));
    EXPECT_EQ(group.limit, 7);
    ASSERT_EQ(group.rules.size(), 2U);
    EXPECT_EQ(group.rules[0].wait, Duration::minutes(10));
    EXPECT_EQ(group.rules[0].keep_firing, Duration::hours(24));
    EXPECT_EQ(group.rules[0].annotations.at("text"), "is {{ $value }}\nhere");
    EXPECT_EQ(group_of(group_yaml(group)), group);
    EXPECT_THAT(group_yaml(group), HasSubstr("interval: 1m30s\n"));
    EXPECT_THAT(group_yaml(group), HasSubstr("number: \"7\"\n"));
}

TEST(GroupYaml, TextsStayTexts) {
    Group group;
    group.name = "123";
    Rule rule;
    rule.alert = "true";
    for (const char* text : {"~",
                             "null",
                             "1e3",
                             "",
                             " a ",
                             "a: b",
                             "#x",
                             "yes",
                             "'",
                             "\"",
                             "a\n\nb",
                             "\t",
                             "{{ .x }}",
                             "- a",
                             "é\x01"}) {
        rule.labels[std::string("l") + std::to_string(rule.labels.size())] = text;
    }
    rule.expr = "0x1";
    group.rules.push_back(rule);
    EXPECT_EQ(group_of(group_yaml(group)), group);
}

TEST(GroupYaml, WhatIsStoredHasItsBounds) {
    Group group = group_of(kGroup);
    group.only = R"({team="a"})";
    const Namespaces namespaces = {{"n/1", {{"g", group}}}, {"m", {{"", Group()}}}};
    const auto stored = decode_rules(encode_rules(namespaces, {1, UINT64_MAX}));
    ASSERT_TRUE(stored.ok()) << stored.status();
    EXPECT_EQ(stored->namespaces, namespaces);
    EXPECT_THAT(stored->changes, ElementsAre(1, UINT64_MAX));
    // Nobody is told, and nobody can say it.
    EXPECT_EQ(namespaces_yaml(namespaces).find("team"), std::string::npos);
    EXPECT_EQ(group_of(kGroup + "only: '{team=\"b\"}'\n").only, "");
    EXPECT_EQ(decode_rules("version: 2").status().code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(decode_rules("a: [").status().code(), absl::StatusCode::kDataLoss);
}

TEST(GroupYaml, RefusesWhatIsNoGroup) {
    for (const char* bad : {"[1]",
                            "a",
                            "name: [x]",
                            "name: g\nrules: 3",
                            "name: g\nrules: [3]",
                            "a: [",
                            "name: g\ninterval: soon",
                            "name: g\nlimit: x",
                            "name: g\nrules: [{alert: a, labels: [1]}]"}) {
        EXPECT_EQ(parse_group(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
    }
    EXPECT_EQ(group_of("").name, "");
    EXPECT_EQ(group_of("name: g\nrules:\n").rules.size(), 0U);
}

TEST(GroupYaml, AFewBytesCannotNameMany) {
    std::string yaml = "name: g\nx: &x {alert: '" + std::string(100'000, 'a') + "'}\nrules: [*x";
    for (int i = 0; i < 1000; ++i) {
        yaml += ", *x";
    }
    EXPECT_THAT(std::string(parse_group(yaml + "]").status().message()), HasSubstr("too large"));
}

std::vector<std::string> problems_of_rule(const std::string& rule) {
    return problems_of(group_of("name: g\nrules: [" + rule + "]"));
}

TEST(Check, SaysWhatIsWrongInLokisWords) {
    const std::string expr = R"(expr: 'sum(rate({a="b"}[1m]))')";
    EXPECT_THAT(problems_of(group_of(kGroup)), IsEmpty());
    EXPECT_THAT(problems_of(Group()), ElementsAre("group 0: Groupname must not be empty"));
    const std::pair<std::string, std::string> cases[] = {
        {"{record: r, alert: a, " + expr + "}", "only one of 'record' and 'alert' must be set"},
        {"{" + expr + "}", "one of 'record' or 'alert' must be set"},
        {"{record: r}", "field 'expr' must be set in rule"},
        {"{record: r, for: 1m, " + expr + "}", "invalid field 'for' in recording rule"},
        {"{record: r, annotations: {a: b}, " + expr + "}",
         "invalid field 'annotations' in recording rule"},
        {"{record: a-b, " + expr + "}", "invalid recording rule name: a-b"},
        {"{record: r, labels: {a-b: c}, " + expr + "}", "invalid label name: a-b"},
        {"{alert: r, labels: {__name__: c}, " + expr + "}", "invalid label name: __name__"},
        {"{alert: r, annotations: {a-b: c}, " + expr + "}", "invalid annotation name: a-b"},
    };
    for (const auto& [rule, problem] : cases) {
        EXPECT_THAT(problems_of_rule(rule), ElementsAre(problem)) << rule;
    }
    EXPECT_THAT(problems_of_rule("{record: x, expr: 'sum('}"),
                ElementsAre(HasSubstr(
                    "could not parse expression for record 'x' in group 'g': parse error")));
    // Lines are no numbers, which only the evaluation says, as Loki's does.
    EXPECT_THAT(problems_of_rule("{alert: a, expr: '{a=\"b\"}'}"), IsEmpty());
}

TEST(Check, Limits) {
    Group group = group_of(kGroup);
    const Namespaces namespaces = {{"n", {{"g", group}, {"h", group}}}, {"m", {{"g", group}}}};
    EXPECT_TRUE(check_limits(namespaces, group, {}).ok());
    RulerLimits limits;
    limits.rules_per_group_max = 1;
    EXPECT_EQ(check_limits(namespaces, group, limits).message(),
              "per-user rules per rule group limit (limit: 1 actual: 2) exceeded");
    limits.rules_per_group_max = 2;
    limits.groups_max = 2;
    EXPECT_EQ(check_limits(namespaces, group, limits).message(),
              "per-user rule groups limit (limit: 2 actual: 3) exceeded");
}

}  // namespace
}  // namespace logi::rule
