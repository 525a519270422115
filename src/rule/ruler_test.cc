#include "rule/ruler.h"

#include "bucket/memory_bucket.h"
#include "io/sim_executor.h"
#include "rule/bucket_rules.h"
#include "rule/schedule.h"

#include <gmock/gmock.h>

#include <cmath>

namespace logi::rule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Timestamp kRulerBegin{1'700'000'000'000'000'000};

Group group_of(const std::string& name, std::vector<Rule> rules) {
    Group group;
    group.name = name;
    group.rules = std::move(rules);
    return group;
}

Rule alert_of(const std::string& name, Duration wait = {}) {
    Rule rule;
    rule.alert = name;
    rule.expr = name;
    rule.wait = wait;
    return rule;
}

// A world in which queries give what a test says, and a bucket that outlives processes.
class World : public testing::Test, public Outlets {
  public:
    struct Process {
        Process(World& world, RulerOptions options, Shares* shares)
            : executor(7, world.clock),
              store(world.bucket, world.random),
              ruler({store,
                     world.bucket,
                     [&world, this](QueryRequest request, auto done) {
                         executor.post([&world, request, done] {
                             world.asked.push_back(request);
                             done(world.answers[request.expr]);
                         });
                     },
                     world,
                     executor,
                     world.clock,
                     metrics,
                     shares},
                    std::move(options)) {
            ruler.start();
        }
        io::SimExecutor executor;
        base::Registry metrics;
        BucketRules store;
        Ruler ruler;
    };

    void send_alerts(const std::string& tenant,
                     const std::string& /*expr*/,
                     std::vector<Alert> alerts) override {
        for (const Alert& alert : alerts) {
            sent.push_back(tenant + " " + alert.labels.to_string() + " " + name_of(alert.state));
        }
    }
    [[nodiscard]] bool records(const std::string& /*tenant*/) const override { return true; }
    Status record(const std::string& /*tenant*/, std::vector<RecordedSample> samples) override {
        recorded.insert(recorded.end(), samples.begin(), samples.end());
        return absl::OkStatus();
    }

    std::unique_ptr<Process> start(RulerOptions options = {}, Shares* shares = nullptr) {
        return std::make_unique<Process>(*this, std::move(options), shares);
    }
    void add(const Group& group, const std::string& tenant = "t") {
        BucketRules store(bucket, random);
        ASSERT_TRUE(store
                        .change(tenant,
                                [&](Namespaces& namespaces) {
                                    namespaces["n"][group.name] = group;
                                    return absl::OkStatus();
                                })
                        .ok());
    }
    void run(Process& process, Duration time) {
        const Timestamp end = clock.now() + time;
        bool ended = false;
        process.executor.post_after(time, [&ended] { ended = true; });
        while (!ended && process.executor.run_one()) {
        }
        EXPECT_GE(clock.now(), end);
    }
    std::vector<GroupStatus> list(Process& process, const std::string& tenant = "t") {
        return process.ruler.list(tenant, [](const auto&, const auto&) { return true; }).value();
    }
    RuleStatus first_rule(Process& process) {
        const auto groups = list(process);
        EXPECT_THAT(groups, SizeIs(1));
        return groups.at(0).rules.at(0);
    }

    io::SimClock clock{kRulerBegin};
    io::SeededRandom random{3};
    bucket::MemoryBucket bucket;
    std::map<std::string, StatusOr<Samples>> answers;
    std::vector<QueryRequest> asked;
    std::vector<std::string> sent;
    std::vector<RecordedSample> recorded;
};

Sample one(double value = 1) {
    return {Labels::from_pairs({{"app", "a"}}), value};
}

TEST(Schedule, TimesAreTheSameForEverybodyAndSpread) {
    std::set<std::int64_t> offsets;
    for (int i = 0; i < 100; ++i) {
        const GroupKey key{"t", "n", std::to_string(i)};
        const Duration interval = Duration::minutes(1);
        const Timestamp first = next_time(key, interval, kRulerBegin);
        EXPECT_GT(first, kRulerBegin);
        EXPECT_LE(first - kRulerBegin, interval);
        EXPECT_EQ(next_time(key, interval, first - Duration{1}), first);
        EXPECT_EQ(next_time(key, interval, first), first + interval);
        // Whenever somebody asks.
        const Duration whole{interval.ns * 28'333'333};
        EXPECT_EQ(next_time(key, interval, Timestamp{0}) + whole,
                  next_time(key, interval, Timestamp{0} + whole));
        offsets.insert(first.ns / kNanosPerSecond % 60);
    }
    EXPECT_GT(offsets.size(), 30U);
}

TEST_F(World, RulesAreEvaluatedInOrderAtTheirTimes) {
    Rule record;
    record.record = "r";
    record.expr = "second";
    add(group_of("g", {alert_of("first"), record}));
    answers = {{"first", Samples{one()}}, {"second", Samples{one(5)}}};
    const auto process = start();
    run(*process, Duration::seconds(181));
    ASSERT_GE(asked.size(), 6U);
    for (std::size_t i = 0; i < asked.size(); ++i) {
        EXPECT_EQ(asked[i].expr, i % 2 == 0 ? "first" : "second");
        EXPECT_EQ(asked[i].at,
                  next_time({"t", "n", "g"}, Duration::minutes(1), asked[i].at - Duration{1}));
        EXPECT_EQ(asked[i].tenant, "t");
    }
    EXPECT_EQ(sent.at(0), "t {alertname=\"first\", app=\"a\"} firing");
    const bool has = std::any_of(recorded.begin(), recorded.end(), [](const auto& sample) {
        return sample.value == 5 &&
               sample.labels.to_string() == R"({__name__="r", app="a", rule_group="g"})";
    });
    EXPECT_TRUE(has);
    EXPECT_EQ(first_rule(*process).health, Health::kOk);
    EXPECT_THAT(
        process->metrics.render(),
        HasSubstr("loki_prometheus_rule_evaluations_total{rule_group=\"n;g\",user=\"t\"} 6"));
}

TEST_F(World, ErrorsNeitherFireNorResolve) {
    add(group_of("g", {alert_of("a", Duration::minutes(2))}));
    answers["a"] = Samples{one()};
    const auto process = start();
    run(*process, Duration::minutes(2));
    EXPECT_EQ(first_rule(*process).state(), AlertState::kPending);
    answers["a"] = absl::UnavailableError("the answer is not complete: x");
    run(*process, Duration::minutes(5));
    EXPECT_EQ(first_rule(*process).state(), AlertState::kPending);
    EXPECT_EQ(first_rule(*process).health, Health::kError);
    EXPECT_EQ(first_rule(*process).last_error, "the answer is not complete: x");
    answers["a"] = Samples{one()};
    run(*process, Duration::minutes(1));
    EXPECT_EQ(first_rule(*process).state(), AlertState::kFiring);
    answers["a"] = absl::UnavailableError("x");
    run(*process, Duration::minutes(3));
    EXPECT_EQ(first_rule(*process).state(), AlertState::kFiring);
}

TEST_F(World, AlertsGoOnAfterARestart) {
    add(group_of("g", {alert_of("a", Duration::minutes(10))}));
    answers["a"] = Samples{one()};
    auto process = start();
    run(*process, Duration::minutes(4));
    const Timestamp active_at = first_rule(*process).alerts.at(0).active_at;
    process->executor.drop_all();  // it dies
    process = start();
    run(*process, Duration::minutes(2));
    EXPECT_EQ(first_rule(*process).state(), AlertState::kPending);
    EXPECT_EQ(first_rule(*process).alerts.at(0).active_at, active_at);
    run(*process, Duration::minutes(6));
    EXPECT_EQ(first_rule(*process).state(), AlertState::kFiring);
    EXPECT_EQ(first_rule(*process).alerts.at(0).active_at, active_at);
    // What fired is resolved, also by who comes later.
    process->executor.drop_all();
    process = start();
    answers["a"] = Samples{};
    sent.clear();
    run(*process, Duration::minutes(2));
    ASSERT_FALSE(sent.empty());
    EXPECT_THAT(sent[0], HasSubstr("inactive"));
    process->executor.drop_all();
}

TEST_F(World, AfterALongTimeAlertsBeginAnew) {
    add(group_of("g", {alert_of("a", Duration::minutes(10))}));
    answers["a"] = Samples{one()};
    auto process = start();
    run(*process, Duration::minutes(5));
    process->executor.drop_all();
    clock.advance(Duration::hours(2));
    const Timestamp later = clock.now();
    process = start();
    run(*process, Duration::minutes(2));
    EXPECT_GE(first_rule(*process).alerts.at(0).active_at, later);
    process->executor.drop_all();
}

TEST_F(World, ChangesAreSeen) {
    add(group_of("g", {alert_of("a", Duration::minutes(10))}));
    answers = {{"a", Samples{one()}}, {"b", Samples{one()}}};
    const auto process = start();
    run(*process, Duration::minutes(3));
    const Timestamp active_at = first_rule(*process).alerts.at(0).active_at;
    // A rule that stays keeps its alerts.
    add(group_of("g", {alert_of("b"), alert_of("a", Duration::minutes(20))}));
    process->ruler.refresh();
    run(*process, Duration::minutes(2));
    auto groups = list(*process);
    EXPECT_EQ(groups.at(0).rules.at(0).state(), AlertState::kFiring);
    EXPECT_EQ(groups.at(0).rules.at(1).alerts.at(0).active_at, active_at);
    ASSERT_TRUE(process->store
                    .change("t",
                            [](Namespaces& namespaces) {
                                namespaces.clear();
                                return absl::OkStatus();
                            })
                    .ok());
    process->ruler.refresh();
    run(*process, Duration::minutes(2));
    asked.clear();
    run(*process, Duration::minutes(3));
    EXPECT_THAT(asked, IsEmpty());
    EXPECT_THAT(bucket.list("rule-state").value(), IsEmpty());
}

// The series that got the marker.
std::vector<std::string> ended_of(const std::vector<RecordedSample>& recorded) {
    std::vector<std::string> ended;
    for (const RecordedSample& sample : recorded) {
        if (std::isnan(sample.value)) {
            ended.push_back(sample.labels.to_string());
        }
    }
    return ended;
}

Rule recording_of(const std::string& name, const std::string& expr) {
    Rule rule;
    rule.record = name;
    rule.expr = expr;
    return rule;
}

TEST_F(World, SeriesEndWithTheirRuleAndWithTheirGroup) {
    const Rule kept = recording_of("kept", "a");
    add(group_of("g", {recording_of("gone", "a"), kept, recording_of("changed", "a")}));
    answers = {{"a", Samples{one()}}, {"b", Samples{one()}}};
    const auto process = start();
    run(*process, Duration::minutes(2));
    EXPECT_THAT(ended_of(recorded), IsEmpty());
    add(group_of("g", {recording_of("changed", "b"), kept}));
    process->ruler.refresh();
    run(*process, Duration::minutes(3));
    EXPECT_THAT(ended_of(recorded), ElementsAre(R"({__name__="gone", app="a", rule_group="g"})"));
    recorded.clear();
    ASSERT_TRUE(process->store
                    .change("t",
                            [](Namespaces& namespaces) {
                                namespaces.clear();
                                return absl::OkStatus();
                            })
                    .ok());
    process->ruler.refresh();
    run(*process, Duration::minutes(3));
    EXPECT_THAT(ended_of(recorded),
                ElementsAre(R"({__name__="changed", app="a", rule_group="g"})",
                            R"({__name__="kept", app="a", rule_group="g"})"));
}

// A rule that stays knows which series it gave before the group was changed.
TEST_F(World, SeriesThatGoAfterAChangeEnd) {
    const Rule kept = recording_of("kept", "a");
    add(group_of("g", {kept}));
    answers = {{"a", Samples{one()}}, {"b", Samples{}}};
    const auto process = start();
    run(*process, Duration::minutes(2));
    add(group_of("g", {recording_of("new", "b"), kept}));
    answers["a"] = Samples{};
    process->ruler.refresh();
    run(*process, Duration::minutes(3));
    EXPECT_THAT(ended_of(recorded), ElementsAre(R"({__name__="kept", app="a", rule_group="g"})"));
}

// Groups are this process's as long as a test says so.
class ToldShares final : public Shares {
  public:
    class ToldLease final : public Lease {
      public:
        explicit ToldLease(const bool& holds) : holds_(holds) {}
        [[nodiscard]] bool holds() const override { return holds_; }

      private:
        const bool& holds_;
    };
    std::shared_ptr<const Lease> enter(const GroupKey& /*key*/) override {
        return std::make_shared<ToldLease>(holds);
    }
    bool holds = true;
};

TEST_F(World, WhoLostAGroupMeanwhileLearnsWhatBecameOfIt) {
    add(group_of("g", {alert_of("a", Duration::minutes(10))}));
    answers["a"] = Samples{one()};
    ToldShares shares;
    const auto process = start({}, &shares);
    run(*process, Duration::minutes(3));
    const Timestamp active_at = first_rule(*process).alerts.at(0).active_at;
    shares.holds = false;
    // What the other process has found out meanwhile.
    GroupStatus other = list(*process).at(0);
    run(*process, Duration::minutes(1));
    other.rules.at(0).alerts.at(0).active_at = active_at - Duration::minutes(30);
    ASSERT_TRUE(bucket.put(state_key(other.key), encode_state(other)).ok());
    shares.holds = true;
    run(*process, Duration::minutes(1));
    EXPECT_EQ(first_rule(*process).state(), AlertState::kFiring);
    EXPECT_EQ(first_rule(*process).alerts.at(0).active_at, active_at - Duration::minutes(30));
}

TEST_F(World, OnlyTenantsThatAreWanted) {
    add(group_of("g", {alert_of("a")}), "one");
    add(group_of("g", {alert_of("a")}), "two");
    RulerOptions options;
    options.disabled_tenants = {"one"};
    const auto process = start(options);
    run(*process, Duration::minutes(2));
    ASSERT_FALSE(asked.empty());
    for (const QueryRequest& request : asked) {
        EXPECT_EQ(request.tenant, "two");
    }
}

TEST_F(World, StopsWhenNothingIsUnderWay) {
    add(group_of("g", {alert_of("a"), alert_of("b")}));
    const auto process = start();
    run(*process, Duration::minutes(2));
    bool stopped = false;
    process->ruler.stop([&stopped] { stopped = true; });
    process->executor.run_until_idle();
    EXPECT_TRUE(stopped);
    asked.clear();
    run(*process, Duration::minutes(3));
    EXPECT_THAT(asked, IsEmpty());
}

TEST(GroupState, DamageIsTold) {
    GroupStatus status;
    status.group = group_of("g", {alert_of("a")});
    status.rules.resize(1);
    status.rules[0].alerts.resize(1);
    status.rules[0].alerts[0].labels = Labels::from_pairs({{"a", "\xff"}});
    const std::string object = encode_state(status);
    GroupStatus read = status;
    ASSERT_TRUE(decode_state(object, read).ok());
    EXPECT_EQ(read.rules.at(0).alerts.at(0).labels, status.rules[0].alerts[0].labels);
    for (std::size_t i = 0; i < object.size(); ++i) {
        std::string damaged = object;
        damaged[i] = static_cast<char>(damaged[i] ^ 4);
        EXPECT_EQ(decode_state(damaged, read).code(), absl::StatusCode::kDataLoss) << i;
        EXPECT_EQ(decode_state(object.substr(0, i), read).code(), absl::StatusCode::kDataLoss) << i;
    }
}

}  // namespace
}  // namespace logi::rule
