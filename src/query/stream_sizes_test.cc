#include "query/stream_sizes.h"

#include "absl/strings/str_cat.h"
#include "io/sim_executor.h"
#include "query/test_sources.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace logi::query {
namespace {

StatusOr<StreamSizes> run(const exec::Sources& sources, SizeRequest request) {
    io::SimClock clock;
    io::SimExecutor executor(1, clock);
    StatusOr<StreamSizes> answer = absl::InternalError("not called");
    int calls = 0;
    run_stream_sizes(executor, sources, std::move(request), {}, [&](StatusOr<StreamSizes> sizes) {
        answer = std::move(sizes);
        ++calls;
    });
    executor.run_until_idle();
    EXPECT_EQ(calls, 1);
    return answer;
}

// Streams s0, s1, … by the digit of their label; group 0 has even ones, group 1 all.
SizeRequest request_of(Timestamp first, std::vector<Timestamp> lasts) {
    SizeRequest request;
    request.matchers = {*Matcher::make("s", MatchOp::kNotEqual, "7")};
    request.first = first;
    request.lasts = std::move(lasts);
    request.groups_of = [](const Labels& stream, std::vector<std::uint32_t>& groups) {
        if ((stream.get("s").back() - '0') % 2 == 0) {
            groups.push_back(0);
        }
        groups.push_back(1);
        return absl::OkStatus();
    };
    return request;
}

Labels stream(int number) {
    return Labels::from_pairs({{"s", std::to_string(number)}});
}

TEST(StreamSizes, ExtentsInsideTheRangeAreNotRead) {
    const TestSegment segment({{stream(0), 10, "abc", {{"k", "v"}}},
                               {stream(0), 20, "de", {{"k", "v"}}},
                               {stream(1), 15, "f", {}}});
    const exec::Sources sources = {segment.with_damaged_columns()};
    const auto whole = run(sources, request_of({10}, {{20}}));
    ASSERT_TRUE(whole.ok()) << whole.status();
    // "abc", "de", two pairs of 8 bytes, "k" and "v" once; "f".
    EXPECT_EQ(whole->bytes, (std::vector<std::uint64_t>{23, 24}));
    EXPECT_EQ(whole->total_bytes, 24U);
    EXPECT_EQ(whole->entries, 3U);
    EXPECT_EQ(whole->streams, 2U);
    EXPECT_EQ(whole->extents, 2U);
    EXPECT_EQ(whole->read.segments.blocks, 0U);
    EXPECT_TRUE(whole->missing.empty());
    // Part of an extent has to be read, and what cannot be read is named.
    const auto part = run(sources, request_of({11}, {{20}}));
    ASSERT_TRUE(part.ok()) << part.status();
    EXPECT_EQ(part->missing.size(), 1U);
    EXPECT_EQ(part->entries, 1U);
}

TEST(StreamSizes, PartsAddUpToTheWhole) {
    std::vector<TestEntry> entries;
    for (int i = 0; i < 100; ++i) {
        entries.push_back(
            {stream(i % 4),
             i,
             absl::StrCat("line ", i * i),
             {{"level", i % 3 == 0 ? "info" : "warn"}, {"trace", std::to_string(i)}}});
    }
    const TestSegment segment(entries);
    const auto whole = run({segment.source()}, request_of({0}, {{99}}));
    const auto parts = run({segment.source()}, request_of({0}, {{9}, {10}, {50}, {98}, {99}}));
    ASSERT_TRUE(whole.ok() && parts.ok());
    EXPECT_EQ(whole->read.segments.blocks, 0U);
    EXPECT_EQ(parts->read.segments.blocks, 1U);
    EXPECT_EQ(parts->total_bytes, whole->total_bytes);
    for (const std::size_t group : {0U, 1U}) {
        std::uint64_t sum = 0;
        for (std::size_t w = 0; w < 5; ++w) {
            sum += parts->bytes[group * 5 + w];
        }
        EXPECT_EQ(sum, whole->bytes[group]);
    }
    const auto tail = run({segment.source()}, request_of({51}, {{99}}));
    EXPECT_EQ(tail->bytes[1], parts->bytes[5 + 3] + parts->bytes[5 + 4]);
}

// Entries over several segments that overlap, some of them in more than one.
TEST(StreamSizes, AgreesWithAModel) {
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        std::mt19937 random(seed);
        const auto below = [&](std::int64_t n) {
            return static_cast<std::int64_t>(random()) % n;
        };
        std::set<std::tuple<int, std::int64_t, std::string>> model;
        exec::Sources sources;
        for (std::int64_t s = below(4); s >= 0; --s) {
            std::vector<TestEntry> entries;
            const std::int64_t begin = below(60);
            for (std::int64_t i = below(60); i >= 0; --i) {
                const int number = static_cast<int>(below(9));
                const std::int64_t ns = begin + below(40);
                const std::string line(random() % 5, "xy"[random() % 2]);
                entries.push_back({stream(number), ns, line, {}});
                model.emplace(number, ns, line);
            }
            const TestSegment segment(entries);
            sources.push_back(below(4) == 0 ? segment.without_bytes() : segment.source());
        }
        const std::int64_t first = below(50);
        std::vector<Timestamp> lasts;
        for (std::int64_t last = first; lasts.size() < 1 + seed % 5;) {
            last += 1 + below(30);
            lasts.push_back({last});
        }
        std::vector<std::uint64_t> bytes(2 * lasts.size());
        std::uint64_t entries = 0;
        std::set<int> streams;
        for (const auto& [number, ns, line] : model) {
            if (number == 7 || ns < first || ns > lasts.back().ns) {
                continue;
            }
            const auto window = static_cast<std::size_t>(
                std::lower_bound(lasts.begin(), lasts.end(), Timestamp{ns}) - lasts.begin());
            bytes[window] += number % 2 == 0 ? line.size() : 0;
            bytes[lasts.size() + window] += line.size();
            ++entries;
            streams.insert(number);
        }
        const auto sizes = run(sources, request_of({first}, lasts));
        ASSERT_TRUE(sizes.ok()) << sizes.status();
        bytes.resize(sizes->bytes.size());  // without streams there are no groups
        EXPECT_EQ(sizes->bytes, bytes) << seed;
        EXPECT_EQ(sizes->entries, entries) << seed;
        EXPECT_EQ(sizes->streams, streams.size()) << seed;
    }
}

TEST(StreamSizes, EqualTimesWithoutEqualEntriesAllCount) {
    const TestSegment a({{stream(1), 10, "a", {}}, {stream(1), 20, "a", {{"k", "v"}}}});
    const TestSegment b({{stream(1), 10, "b", {}}, {stream(1), 20, "a", {{"k", "w"}}}});
    const auto sizes = run({a.source(), b.source(), a.source()}, request_of({0}, {{100}}));
    ASSERT_TRUE(sizes.ok());
    EXPECT_EQ(sizes->entries, 4U);
    EXPECT_EQ(sizes->total_bytes, 4U + 2 * (8 + 2));
}

TEST(StreamSizes, BlocksThatOnlyTouchAreNotRead) {
    const TestSegment a({{stream(1), 10, "a", {}}, {stream(1), 20, "b", {}}});
    const TestSegment b({{stream(1), 21, "c", {}}, {stream(1), 30, "d", {}}});
    const TestSegment other({{stream(2), 15, "e", {}}});
    const auto sizes = run({a.source(), b.source(), other.source()}, request_of({10}, {{30}}));
    ASSERT_TRUE(sizes.ok());
    EXPECT_EQ(sizes->entries, 5U);
    EXPECT_EQ(sizes->read.segments.blocks, 0U);
}

TEST(StreamSizes, ErrorsOfGroupsAndTooManySumsEndTheRequest) {
    const TestSegment segment({{stream(1), 10, "a", {}}});
    SizeRequest refused = request_of({0}, {{100}});
    refused.groups_of = [](const Labels&, std::vector<std::uint32_t>&) {
        return absl::InvalidArgumentError("too many");
    };
    EXPECT_EQ(run({segment.source()}, refused).status(), absl::InvalidArgumentError("too many"));
    refused.first = {11};  // there is no stream
    EXPECT_EQ(run({segment.source()}, refused)->entries, 0U);
    SizeRequest large = request_of({0}, {{100}});
    large.groups_of = [](const Labels&, std::vector<std::uint32_t>& groups) {
        groups.push_back(20'000'000);
        return absl::OkStatus();
    };
    EXPECT_EQ(run({segment.source()}, large).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(StreamSizes, NothingThereIsZero) {
    const TestSegment segment({{stream(1), 10, "a", {}}});
    for (const auto& request :
         {request_of({11}, {{100}}), request_of({0}, {{9}}), request_of({10}, {{9}})}) {
        const auto sizes = run({segment.source()}, request);
        ASSERT_TRUE(sizes.ok());
        EXPECT_EQ(sizes->entries, 0U);
        EXPECT_EQ(sizes->total_bytes, 0U);
        EXPECT_EQ(sizes->streams, 0U);
        EXPECT_EQ(sizes->extents, 0U);
    }
    EXPECT_EQ(run({}, request_of({0}, {{100}}))->entries, 0U);
}

}  // namespace
}  // namespace logi::query
