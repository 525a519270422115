// The engine against the reference on random data and queries.
//   test_reference [--seed N|random] [--count M] [--query Q]
// A failure prints its seed, the query, the fewest entries that show it, and what differs.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "compare.h"
#include "engine.h"
#include "logql/parser.h"
#include "model/labels.h"
#include "random_query.h"

#include <cstdio>
#include <random>

namespace logi::reference {
namespace {

struct Case {
    std::uint64_t seed = 0;
    std::vector<Entry> entries;
    RandomQuery query;
};

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
        difference(expected, run_simulated(sources, *prepared, limits, dice.seed()), *expr);
    if (!verdict.difference.has_value()) {
        verdict.difference =
            difference(expected, run_on_threads(sources, *prepared, limits), *expr);
    }
    return verdict;
}

// Leaves out entries, larger parts first, as long as something still differs.
void shrink(Case& c) {
    for (std::size_t part = c.entries.size(); part > 0; part /= 2) {
        for (std::size_t at = 0; at < c.entries.size();) {
            Case smaller = c;
            const auto begin = smaller.entries.begin() + static_cast<std::ptrdiff_t>(at);
            const std::size_t count = std::min(part, c.entries.size() - at);
            smaller.entries.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
            if (check(smaller).difference.has_value()) {
                c = std::move(smaller);
            } else {
                at += part;
            }
        }
    }
}

std::string text_of(const LabelMap& labels) {
    std::string out;
    for (const auto& [name, value] : labels) {
        absl::StrAppend(&out, out.empty() ? "" : ", ", name, "=", go_quote(value));
    }
    return absl::StrCat("{", out, "}");
}

void print(const Case& c, const std::string& found) {
    const Request& r = c.query.request;
    std::printf("FAILED --seed %llu --count 1\n  %s\n",
                static_cast<unsigned long long>(c.seed),
                c.query.text.c_str());
    std::printf("  start %lld end %lld step %.3f s%s%s%s limit %zu interval %.3f s\n",
                static_cast<long long>(r.start.ns),
                static_cast<long long>(r.end.ns),
                static_cast<double>(r.step.ns) / 1e9,
                r.instant ? " instant" : "",
                r.align_to_step ? " aligned" : "",
                r.forward ? " forward" : "",
                r.limit,
                static_cast<double>(r.interval.ns) / 1e9);
    for (const Entry& e : c.entries) {
        std::printf("    %lld %s %s %s\n",
                    static_cast<long long>(e.time.ns),
                    text_of(e.stream).c_str(),
                    go_quote(e.line).c_str(),
                    text_of(e.metadata).c_str());
    }
    std::printf("  %s\n", found.c_str());
}

struct Counts {
    std::size_t differing = 0;
    std::size_t failed = 0;
    std::size_t empty = 0;
};

void run_seed(std::uint64_t seed, const std::string& query, Counts& counts) {
    Dice dice(seed);
    RandomData data = random_data(dice);
    Case c{seed, data.entries, random_query(dice, data)};
    if (!query.empty()) {
        c.query.text = query;
    }
    Verdict verdict = check(c);
    counts.failed += verdict.failed ? 1 : 0;
    counts.empty += verdict.empty ? 1 : 0;
    if (verdict.difference.has_value()) {
        ++counts.differing;
        shrink(c);
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
    std::uint64_t seed = 1;
    std::size_t count = 3000;
    std::string query;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i];
        const std::string value = argv[i + 1];
        if (name == "--query") {
            query = value;
        } else if (name == "--seed" && value == "random") {
            seed = std::random_device()();
        } else if (!(name == "--seed" && absl::SimpleAtoi(value, &seed)) &&
                   !(name == "--count" && absl::SimpleAtoi(value, &count))) {
            std::printf("usage: test_reference [--seed N|random] [--count M] [--query Q]\n");
            return 2;
        }
    }
    return logi::reference::run(seed, count, query);
}
