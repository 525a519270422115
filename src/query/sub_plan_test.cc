#include "query/sub_plan.h"

#include "base/crc32c.h"
#include "io/sim_executor.h"
#include "logql/parser.h"
#include "query/serve.h"
#include "query/test_sources.h"

#include <gtest/gtest.h>

#include <optional>

namespace logi::query {
namespace {

constexpr std::int64_t kPlanStart = 1'700'000'000LL * kNanosPerSecond;
const std::string kLogs = "{app=\"api\"} |= \"a\"";
const std::string kRange = "count_over_time({app=\"api\"}[1m])";

SubPlan plan_of(const std::string& query) {
    SubPlan plan;
    plan.query = query;
    plan.metric = query.front() != '{';
    plan.first = {kPlanStart};
    plan.last = {kPlanStart + 100 * kNanosPerSecond};
    plan.steps = {{kPlanStart}, Duration::seconds(10), 11};
    plan.limit = 10;
    plan.now = plan.last;
    plan.memory_bytes_max = 1 << 20;
    StoredPart part;
    part.tenant = "t|1";
    part.label = TenantLabel::kShown;
    part.hiding.rules.push_back(
        *exec::HideRule::make("{app=\"b\"} |= \"x\"", plan.now, {5}, {6}, {{7, 8}}));
    part.hiding.retention.push_back({{*Matcher::make("c", MatchOp::kRegex, "d.*")}, {9}});
    part.hiding.only.push_back(*Matcher::make("app", MatchOp::kNotEqual, "secret"));
    part.segments.push_back({"tenants/t/segments/1", {1}, {2}, 3});
    plan.parts.push_back(std::move(part));
    return plan;
}

exec::Sources sources() {
    std::vector<TestEntry> entries;
    for (int i = 0; i < 50; ++i) {
        entries.push_back({Labels::from_pairs({{"app", "api"}, {"n", std::to_string(i % 3)}}),
                           kPlanStart + i * kNanosPerSecond,
                           "a v=" + std::to_string(i * 0.1),
                           {{"user", "u"}}});
    }
    return {TestSegment(std::move(entries)).source()};
}

std::string answer_to(const SubPlan& plan, std::int64_t memory_bytes_max = 1 << 20) {
    io::SimClock clock(plan.now);
    const auto executor = std::make_shared<io::SimExecutor>(1, clock);
    std::optional<std::string> out;
    serve(executor, plan, sources(), memory_bytes_max, {}, [&out](std::string answer) {
        out = std::move(answer);
    });
    executor->run_until_idle();
    return out.value_or("none");
}

std::string with_checksum(std::string message) {
    message.resize(message.size() - 4);
    base::ByteWriter(message).u32(base::crc32c(message));
    return message;
}

struct Pass {
    explicit Pass(const std::string& query, std::int64_t budget_bytes = 1 << 20)
        : budget(budget_bytes), expr(*logql::parse(query)) {
        const Leaf leaf = leaves(*expr).front();
        Request request;
        pass = *RangePass::make(
            leaf,
            exec::Windows(plan_of(query).steps, leaf.aggregation->range, leaf.aggregation->offset),
            PassOptions(request),
            budget);
    }
    exec::MemoryBudget budget;
    logql::ExprPtr expr;
    std::shared_ptr<RangePass> pass;
    ReadNotes notes;
};

TEST(SubPlan, IsTheSameOnTheOtherSide) {
    const SubPlan plan = plan_of(kLogs);
    const auto back = decode_sub_plan(encode(plan));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(encode(*back), encode(plan));
    ASSERT_EQ(back->parts.size(), 1U);
    EXPECT_EQ(back->parts[0].tenant, "t|1");
    EXPECT_EQ(back->parts[0].segments[0].key, "tenants/t/segments/1");
    EXPECT_EQ(back->parts[0].hiding.rules[0]->arrived.at(7), 8U);
    EXPECT_EQ(back->parts[0].hiding.only[0].to_string(), "app!=\"secret\"");
}

TEST(SubPlan, DamageAndOtherVersionsAreRefused) {
    const std::string bytes = encode(plan_of(kLogs));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_TRUE(absl::IsDataLoss(decode_sub_plan(changed).status())) << i;
        EXPECT_TRUE(absl::IsDataLoss(decode_sub_plan(bytes.substr(0, i)).status())) << i;
    }
    std::string newer = bytes;
    newer[8] = static_cast<char>(kRangedPlanVersion + 1);
    EXPECT_TRUE(absl::IsUnimplemented(decode_sub_plan(with_checksum(newer)).status()));
    SubPlan odd = plan_of("count_over_time({app=\"api\"}[1m])");
    odd.steps.count = std::size_t{1} << 40U;
    EXPECT_TRUE(absl::IsInvalidArgument(decode_sub_plan(encode(odd)).status()));
}

StreamRange range_of(const std::string& from, const std::string& to) {
    StreamRange range;
    range.from = *Labels::parse(from);
    if (!to.empty()) {
        range.to = *Labels::parse(to);
    }
    return range;
}

TEST(SubPlan, ARangeOfStreamsIsAnotherVersion) {
    SubPlan plan = plan_of(kLogs);
    EXPECT_EQ(encode(plan)[8], static_cast<char>(kSubPlanVersion));
    for (const StreamRange& range : {range_of("{}", "{app=\"b\"}"),
                                     range_of("{app=\"b\"}", ""),
                                     range_of("{app=\"b\", n=\"\\n\"}", "{b=\"a\"}")}) {
        plan.streams = range;
        const std::string bytes = encode(plan);
        EXPECT_EQ(bytes[8], static_cast<char>(kRangedPlanVersion));
        const auto back = decode_sub_plan(bytes);
        ASSERT_TRUE(back.ok()) << back.status();
        EXPECT_EQ(back->streams, range);
        EXPECT_EQ(encode(*back), bytes);
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            std::string changed = bytes;
            changed[i] = static_cast<char>(changed[i] ^ 1);
            EXPECT_TRUE(absl::IsDataLoss(decode_sub_plan(changed).status())) << i;
            if (i > 12 && i + 4 < bytes.size()) {
                EXPECT_FALSE(decode_sub_plan(with_checksum(bytes.substr(0, i) + "1234")).ok()) << i;
            }
        }
        // As a plan of all streams it is none.
        std::string older = bytes;
        older[8] = static_cast<char>(kSubPlanVersion);
        EXPECT_FALSE(decode_sub_plan(with_checksum(older)).ok());
        std::string newer = bytes;
        newer[8] = static_cast<char>(kRangedPlanVersion + 1);
        EXPECT_TRUE(absl::IsUnimplemented(decode_sub_plan(with_checksum(newer)).status()));
    }
}

TEST(SubPlan, ARangeThatIsNoneIsRefused) {
    SubPlan plan = plan_of(kLogs);
    plan.streams = range_of("{app=\"b\"}", "{app=\"a\"}");
    EXPECT_TRUE(absl::IsInvalidArgument(decode_sub_plan(encode(plan)).status()));
    plan.streams = range_of("{app=\"b\"}", "{app=\"b\"}");
    EXPECT_TRUE(absl::IsInvalidArgument(decode_sub_plan(encode(plan)).status()));
    std::vector<LabelPair> many;
    for (int i = 0; i < 20'000; ++i) {
        many.push_back({std::to_string(i), "a"});
    }
    plan.streams = {Labels::from_pairs(std::move(many)), std::nullopt};
    EXPECT_TRUE(absl::IsInvalidArgument(decode_sub_plan(encode(plan)).status()));
    // Of all streams, though its version says that it has a range.
    std::string all = encode(plan_of(kLogs));
    all[8] = static_cast<char>(kRangedPlanVersion);
    all.insert(12, std::string(2, '\0'));
    EXPECT_TRUE(absl::IsInvalidArgument(decode_sub_plan(with_checksum(all)).status()));
}

TEST(SubPlan, OfARangeItsRowsComeBackWithTheirStreams) {
    SubPlan plan = plan_of(kLogs);
    plan.streams = range_of("{app=\"api\", n=\"1\"}", "{app=\"api\", n=\"2\"}");
    const std::string answer = answer_to(plan);
    exec::MemoryBudget budget(1 << 20);
    ReadNotes notes;
    const auto rows = decode_rows(answer, plan, budget, notes);
    ASSERT_TRUE(rows.ok()) << rows.status();
    ASSERT_EQ(rows->size(), 10U);
    for (const LogRow& row : *rows) {
        EXPECT_EQ(row.stream->to_string(), "{app=\"api\", n=\"1\"}");
        EXPECT_EQ(row.id, row.stream->id());
    }
    SubPlan all = plan;
    all.streams = {};
    EXPECT_TRUE(absl::IsDataLoss(decode_rows(answer, all, budget, notes).status()));
    EXPECT_TRUE(absl::IsDataLoss(decode_rows(answer_to(all), plan, budget, notes).status()));
}

TEST(SubPlan, OfARangeOnlyItsStreamsAreCounted) {
    // From rows, and from statistics.
    for (const std::string query : {"count_over_time({app=\"api\"} |= \"a\" [25s])",
                                    "count_over_time({app=\"api\"}[25s])",
                                    "bytes_over_time({app=\"api\"}[1m])",
                                    "absent_over_time({app=\"api\"}[25s])"}) {
        Pass whole(query);
        ASSERT_TRUE(merge_states(answer_to(plan_of(query)), *whole.pass, whole.notes).ok());
        const auto expected = whole.pass->finish();
        Pass split(query);
        std::size_t told = 0;
        for (const StreamRange& range :
             {range_of("{}", "{app=\"api\", n=\"1\"}"),
              range_of("{app=\"api\", n=\"1\"}", "{app=\"api\", n=\"15\"}"),
              range_of("{app=\"api\", n=\"15\"}", "")}) {
            SubPlan plan = plan_of(query);
            plan.streams = range;
            Pass one(query);
            const std::string answer = answer_to(plan);
            ASSERT_TRUE(merge_states(answer, *one.pass, one.notes).ok());
            told += one.pass->finish()->size();
            ASSERT_TRUE(merge_states(answer, *split.pass, split.notes).ok());
        }
        const auto got = split.pass->finish();
        ASSERT_TRUE(got.ok() && expected.ok());
        ASSERT_EQ(got->size(), expected->size()) << query;
        EXPECT_EQ(told, 3U) << query;
        for (const exec::StepSeries& series : *expected) {
            const auto same = std::find_if(
                got->begin(), got->end(), [&](const auto& s) { return s.labels == series.labels; });
            ASSERT_NE(same, got->end()) << query;
            EXPECT_EQ(same->values, series.values) << query;
        }
    }
}

TEST(SubPlan, RowsComeBack) {
    const SubPlan plan = plan_of(kLogs);
    const std::string answer = answer_to(plan);
    exec::MemoryBudget budget(1 << 20);
    ReadNotes notes;
    const auto rows = decode_rows(answer, plan, budget, notes);
    ASSERT_TRUE(rows.ok()) << rows.status();
    ASSERT_EQ(rows->size(), 10U);
    EXPECT_EQ(rows->front().time.ns, kPlanStart + 49 * kNanosPerSecond);
    EXPECT_EQ(rows->front().stream->to_string(), "{app=\"api\", n=\"1\"}");
    EXPECT_EQ(rows->front().metadata[0].value, "u");
    EXPECT_GT(notes.stats.segments.lines, 0U);
    EXPECT_LT(budget.left_bytes(), 1 << 20);

    // An answer to another plan, and more of it than memory: nothing is kept.
    SubPlan other = plan;
    other.forward = true;
    exec::MemoryBudget unused(1 << 20);
    EXPECT_TRUE(absl::IsDataLoss(decode_rows(answer, other, unused, notes).status()));
    other = plan;
    other.last = {kPlanStart + 10};
    EXPECT_TRUE(absl::IsDataLoss(decode_rows(answer, other, unused, notes).status()));
    other = plan;
    other.limit = 9;
    EXPECT_TRUE(absl::IsDataLoss(decode_rows(answer, other, unused, notes).status()));
    EXPECT_EQ(unused.left_bytes(), 1 << 20);
    exec::MemoryBudget small(300);
    EXPECT_TRUE(absl::IsResourceExhausted(decode_rows(answer, plan, small, notes).status()));
    EXPECT_EQ(small.left_bytes(), 300);
}

TEST(SubPlan, StatesComeBackToTheBit) {
    for (const std::string op : {"sum_over_time",
                                 "avg_over_time",
                                 "min_over_time",
                                 "stddev_over_time",
                                 "first_over_time",
                                 "rate_counter",
                                 "rate"}) {
        const std::string query = op + "({app=\"api\"} | logfmt | unwrap v [25s])";
        SubPlan plan = plan_of(query);
        const std::string answer = answer_to(plan);
        Pass split(query);
        ASSERT_TRUE(merge_states(answer, *split.pass, split.notes).ok()) << query;
        const auto got = split.pass->finish();

        Pass whole(query);
        io::SimClock clock(plan.now);
        io::SimExecutor executor(1, clock);
        whole.pass->read(executor, sources(), plan.first, plan.last, {}, [](const auto& notes) {
            EXPECT_TRUE(notes.ok());
        });
        executor.run_until_idle();
        const auto expected = whole.pass->finish();
        ASSERT_TRUE(got.ok() && expected.ok());
        ASSERT_EQ(got->size(), 3U) << query;
        for (const exec::StepSeries& series : *expected) {
            const auto same = std::find_if(
                got->begin(), got->end(), [&](const auto& s) { return s.labels == series.labels; });
            ASSERT_NE(same, got->end()) << query;
            EXPECT_EQ(same->steps, series.steps) << query;
            EXPECT_EQ(same->values, series.values) << query;
        }
    }
}

TEST(SubPlan, AnswersOfAnotherVersionAreNone) {
    const std::string query = "count_over_time({app=\"api\"}[1m])";
    for (const std::uint32_t version : {kSubPlanVersion - 1, kRangedPlanVersion + 1}) {
        const auto of_version = [version](std::string message) {
            message[8] = static_cast<char>(version);
            return with_checksum(std::move(message));
        };
        exec::MemoryBudget budget(1 << 20);
        Pass pass(query);
        const SubPlan logs = plan_of(kLogs);
        EXPECT_TRUE(absl::IsUnimplemented(
            decode_rows(of_version(answer_to(logs)), logs, budget, pass.notes).status()));
        EXPECT_TRUE(absl::IsUnimplemented(
            merge_states(of_version(answer_to(plan_of(query))), *pass.pass, pass.notes)));
        // What it says of an error would be another code.
        EXPECT_TRUE(absl::IsUnimplemented(merge_states(
            of_version(encode_error(absl::InternalError("x"))), *pass.pass, pass.notes)));
        EXPECT_TRUE(absl::IsUnimplemented(decode_sub_plan(of_version(encode(logs))).status()));
        EXPECT_EQ(budget.left_bytes(), 1 << 20);
        EXPECT_EQ(pass.budget.left_bytes(), 1 << 20);
    }
}

TEST(SubPlan, StatesThatAreNoneLeaveNothing) {
    const std::string query = "sum by (n) (count_over_time({app=\"api\"}[1m]))";
    const std::string answer = answer_to(plan_of(query));
    Pass pass(query);
    for (std::size_t i = 12; i + 4 < answer.size(); ++i) {
        std::string cut = answer.substr(0, i) + "1234";
        EXPECT_TRUE(
            absl::IsDataLoss(merge_states(with_checksum(std::move(cut)), *pass.pass, pass.notes)))
            << i;
    }
    EXPECT_EQ(pass.budget.left_bytes(), 1 << 20);
    EXPECT_EQ(pass.notes.stats.segments.blocks, 0U);
    EXPECT_TRUE(pass.pass->finish()->empty());
    Pass small(query, 100);
    EXPECT_TRUE(absl::IsOutOfRange(merge_states(answer, *small.pass, small.notes)));
    EXPECT_EQ(small.budget.left_bytes(), 100);
}

TEST(SubPlan, BytesOfNothingTakeNoMemory) {
    SubPlan plan = plan_of(kLogs);
    plan.parts.assign(20'000, StoredPart());
    EXPECT_TRUE(absl::IsInvalidArgument(decode_sub_plan(encode(plan)).status()));

    exec::MemoryBudget budget(1 << 20);
    ReadNotes notes;
    const std::string nothing = encode_rows({}, {});  // sentences, streams, rows, checksum
    std::string sentences = nothing.substr(0, nothing.size() - 7);
    base::ByteWriter(sentences).varint(1'000'000);
    sentences.append(1'000'000 + 2 + 4, '\0');
    EXPECT_TRUE(absl::IsDataLoss(
        decode_rows(with_checksum(std::move(sentences)), plan, budget, notes).status()));
    std::string pairs = nothing.substr(0, nothing.size() - 6);
    base::ByteWriter(pairs).varint(1);
    base::ByteWriter(pairs).varint(200'000);
    pairs.append(2 * 200'000 + 1 + 4, '\0');
    EXPECT_TRUE(absl::IsDataLoss(
        decode_rows(with_checksum(std::move(pairs)), plan, budget, notes).status()));
    EXPECT_TRUE(notes.missing.empty());
}

TEST(SubPlan, OfMuchThatIsMissingAFewSentencesAreTold) {
    ReadNotes many;
    many.missing.assign(20'000, "a block is damaged");
    exec::MemoryBudget budget(1 << 20);
    ReadNotes notes;
    EXPECT_TRUE(decode_rows(encode_rows({}, many), plan_of(kLogs), budget, notes).ok());
    EXPECT_EQ(notes.missing.size(), 1001U);
}

TEST(SubPlan, AnAnswerTakesNoMoreThanMayBeHeld) {
    for (const std::string& query : {kLogs, kRange}) {
        std::size_t answered = 0;
        for (std::int64_t bytes = 256; bytes <= 1 << 20; bytes += bytes / 4) {
            SubPlan plan = plan_of(query);
            plan.memory_bytes_max = bytes;
            const std::string answer = answer_to(plan);
            Pass pass(kRange);
            exec::MemoryBudget budget(1 << 20);
            ReadNotes notes;
            const Status status = plan.metric ? merge_states(answer, *pass.pass, notes)
                                              : decode_rows(answer, plan, budget, notes).status();
            answered += status.ok() ? 1U : 0U;
            EXPECT_TRUE(!status.ok() || static_cast<std::int64_t>(answer.size()) <= bytes) << bytes;
            EXPECT_TRUE(status.ok() || absl::IsResourceExhausted(status) ||
                        absl::IsOutOfRange(status))
                << status;
        }
        EXPECT_GT(answered, 10U) << query;
    }
}

TEST(SubPlan, NobodyGetsMoreThanTheOtherSideAllowsItself) {
    for (const std::string& query : {kLogs, kRange}) {
        const SubPlan plan = plan_of(query);
        Pass pass(kRange);
        exec::MemoryBudget budget(1 << 20);
        ReadNotes notes;
        const auto status = [&](const std::string& answer) {
            return plan.metric ? merge_states(answer, *pass.pass, notes)
                               : decode_rows(answer, plan, budget, notes).status();
        };
        // That is not the end of the query: who asked has the room.
        EXPECT_TRUE(absl::IsOutOfRange(status(answer_to(plan, 100)))) << query;
        EXPECT_TRUE(status(answer_to(plan, plan.memory_bytes_max)).ok()) << query;
        SubPlan greedy = plan;
        greedy.memory_bytes_max = std::int64_t{1} << 60U;
        EXPECT_TRUE(absl::IsOutOfRange(status(answer_to(greedy, 100)))) << query;
    }
}

TEST(SubPlan, ErrorsOfAQueryAreItsAnswer) {
    const std::string query = "sum_over_time({app=\"api\"} | logfmt | unwrap nothing [1m])";
    Pass pass(query);
    const Status status = merge_states(answer_to(plan_of(query)), *pass.pass, pass.notes);
    EXPECT_TRUE(status.ok()) << status;  // there is no such field, so no sample
    SubPlan little = plan_of(kLogs);
    little.memory_bytes_max = 10;
    exec::MemoryBudget budget(1 << 20);
    ReadNotes notes;
    EXPECT_TRUE(
        absl::IsResourceExhausted(decode_rows(answer_to(little), little, budget, notes).status()));
    SubPlan unknown = plan_of("{app=\"api\"} | of_the_future");
    EXPECT_TRUE(
        absl::IsUnimplemented(decode_rows(answer_to(unknown), unknown, budget, notes).status()));
}

}  // namespace
}  // namespace logi::query
