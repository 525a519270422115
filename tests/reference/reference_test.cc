// The engine against the reference on random data and queries.
//   test_reference [--seed N|random] [--count M] [--query Q]
// A failure prints its seed, the query, the fewest entries that show it, and what differs.
#include "compare.h"
#include "engine.h"
#include "logql/parser.h"
#include "query/run_simulated.h"
#include "random_cases.h"

#include <cstdio>

namespace logi::reference {
namespace {

// A case and what the reference says to it.
struct Verdict {
    std::optional<std::string> difference;
    bool failed = false;
    bool empty = false;
};

Verdict check(const Case& c) {
    const auto prepared = query::prepare(engine_request(c.query.text, c.query.request));
    if (!prepared.ok()) {
        return {"does not parse: " + std::string(message_of(prepared.status())), false, false};
    }
    Limits limits;
    limits.max_query_series = static_cast<std::int64_t>(c.query.request.series_max);
    Dice dice(c.seed);
    const exec::Sources sources = make_sources(c.entries, dice);
    // The engine may have rewritten its own tree.
    const logql::ExprPtr expr = *logql::parse(c.query.text);
    const auto expected = evaluate(c.entries, *expr, c.query.request);
    Verdict verdict;
    verdict.failed = !expected.ok() || !expected->pipeline_errors.empty();
    verdict.empty = !verdict.failed && expected->rows.empty() && expected->series.empty();
    verdict.difference =
        difference(expected, query::run_simulated(sources, *prepared, limits, dice.seed()), *expr);
    if (!verdict.difference.has_value()) {
        verdict.difference =
            difference(expected, run_on_threads(sources, *prepared, limits), *expr);
    }
    return verdict;
}

void run_seed(std::uint64_t seed, const std::string& query, Counts& counts) {
    Dice dice(seed);
    RandomData data = random_data(dice);
    Case c{seed, data.entries, random_query(dice, data)};
    if (!query.empty()) {
        c.query.text = query;
    }
    Verdict verdict = check(c);
    counts.add(verdict.failed, verdict.empty);
    if (verdict.difference.has_value()) {
        ++counts.differing;
        shrink(c, [](const Case& smaller) { return check(smaller).difference.has_value(); });
        print(c, check(c).difference.value_or(*verdict.difference));
    }
}

int run(std::uint64_t first, std::size_t count, const std::string& query) {
    Counts counts;
    for (std::size_t i = 0; i < count && counts.differing < 10; ++i) {
        run_seed(first + i, query, counts);
    }
    std::printf("%zu queries from seed %llu: %zu differ; %zu are errors, %zu have no result\n",
                count,
                static_cast<unsigned long long>(first),
                counts.differing,
                counts.failed,
                counts.empty);
    return counts.differing == 0 ? 0 : 1;
}

}  // namespace
}  // namespace logi::reference

int main(int argc, char** argv) {
    const auto arguments = logi::reference::read_arguments(argc, argv, 3000);
    return arguments.has_value()
               ? logi::reference::run(arguments->seed, arguments->count, arguments->query)
               : 2;
}
