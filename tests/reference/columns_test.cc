// Parsers that read columns against parsers that read lines: the same answer to every query.
//   test_columns [--seed N|random] [--count M] [--query Q]
// A failure prints its seed, the query, the fewest entries that show it, and what differs.
#include "compare.h"
#include "engine.h"
#include "exec/pipeline.h"
#include "exec/visible_source.h"
#include "logql/parser.h"
#include "query/run_simulated.h"
#include "random_cases.h"
#include "template_data.h"

#include <cstdio>

namespace logi::reference {
namespace {

constexpr std::size_t kQueriesPerData = 12;
constexpr std::size_t kQueriesThatTell = 1000;

// What the cases reached.
struct Reached {
    std::size_t blocks = 0;
    std::size_t blocks_of_templates = 0;
    std::size_t queries_by_columns = 0;
    std::size_t counted = 0;       // queries that counted blocks by template
    std::size_t counted_rest = 0;  // of those, with lines that had to be looked at
};

// Hides what a delete or a retention may hide.
exec::Hiding hiding_of(const std::vector<Entry>& entries, Dice& dice) {
    exec::Hiding hiding;
    if (dice.percent(30)) {
        hiding.retention.push_back({{}, dice.pick(entries).time});
        return hiding;
    }
    const auto rule = std::make_shared<exec::HideRule>();
    rule->first = dice.pick(entries).time;
    rule->last = rule->first + Duration::seconds(dice.between(0, 20));
    if (dice.percent(50)) {
        const auto log =
            logql::parse_log_query("{app=~\".+\"} | json | status >= 500", logql::Selective::kAny);
        rule->pipeline = *exec::Pipeline::compile(*log, {});
    }
    hiding.rules.push_back(rule);
    return hiding;
}

// Segments that follow each other or overlap, where some entries may be twice, or hidden.
exec::Sources sources_of(const std::vector<Entry>& entries, std::uint64_t seed) {
    Dice dice(seed);
    const std::size_t segments = 1 + dice.below(3);
    std::vector<Entry> arrived = entries;
    if (dice.percent(25)) {
        arrived.clear();
        for (std::size_t from = 0; from < segments; ++from) {
            for (std::size_t i = from; i < entries.size(); i += segments) {
                arrived.push_back(entries[i]);
            }
        }
    }
    if (dice.percent(15)) {
        for (std::size_t i = 0; i < entries.size(); i += 10) {
            arrived.push_back(entries[i]);
        }
    }
    exec::Sources sources = make_segments(arrived, segments);
    if (!entries.empty() && dice.percent(15)) {
        const exec::Hiding hiding = hiding_of(entries, dice);
        for (auto& source : sources) {
            source = exec::visible(source, hiding);
        }
    }
    return sources;
}

StatusOr<query::Result> run(const exec::Sources& sources,
                            const RandomQuery& query,
                            bool columns,
                            bool threads = false) {
    query::Request request = engine_request(query.text, query.request);
    request.columns = columns;
    LOGI_ASSIGN_OR_RETURN(query::Prepared prepared, query::prepare(std::move(request)));
    Limits limits;
    limits.max_query_series = 100000;
    return threads ? run_on_threads(sources, std::move(prepared), limits)
                   : query::run_simulated(sources, std::move(prepared), limits);
}

struct Verdict {
    std::optional<std::string> difference;
    bool failed = false;
    bool empty = false;
    exec::ReadCounts read;  // by columns
};

Verdict check(const exec::Sources& sources, const Case& c) {
    Verdict verdict;
    // The engine may have rewritten its own tree.
    const auto expr = logql::parse(c.query.text);
    if (!expr.ok()) {
        verdict.difference = "does not parse: " + std::string(message_of(expr.status()));
        return verdict;
    }
    const auto by_lines = run(sources, c.query, false);
    const auto by_columns = run(sources, c.query, true);
    verdict.failed = !by_lines.ok();
    verdict.empty = by_lines.ok() && by_lines->rows.empty() && by_lines->series.empty();
    if (by_columns.ok()) {
        verdict.read = by_columns->stats.segments;
    }
    const auto expected = answer_of(by_lines);
    verdict.difference = difference(expected, by_columns, **expr);
    // With threads, which of several errors comes first is open.
    if (!verdict.difference.has_value()) {
        const auto on_threads = run(sources, c.query, true, true);
        if (by_columns.ok() || on_threads.ok()) {
            verdict.difference = difference(expected, on_threads, **expr);
        }
    }
    return verdict;
}

bool differs(const Case& c) {
    return check(sources_of(c.entries, c.seed), c).difference.has_value();
}

void count_blocks(const exec::Sources& sources, Reached& reached) {
    for (const auto& source : sources) {
        const auto all = source->select_all();
        for (std::uint32_t i = 0; i < all->blocks().size(); ++i) {
            const auto block = all->open_block(i);
            ++reached.blocks;
            reached.blocks_of_templates += *(*block)->templates() != nullptr ? 1U : 0U;
        }
    }
}

void note(const exec::ReadCounts& read, Reached& reached) {
    reached.queries_by_columns += read.column_lines > 0 ? 1U : 0U;
    reached.counted += read.counted_blocks > 0 ? 1U : 0U;
    reached.counted_rest += read.counted_blocks > 0 && read.lines > read.column_lines ? 1U : 0U;
}

// Random queries, of which some have all entries in one window.
RandomQuery next_query(Dice& dice, const RandomData& data) {
    RandomQuery query = random_query(dice, data);
    if (!data.logs && dice.percent(30)) {
        query.request.instant = true;
        query.request.end = data.entries.back().time + Duration::millis(1);
        query.request.start = query.request.end;
    }
    return query;
}

void run_seed(std::uint64_t seed, const std::string& query, Counts& counts, Reached& reached) {
    Dice dice(seed);
    const RandomData data = template_data(dice);
    const exec::Sources sources = sources_of(data.entries, seed);
    count_blocks(sources, reached);
    for (std::size_t i = 0; i < (query.empty() ? kQueriesPerData : 1); ++i) {
        Case c{seed, data.entries, next_query(dice, data)};
        if (!query.empty()) {
            c.query.text = query;
        }
        const Verdict verdict = check(sources, c);
        counts.add(verdict.failed, verdict.empty);
        note(verdict.read, reached);
        if (verdict.difference.has_value()) {
            ++counts.differing;
            shrink(c, differs);
            print(c,
                  check(sources_of(c.entries, c.seed), c).difference.value_or(*verdict.difference));
        }
    }
}

// Whether so many cases tell something: data have templates, and queries reach what they test.
bool tells_enough(const Counts& counts, const Reached& reached) {
    const std::size_t all = counts.queries;
    return all < kQueriesThatTell ||
           (2 * reached.blocks_of_templates > reached.blocks && 4 * counts.failed < all &&
            3 * counts.empty < 2 * all && 8 * reached.queries_by_columns > all &&
            200 * reached.counted > all && 500 * reached.counted_rest > all);
}

int run(std::uint64_t first, std::size_t count, const std::string& query) {
    Counts counts;
    Reached reached;
    for (std::size_t i = 0; i < count && counts.differing < 5; ++i) {
        run_seed(first + i, query, counts, reached);
    }
    std::printf(
        "%zu queries of %zu data sets from seed %llu, %zu of %zu blocks of templates: %zu differ; "
        "%zu are errors, %zu have no result; %zu read columns, %zu counted blocks by template, %zu "
        "of them with lines left\n",
        counts.queries,
        count,
        static_cast<unsigned long long>(first),
        reached.blocks_of_templates,
        reached.blocks,
        counts.differing,
        counts.failed,
        counts.empty,
        reached.queries_by_columns,
        reached.counted,
        reached.counted_rest);
    if (!tells_enough(counts, reached)) {
        std::printf("FAILED: that does not tell enough\n");
        return 1;
    }
    return counts.differing == 0 ? 0 : 1;
}

}  // namespace
}  // namespace logi::reference

int main(int argc, char** argv) {
    const auto arguments = logi::reference::read_arguments(argc, argv, 400);
    return arguments.has_value()
               ? logi::reference::run(arguments->seed, arguments->count, arguments->query)
               : 2;
}
