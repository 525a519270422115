#include "rule/alert.h"

#include "io/random.h"
#include "rule/recording.h"

#include <gmock/gmock.h>

#include <cmath>

namespace logi::rule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Timestamp kAlertBegin{1'700'000'000'000'000'000};
constexpr Duration kMinute = Duration::minutes(1);

Timestamp minute(std::int64_t n) {
    return kAlertBegin + Duration::minutes(n);
}

Labels labels_of(std::vector<LabelPair> pairs) {
    return Labels::from_pairs(std::move(pairs));
}

Sample sample(const std::string& app, double value = 1) {
    return {labels_of({{"app", app}}), value};
}

Rule rule_of(Duration wait = {}, Duration keep_firing = {}) {
    Rule rule;
    rule.alert = "A";
    rule.wait = wait;
    rule.keep_firing = keep_firing;
    return rule;
}

const TemplateData kData;

AlertRule made(const Rule& rule) {
    auto made = AlertRule::make(rule, kData);
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
}

const Alert& only(const AlertRule& rule) {
    EXPECT_THAT(rule.alerts(), SizeIs(1));
    return rule.alerts().begin()->second;
}

TEST(AlertRule, WaitsThenFiresThenIsResolved) {
    AlertRule rule = made(rule_of(Duration::minutes(2)));
    ASSERT_TRUE(rule.update(minute(0), {sample("a", 5)}, 0).ok());
    EXPECT_EQ(only(rule).state, AlertState::kPending);
    EXPECT_EQ(only(rule).labels, labels_of({{"app", "a"}, {"alertname", "A"}}));
    EXPECT_THAT(rule.to_send(minute(0), kMinute, kMinute), IsEmpty());
    ASSERT_TRUE(rule.update(minute(1), {sample("a", 6)}, 0).ok());
    EXPECT_EQ(rule.state(), AlertState::kPending);
    ASSERT_TRUE(rule.update(minute(2), {sample("a", 7)}, 0).ok());
    EXPECT_EQ(only(rule).state, AlertState::kFiring);
    EXPECT_EQ(only(rule).active_at, minute(0));
    EXPECT_EQ(only(rule).fired_at, minute(2));
    EXPECT_EQ(only(rule).value, 7);
    const auto sent = rule.to_send(minute(2), kMinute, kMinute);
    ASSERT_THAT(sent, SizeIs(1));
    EXPECT_EQ(sent[0].valid_until, minute(6));
    ASSERT_TRUE(rule.update(minute(3), {}, 0).ok());
    EXPECT_EQ(rule.state(), AlertState::kInactive);
    EXPECT_EQ(only(rule).resolved_at, minute(3));
    // A quarter of an hour long others are told again.
    int told = 0;
    for (int i = 3; i < 30; ++i) {
        ASSERT_TRUE(rule.update(minute(i), {}, 0).ok());
        told += static_cast<int>(rule.to_send(minute(i), kMinute, kMinute).size());
    }
    EXPECT_EQ(told, 16);
    EXPECT_THAT(rule.alerts(), IsEmpty());
}

TEST(AlertRule, WhatIsPendingAndGoesIsForgotten) {
    AlertRule rule = made(rule_of(Duration::minutes(2)));
    ASSERT_TRUE(rule.update(minute(0), {sample("a")}, 0).ok());
    ASSERT_TRUE(rule.update(minute(1), {}, 0).ok());
    EXPECT_THAT(rule.alerts(), IsEmpty());
    ASSERT_TRUE(rule.update(minute(2), {sample("a")}, 0).ok());
    EXPECT_EQ(only(rule).active_at, minute(2));
}

TEST(AlertRule, FiresOnForAWhile) {
    AlertRule rule = made(rule_of({}, Duration::minutes(2)));
    ASSERT_TRUE(rule.update(minute(0), {sample("a")}, 0).ok());
    ASSERT_TRUE(rule.update(minute(1), {}, 0).ok());
    EXPECT_EQ(rule.state(), AlertState::kFiring);
    ASSERT_TRUE(rule.update(minute(2), {sample("a")}, 0).ok());
    ASSERT_TRUE(rule.update(minute(3), {}, 0).ok());
    ASSERT_TRUE(rule.update(minute(4), {}, 0).ok());
    EXPECT_EQ(rule.state(), AlertState::kFiring);
    ASSERT_TRUE(rule.update(minute(5), {}, 0).ok());
    EXPECT_EQ(rule.state(), AlertState::kInactive);
}

TEST(AlertRule, LabelsAreTemplatesAndTheRulesWin) {
    Rule rule = rule_of();
    rule.labels = {
        {"app", "x"}, {"was", "{{ $labels.app }}/{{ $value }}"}, {"empty", "{{ .Labels.no }}"}};
    rule.annotations = {{"text", "{{ $labels.app }} is {{ printf \"%.1f\" $value }}"},
                        {"bad", "{{ humanize $labels }}"}};
    AlertRule alert = made(rule);
    ASSERT_TRUE(alert.update(minute(0), {sample("a", 2)}, 0).ok());
    EXPECT_EQ(only(alert).labels, labels_of({{"app", "x"}, {"was", "a/2"}, {"alertname", "A"}}));
    EXPECT_EQ(only(alert).annotations.get("text"), "a is 2.0");
    EXPECT_THAT(std::string(only(alert).annotations.get("bad")),
                HasSubstr("<error expanding template: "));
    // The value is in a label here: another one is another alert.
    ASSERT_TRUE(alert.update(minute(1), {sample("a", 3)}, 0).ok());
    EXPECT_THAT(alert.alerts(), SizeIs(2));
    rule.annotations = {{"bad", "{{ nosuch }}"}};
    EXPECT_THAT(std::string(AlertRule::make(rule, kData).status().message()),
                HasSubstr("annotation \"bad\": template: __alert_A:1:"));
}

TEST(AlertRule, TwoSamplesAreNotOneAlert) {
    Rule rule = rule_of();
    rule.labels = {{"app", ""}};
    AlertRule alert = made(rule);
    ASSERT_TRUE(alert.update(minute(0), {sample("a")}, 0).ok());
    EXPECT_EQ(alert.update(minute(1), {sample("a"), sample("b")}, 0).message(),
              "vector contains metrics with the same labelset after applying alert labels");
    EXPECT_EQ(alert.state(), AlertState::kFiring);
}

TEST(AlertRule, Limit) {
    AlertRule rule = made(rule_of());
    ASSERT_TRUE(rule.update(minute(0), {sample("a"), sample("b")}, 2).ok());
    EXPECT_EQ(rule.update(minute(1), {sample("a"), sample("b"), sample("c")}, 2).message(),
              "exceeded limit of 2 with 3 alerts");
    EXPECT_THAT(rule.alerts(), IsEmpty());
}

// What one alert has to be, found out from the whole of its past instead of step by step.
struct Expected {
    AlertState state = AlertState::kInactive;
    Timestamp active_at;
};

std::optional<Expected> expected_of(const std::vector<bool>& given,
                                    std::int64_t wait,
                                    std::int64_t keep) {
    // Runs of samples, a gap of less than `keep` minutes while firing not being one.
    std::optional<Expected> now;
    std::int64_t resolved = 0;
    std::int64_t missing = -1;
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(given.size()); ++i) {
        if (given[static_cast<std::size_t>(i)]) {
            missing = -1;
            if (!now || now->state == AlertState::kInactive) {
                now = Expected{AlertState::kPending, minute(i)};
            }
            if (minute(i) - now->active_at >= Duration::minutes(wait)) {
                now->state = AlertState::kFiring;
            }
        } else if (now && now->state == AlertState::kPending) {
            now.reset();
        } else if (now && now->state == AlertState::kFiring) {
            missing = missing < 0 ? i : missing;
            if (i - missing >= keep) {
                now->state = AlertState::kInactive;
                resolved = i;
            }
        } else if (now && i - resolved > 15) {
            now.reset();
        }
    }
    return now;
}

TEST(AlertRule, AgreesWithASimpleModelOnAnything) {
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        io::SeededRandom random(seed);
        const auto wait = static_cast<std::int64_t>(random.below(5));
        const auto keep = static_cast<std::int64_t>(random.below(4));
        const std::uint64_t stays = 2 + random.below(20);  // one step of so many is a change
        AlertRule rule = made(rule_of(Duration::minutes(wait), Duration::minutes(keep)));
        std::map<std::string, std::vector<bool>> past;
        for (int i = 0; i < 80; ++i) {
            Samples samples;
            for (const std::string app : {"a", "b", "c"}) {
                auto& given = past[app];
                const bool before = !given.empty() && given.back();
                given.push_back(random.below(stays) == 0 ? !before : before);
                if (given.back()) {
                    samples.push_back(sample(app));
                }
            }
            ASSERT_TRUE(rule.update(minute(i), samples, 0).ok());
            for (const auto& [app, given] : past) {
                const auto it = rule.alerts().find(labels_of({{"app", app}, {"alertname", "A"}}));
                const auto expected = expected_of(given, wait, keep);
                ASSERT_EQ(it != rule.alerts().end(), expected.has_value())
                    << "seed " << seed << " step " << i;
                if (expected) {
                    ASSERT_EQ(it->second.state, expected->state)
                        << "seed " << seed << " step " << i;
                    ASSERT_EQ(it->second.active_at, expected->active_at) << "seed " << seed;
                }
            }
        }
    }
}

TEST(Recording, SeriesHaveTheRulesNameAndEnd) {
    Rule rule;
    rule.record = "a:b";
    rule.labels = {{"team", "t"}, {"app", ""}};
    const auto series = recorded_series(rule, {sample("a", 3)}, 0);
    ASSERT_TRUE(series.ok());
    EXPECT_EQ(series->at(0).labels, labels_of({{"__name__", "a:b"}, {"team", "t"}}));
    EXPECT_FALSE(recorded_series(rule, {sample("a"), sample("b")}, 0).ok());
    rule.labels.clear();
    EXPECT_EQ(recorded_series(rule, {sample("a"), sample("b")}, 1).status().message(),
              "exceeded limit of 1 with 2 series");
    SeriesOfRule past;
    EXPECT_THAT(past.record(minute(0), {sample("a"), sample("b")}), SizeIs(2));
    const auto next = past.record(minute(1), {sample("b", 2)});
    ASSERT_THAT(next, SizeIs(2));
    EXPECT_EQ(next[1].labels, sample("a").labels);
    EXPECT_TRUE(std::isnan(next[1].value));
    EXPECT_THAT(past.record(minute(2), {sample("b", 2)}), SizeIs(1));
}

}  // namespace
}  // namespace logi::rule
