// What a push is answered when a tenant's limits leave no room for all of it, and what is stored.
#include "ingest/refusal_text.h"
#include "ingest/store.h"
#include "io/sim_executor.h"
#include "io/sim_file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

namespace logi::ingest {
namespace {

constexpr Timestamp kPushTime{1'700'000'000'500'000'000};

struct Line {
    std::string text;
    Duration after = Duration{0};  // of kPushTime
};

class Pushed : public testing::Test {
  protected:
    void open(const Limits& limits) {
        StoreOptions options;
        options.data_dir = "data";
        options.limits = limits;
        options.limits.discover_service_name.clear();
        options.limits.discover_log_levels = false;
        options.writers = [this] {
            return writers_;
        };
        auto opened = Store::open({executor_, clock_, random_, files_, metrics_}, options);
        ASSERT_TRUE(opened.ok()) << opened.status();
        store_ = *std::move(opened);
    }

    static wire::PushStream stream(std::vector<LabelPair> labels, const std::vector<Line>& lines) {
        static std::deque<std::string> texts;
        wire::PushStream out;
        out.labels = std::move(labels);
        for (const Line& line : lines) {
            texts.push_back(line.text);
            out.entries.push_back({kPushTime + line.after, texts.back(), {}});
        }
        return out;
    }

    PushOutcome push(std::vector<wire::PushStream> streams, const std::string& policy = "") {
        wire::PushRequest request;
        request.streams = std::move(streams);
        request.policy = policy;
        PushOutcome answer;
        store_->push(
            "t", std::move(request), [&](const PushOutcome& outcome) { answer = outcome; });
        executor_.run_until_idle();
        return answer;
    }

    double discarded(const char* reason, const char* policy = "", const char* format = "loki") {
        return metrics_
            .counter("loki_discarded_samples_total",
                     "",
                     {{"tenant", "t"},
                      {"format", format},
                      {"policy", policy},
                      {"reason", reason},
                      {"retention_hours", "0"}})
            .value();
    }

    void pass(Duration time) { clock_.advance(time); }

    int writers_ = 1;

  private:
    io::SimClock clock_{kPushTime};
    io::SimExecutor executor_{1, clock_};
    io::SimFileSystem files_{1};
    io::SeededRandom random_{1};
    base::Registry metrics_;
    std::unique_ptr<Store> store_;
};

TEST(RefusalText, SizesAreCompact) {
    EXPECT_EQ(compact_size(0), "0B");
    EXPECT_EQ(compact_size(10), "10B");
    EXPECT_EQ(compact_size(1024), "1KB");
    EXPECT_EQ(compact_size(1536 * 1024), "1536KB");
    EXPECT_EQ(compact_size(3 << 20U), "3MB");
    EXPECT_EQ(compact_size(5ULL << 30U), "5GB");
    EXPECT_EQ(compact_size(2ULL << 60U), "2EB");
}

TEST_F(Pushed, OverTheRateOfTheTenantNothingIsStored) {
    Limits limits;
    limits.ingestion_rate_mb = 1.0 / 1024;
    limits.ingestion_burst_size_mb = 2.0 / 1024;
    open(limits);
    const auto over =
        push({stream({{"a", "b"}}, {{std::string(2000, 'x')}, {std::string(49, 'x')}}),
              stream({{"a", "c"}}, {{"old", Duration::hours(-24 * 30)}})});
    EXPECT_EQ(over.status, 429);
    EXPECT_EQ(
        over.message,
        "ingestion rate limit exceeded for user t (limit: 1024 bytes/sec) while attempting to "
        "ingest '2' lines totaling '2049' bytes, reduce log volume or contact your Loki "
        "administrator to see if the limit can be increased");
    EXPECT_GT(over.retry_after_seconds, 0);
    EXPECT_EQ(over.stored, 0U);
    EXPECT_EQ(discarded("rate_limited"), 2);
    EXPECT_EQ(discarded("greater_than_max_sample_age"), 1);
    // The whole burst is there, and comes back with time.
    EXPECT_EQ(push({stream({{"a", "b"}}, {{std::string(2048, 'x')}})}).status, 204);
    EXPECT_EQ(push({stream({{"a", "b"}}, {{"x"}})}).status, 429);
    pass(Duration::millis(500));
    EXPECT_EQ(push({stream({{"a", "b"}}, {{std::string(512, 'x')}})}).status, 204);
    EXPECT_EQ(push({stream({{"a", "b"}}, {{"x"}})}).status, 429);
}

TEST_F(Pushed, OfSeveralWritersEachTakesItsPartOfTheRate) {
    Limits limits;
    limits.ingestion_rate_mb = 4.0 / 1024;
    limits.ingestion_burst_size_mb = 4.0 / 1024;
    open(limits);
    writers_ = 4;
    const auto push_bytes = [this](std::size_t bytes) {
        return push({stream({{"a", "b"}}, {{std::string(bytes, 'x')}})});
    };
    EXPECT_EQ(push_bytes(4096).status, 204);  // the burst is not divided
    pass(Duration::seconds(1));
    EXPECT_THAT(push_bytes(1025).message, testing::HasSubstr("(limit: 1024 bytes/sec)"));
    EXPECT_EQ(push_bytes(1024).status, 204);
    // One that is left alone has all of it again.
    writers_ = 1;
    pass(Duration::seconds(1));
    EXPECT_EQ(push_bytes(4096).status, 204);
}

TEST_F(Pushed, RatesGoOnWhenTheClockIsSetBack) {
    Limits limits;
    limits.ingestion_rate_mb = 1.0 / 1024;
    limits.ingestion_burst_size_mb = 1.0 / 1024;
    open(limits);
    const std::string burst(1024, 'x');
    EXPECT_EQ(push({stream({{"a", "b"}}, {{burst}})}).status, 204);
    pass(Duration::hours(-1));
    EXPECT_EQ(push({stream({{"a", "b"}}, {{burst, Duration::hours(-1)}})}).status, 429);
    pass(Duration::seconds(1));
    EXPECT_EQ(push({stream({{"a", "b"}}, {{burst, Duration::hours(-1)}})}).status, 204);
}

TEST_F(Pushed, AStreamOverItsRateIsRefusedWhole) {
    Limits limits;
    limits.per_stream_rate_limit = 1 << 10;
    limits.per_stream_rate_limit_burst = 10;
    open(limits);
    const auto over = push({stream({{"a", "over"}}, {{"12345"}, {"678901", Duration{1}}}),
                            stream({{"a", "fine"}}, {{"0123456789"}})});
    EXPECT_EQ(over.status, 429);
    EXPECT_EQ(over.message,
              "entry with timestamp 2023-11-14 22:13:20.5 +0000 UTC ignored, reason: 'Per stream "
              "rate limit exceeded (limit: 1KB/sec) while attempting to ingest for stream "
              "'{a=\"over\"}' totaling 11B, consider splitting a stream via additional labels or "
              "contact your Loki administrator to see if the limit can be increased',\n"
              "entry with timestamp 2023-11-14 22:13:20.500000001 +0000 UTC ignored, reason: 'Per "
              "stream rate limit exceeded (limit: 1KB/sec) while attempting to ingest for stream "
              "'{a=\"over\"}' totaling 11B, consider splitting a stream via additional labels or "
              "contact your Loki administrator to see if the limit can be increased',\n"
              "user 't', total ignored: 2 out of 2 for stream: {a=\"over\"}");
    EXPECT_EQ(over.stored, 1U);
    EXPECT_EQ(over.refused, 2U);
    EXPECT_EQ(discarded("per_stream_rate_limit"), 2);
}

TEST_F(Pushed, WithoutShardingEntriesOverTheRateAreRefusedOneByOne) {
    Limits limits;
    limits.per_stream_rate_limit_burst = 10;
    limits.shard_streams_enabled = false;
    open(limits);
    const auto over = push(
        {stream({{"a", "over"}}, {{"12345"}, {"678901", Duration{1}}, {"2345", Duration{2}}})});
    EXPECT_EQ(over.status, 429);
    EXPECT_TRUE(
        over.message.starts_with("entry with timestamp 2023-11-14 22:13:20.500000001 +0000 "
                                 "UTC ignored, reason: 'Per stream rate limit exceeded "
                                 "(limit: 3MB/sec)"))
        << over.message;
    EXPECT_NE(over.message.find("totaling 6B"), std::string::npos);
    EXPECT_TRUE(
        over.message.ends_with("user 't', total ignored: 1 out of 3 for stream: "
                               "{a=\"over\"}"));
    EXPECT_EQ(over.stored, 2U);
    EXPECT_EQ(discarded("per_stream_rate_limit"), 1);
}

TEST_F(Pushed, OfManyEntriesTenAreDescribed) {
    Limits limits;
    limits.per_stream_rate_limit_burst = 10;
    open(limits);
    const auto over = push({stream({{"a", "b"}}, std::vector<Line>(1000, {"x"}))});
    EXPECT_EQ(std::count(over.message.begin(), over.message.end(), '\n'), 10);
    EXPECT_TRUE(over.message.ends_with("total ignored: 1000 out of 1000 for stream: {a=\"b\"}"));
}

TEST_F(Pushed, StreamsBeyondTheLimitAreRefused) {
    Limits limits;
    limits.max_global_streams_per_user = 3;
    limits.max_streams_per_user = 2;  // the lesser counts
    open(limits);
    std::vector<wire::PushStream> streams;
    for (const char* name : {"1", "2", "3"}) {
        streams.push_back(stream({{"a", name}}, {{"x"}}));
    }
    const auto over = push(std::move(streams));
    EXPECT_EQ(over.status, 429);
    EXPECT_EQ(
        over.message,
        "maximum active stream limit exceeded when trying to create stream {a=\"3\"}, reduce "
        "the number of active streams (reduce labels or reduce label values), or contact your "
        "Loki administrator to see if the limit can be increased, user: 't'");
    EXPECT_EQ(over.stored, 2U);
    EXPECT_EQ(discarded("stream_limit"), 1);
    EXPECT_EQ(push({stream({{"a", "1"}}, {{"y"}})}).status, 204);
}

// What a limit refuses may be tried again, so that counts; but everything is said.
TEST_F(Pushed, EveryRefusalOfAPushIsReported) {
    Limits limits;
    limits.per_stream_rate_limit_burst = 10;
    limits.max_line_size = 100;
    limits.max_global_streams_per_user = 2;
    open(limits);
    const auto mixed = push({stream({{"a", "late"}}, {{"x", Duration::hours(1)}}),
                             stream({{"a", "long"}}, {{std::string(101, 'x')}, {"good"}}),
                             stream({{"a", "fast"}}, {{"01234567890"}}),
                             stream({{"a", "many"}}, {{"x"}}),
                             stream({}, {{"no label"}})});
    EXPECT_EQ(mixed.status, 429);
    EXPECT_EQ(mixed.stored, 1U);
    EXPECT_EQ(mixed.refused, 5U);
    for (const char* text : {"has timestamp too new",
                             "max entry size '100' bytes exceeded",
                             "Per stream rate limit exceeded",
                             "maximum active stream limit exceeded",
                             "error at least one label pair is required per stream"}) {
        EXPECT_NE(mixed.message.find(text), std::string::npos) << text;
    }
    for (const char* reason : {"too_far_in_future",
                               "line_too_long",
                               "per_stream_rate_limit",
                               "stream_limit",
                               "missing_labels"}) {
        EXPECT_EQ(discarded(reason), 1) << reason;
    }
}

TEST_F(Pushed, MetricsTellPoliciesThatAreKnown) {
    Limits limits;
    limits.max_line_size = 1;
    limits.policy_stream_mapping["finance"] = {{"{f=\"1\"}", 0}};
    open(limits);
    EXPECT_EQ(
        push({stream({{"f", "1"}}, {{"x"}, {"long"}}), stream({{"a", "b"}}, {{"long"}})}).status,
        400);
    EXPECT_EQ(discarded("line_too_long", "finance"), 1);
    EXPECT_EQ(discarded("line_too_long"), 1);
    // A client may name any.
    EXPECT_EQ(push({stream({{"a", "b"}}, {{"long"}})}, "made up").status, 400);
    EXPECT_EQ(discarded("line_too_long"), 2);
    EXPECT_EQ(discarded("line_too_long", "made up"), 0);
    EXPECT_EQ(push({stream({{"a", "b"}}, {{"long"}})}, "finance").status, 400);
    EXPECT_EQ(discarded("line_too_long", "finance"), 2);
}

}  // namespace
}  // namespace logi::ingest
