// Parsers that read columns against parsers that read lines: the same answer to every query.
//   test_columns [--seed N|random] [--count M] [--query Q]
// A failure prints its seed, the query, the fewest entries that show it, and what differs.
#include "compare.h"
#include "engine.h"
#include "logql/parser.h"
#include "query/run_simulated.h"
#include "random_cases.h"
#include "template_data.h"

#include <cstdio>

namespace logi::reference {
namespace {

constexpr std::size_t kQueriesPerData = 12;

struct Blocks {
    std::size_t all = 0;
    std::size_t of_templates = 0;
};

StatusOr<query::Result> run(const exec::Sources& sources, const RandomQuery& query, bool columns) {
    query::Request request = engine_request(query.text, query.request);
    request.columns = columns;
    LOGI_ASSIGN_OR_RETURN(query::Prepared prepared, query::prepare(std::move(request)));
    Limits limits;
    limits.max_query_series = 100000;
    return query::run_simulated(sources, std::move(prepared), limits, 1);
}

struct Verdict {
    std::optional<std::string> difference;
    bool failed = false;
    bool empty = false;
};

Verdict check(const exec::Sources& sources, const Case& c) {
    // The engine may have rewritten its own tree.
    const auto expr = logql::parse(c.query.text);
    if (!expr.ok()) {
        return {"does not parse: " + std::string(message_of(expr.status())), false, false};
    }
    const auto by_lines = run(sources, c.query, false);
    Verdict verdict;
    verdict.failed = !by_lines.ok();
    verdict.empty = by_lines.ok() && by_lines->rows.empty() && by_lines->series.empty();
    verdict.difference = difference(answer_of(by_lines), run(sources, c.query, true), **expr);
    return verdict;
}

Verdict check(const Case& c) {
    return check(make_segments(c.entries, 1), c);
}

void count_blocks(const exec::Sources& sources, Blocks& blocks) {
    for (const auto& source : sources) {
        for (std::uint32_t i = 0; i < source->blocks().size(); ++i) {
            const auto block = source->open_block(i);
            ++blocks.all;
            blocks.of_templates += *(*block)->templates() != nullptr ? 1U : 0U;
        }
    }
}

void run_seed(std::uint64_t seed, const std::string& query, Counts& counts, Blocks& blocks) {
    Dice dice(seed);
    const RandomData data = template_data(dice);
    const exec::Sources sources = make_segments(data.entries, 1 + dice.below(2));
    count_blocks(sources, blocks);
    for (std::size_t i = 0; i < (query.empty() ? kQueriesPerData : 1); ++i) {
        Case c{seed, data.entries, random_query(dice, data)};
        if (!query.empty()) {
            c.query.text = query;
        }
        const Verdict verdict = check(sources, c);
        counts.add(verdict.failed, verdict.empty);
        if (verdict.difference.has_value()) {
            ++counts.differing;
            shrink(c, [](const Case& smaller) { return check(smaller).difference.has_value(); });
            print(c, check(c).difference.value_or(*verdict.difference));
        }
    }
}

int run(std::uint64_t first, std::size_t count, const std::string& query) {
    Counts counts;
    Blocks blocks;
    for (std::size_t i = 0; i < count && counts.differing < 5; ++i) {
        run_seed(first + i, query, counts, blocks);
    }
    std::printf(
        "%zu queries of %zu data sets from seed %llu, %zu of %zu blocks of templates: %zu differ; "
        "%zu are errors, %zu have no result\n",
        counts.queries,
        count,
        static_cast<unsigned long long>(first),
        blocks.of_templates,
        blocks.all,
        counts.differing,
        counts.failed,
        counts.empty);
    // Data without templates would show nothing.
    return counts.differing == 0 && 2 * blocks.of_templates > blocks.all ? 0 : 1;
}

}  // namespace
}  // namespace logi::reference

int main(int argc, char** argv) {
    const auto arguments = logi::reference::read_arguments(argc, argv, 400);
    return arguments.has_value()
               ? logi::reference::run(arguments->seed, arguments->count, arguments->query)
               : 2;
}
