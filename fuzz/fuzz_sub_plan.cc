// What another process sends as a sub-plan, or as an answer to one, is refused or read, within
// bounds, whatever it is; a sub-plan that is read is the same when it is sent on. The first byte of
// the input tells what it is, the rest is the message without its frame.
#include "changed_columns.h"
#include "logql/parser.h"
#include "query/checked_bytes.h"
#include "query/sub_plan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace logi;

constexpr std::int64_t kMemoryBytesMax = 16 << 20;
constexpr const char* kOps[] = {"rate",
                                "sum_over_time",
                                "max_over_time",
                                "stdvar_over_time",
                                "first_over_time",
                                "rate_counter",
                                "quantile_over_time"};

std::string framed(std::string_view magic,
                   std::string_view message,
                   std::uint32_t version = query::kSubPlanVersion) {
    std::string out = query::begin_checked(magic, version);
    out.append(message);
    query::end_checked(out);
    return out;
}

void plan(std::string_view message, std::uint32_t version) {
    const auto plan = query::decode_sub_plan(framed("LOGISUBP", message, version));
    if (!plan.ok()) {
        return;
    }
    const std::string bytes = query::encode(*plan);
    const auto again = query::decode_sub_plan(bytes);
    fuzz::must(again.ok() && query::encode(*again) == bytes);
}

void rows(std::string_view message, const query::StreamRange& streams) {
    query::SubPlan plan;
    plan.streams = streams;
    plan.first = {-1'000'000};
    plan.last = {1'000'000'000'000};
    plan.limit = 1000;
    plan.forward = true;
    exec::MemoryBudget budget(kMemoryBytesMax);
    query::ReadNotes notes;
    const auto rows = query::decode_rows(framed("LOGIPART", message), plan, budget, notes);
    fuzz::must(rows.ok() ? rows->size() <= plan.limit : budget.left_bytes() == kMemoryBytesMax);
}

void states(const std::string& op, std::string_view message) {
    const bool quantile = op == "quantile_over_time";
    const auto expr =
        logql::parse(op + (quantile ? "(0.5, " : "(") + "{a=\"b\"} | unwrap v [25s])");
    fuzz::must(expr.ok());
    const query::Leaf leaf = query::leaves(**expr).front();
    const exec::Windows windows(
        {{1'000'000'000}, Duration::seconds(10), 50}, leaf.aggregation->range, {});
    exec::MemoryBudget budget(kMemoryBytesMax);
    const auto pass =
        query::RangePass::make(leaf, windows, query::PassOptions(query::Request()), budget);
    fuzz::must(pass.ok());
    query::ReadNotes notes;
    if (!query::merge_states(framed("LOGIPART", message), **pass, notes).ok()) {
        fuzz::must(budget.left_bytes() == kMemoryBytesMax);
    }
    (void)(*pass)->finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view message(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t kind = data[0] % (4 + std::size(kOps));
    if (kind == 0) {
        plan(message, query::kSubPlanVersion);
    } else if (kind == 1) {
        rows(message, {});
    } else if (kind < 2 + std::size(kOps)) {
        states(kOps[kind - 2], message);
    } else if (kind == 2 + std::size(kOps)) {
        plan(message, query::kRangedPlanVersion);
    } else {
        rows(message, {*Labels::parse("{a=\"b\"}"), std::nullopt});
    }
    return 0;
}
