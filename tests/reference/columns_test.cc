// Parsers that read columns against parsers that read lines: the same answer to every query.
//   test_columns [--seed N|random] [--count M] [--query Q]
// A failure prints its seed, the query, the fewest entries that show it, and what differs.
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine.h"
#include "model/labels.h"
#include "random_query.h"
#include "template_data.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <tuple>

namespace logi::reference {
namespace {

constexpr std::size_t kQueriesPerData = 12;

std::string text_of(const std::vector<LabelPair>& pairs) {
    return Labels::of_result(pairs).to_string();
}

std::string text_of(const query::LogRow& row) {
    return absl::StrCat(row.time.ns,
                        " ",
                        go_quote(row.line),
                        " ",
                        row.stream->to_string(),
                        " ",
                        text_of(row.metadata),
                        " ",
                        text_of(row.parsed));
}

bool close(double a, double b) {
    return a == b || (std::isnan(a) && std::isnan(b)) ||
           std::fabs(a - b) <= 1e-9 * std::max(std::fabs(a), std::fabs(b));
}

std::optional<std::string> difference(const query::Series& by_lines,
                                      const query::Series& by_columns) {
    const std::string labels = by_lines.labels.to_string();
    if (labels != by_columns.labels.to_string()) {
        return absl::StrCat("series ", labels, " and ", by_columns.labels.to_string());
    }
    if (by_lines.points.size() != by_columns.points.size()) {
        return absl::StrCat(
            labels, ": ", by_lines.points.size(), " and ", by_columns.points.size(), " points");
    }
    for (std::size_t i = 0; i < by_lines.points.size(); ++i) {
        const query::Point& a = by_lines.points[i];
        const query::Point& b = by_columns.points[i];
        if (a.time != b.time || !close(a.value, b.value)) {
            return absl::StrCat(labels, ": ", a.value, " and ", b.value, " at ", a.time.ns);
        }
    }
    return std::nullopt;
}

// Of an error of a pipeline: its kind. Which entry it names depends on the order of blocks.
std::string error_of(const Status& status) {
    const std::string text(status.message());
    return text.substr(0, text.find("' for series"));
}

// The order of what is equal is open: of series under sort(), of points that label_replace() puts
// into one series.
std::vector<query::Series> in_order(std::vector<query::Series> series) {
    std::sort(series.begin(), series.end(), [](const auto& a, const auto& b) {
        return a.labels < b.labels;
    });
    std::vector<query::Series> out;
    for (query::Series& s : series) {
        if (out.empty() || out.back().labels != s.labels) {
            out.push_back({s.labels, {}});
        }
        out.back().points.insert(out.back().points.end(), s.points.begin(), s.points.end());
    }
    for (query::Series& s : out) {
        std::sort(s.points.begin(), s.points.end(), [](const auto& a, const auto& b) {
            return std::tuple(a.time, a.value) < std::tuple(b.time, b.value);
        });
    }
    return out;
}

std::optional<std::string> difference(const StatusOr<query::Result>& by_lines,
                                      const StatusOr<query::Result>& by_columns) {
    if (!by_lines.ok() || !by_columns.ok()) {
        const std::string a = by_lines.ok() ? "ok" : error_of(by_lines.status());
        const std::string b = by_columns.ok() ? "ok" : error_of(by_columns.status());
        return a == b ? std::nullopt : std::optional("status: " + a + " and " + b);
    }
    if (by_lines->rows.size() != by_columns->rows.size()) {
        return absl::StrCat(by_lines->rows.size(), " and ", by_columns->rows.size(), " rows");
    }
    for (std::size_t i = 0; i < by_lines->rows.size(); ++i) {
        const std::string a = text_of(by_lines->rows[i]);
        const std::string b = text_of(by_columns->rows[i]);
        if (a != b) {
            return absl::StrCat("row ", i, ":\n    ", a, "\n    ", b);
        }
    }
    const auto lines = in_order(by_lines->series);
    const auto columns = in_order(by_columns->series);
    if (lines.size() != columns.size()) {
        return absl::StrCat(lines.size(), " and ", columns.size(), " series");
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (auto found = difference(lines[i], columns[i])) {
            return found;
        }
    }
    return std::nullopt;
}

std::vector<LabelPair> pairs_of(const LabelMap& labels) {
    std::vector<LabelPair> out;
    for (const auto& [name, value] : labels) {
        out.push_back({name, value});
    }
    return out;
}

struct Case {
    std::uint64_t seed = 0;
    std::vector<Entry> entries;
    RandomQuery query;
};

struct Counts {
    std::size_t queries = 0;
    std::size_t differing = 0;
    std::size_t failed = 0;
    std::size_t empty = 0;
    std::size_t blocks = 0;
    std::size_t blocks_of_templates = 0;
};

StatusOr<query::Result> run(const exec::Sources& sources, const RandomQuery& query, bool columns) {
    query::Request request = engine_request(query.text, query.request);
    request.columns = columns;
    LOGI_ASSIGN_OR_RETURN(query::Prepared prepared, query::prepare(std::move(request)));
    Limits limits;
    limits.max_query_series = 100000;
    return run_simulated(sources, std::move(prepared), limits, 1);
}

std::optional<std::string> check(const exec::Sources& sources, const Case& c, Counts& counts) {
    const auto by_lines = run(sources, c.query, false);
    const auto by_columns = run(sources, c.query, true);
    ++counts.queries;
    counts.failed += by_lines.ok() ? 0U : 1U;
    counts.empty += by_lines.ok() && by_lines->rows.empty() && by_lines->series.empty() ? 1U : 0U;
    return difference(by_lines, by_columns);
}

std::optional<std::string> check(const Case& c) {
    Counts counts;
    return check(make_segments(c.entries, 1), c, counts);
}

// Leaves out entries, larger parts first, as long as something still differs.
void shrink(Case& c) {
    for (std::size_t part = c.entries.size(); part > 0; part /= 2) {
        for (std::size_t at = 0; at < c.entries.size();) {
            Case smaller = c;
            const auto begin = smaller.entries.begin() + static_cast<std::ptrdiff_t>(at);
            const std::size_t count = std::min(part, c.entries.size() - at);
            smaller.entries.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
            if (check(smaller).has_value()) {
                c = std::move(smaller);
            } else {
                at += part;
            }
        }
    }
}

void print(const Case& c, const std::string& found) {
    const Request& r = c.query.request;
    std::printf("FAILED --seed %llu --count 1\n  %s\n  start %lld end %lld step %.3f s%s\n",
                static_cast<unsigned long long>(c.seed),
                c.query.text.c_str(),
                static_cast<long long>(r.start.ns),
                static_cast<long long>(r.end.ns),
                static_cast<double>(r.step.ns) / 1e9,
                r.instant ? " instant" : "");
    for (const Entry& e : c.entries) {
        std::printf("    %lld %s %s %s\n",
                    static_cast<long long>(e.time.ns),
                    text_of(pairs_of(e.stream)).c_str(),
                    go_quote(e.line).c_str(),
                    text_of(pairs_of(e.metadata)).c_str());
    }
    std::printf("  lines and columns: %s\n", found.c_str());
}

void count_blocks(const exec::Sources& sources, Counts& counts) {
    for (const auto& source : sources) {
        for (std::uint32_t i = 0; i < source->blocks().size(); ++i) {
            const auto block = source->open_block(i);
            ++counts.blocks;
            counts.blocks_of_templates += *(*block)->templates() != nullptr ? 1U : 0U;
        }
    }
}

void run_seed(std::uint64_t seed, const std::string& query, Counts& counts) {
    Dice dice(seed);
    const RandomData data = template_data(dice);
    const exec::Sources sources = make_segments(data.entries, 1 + dice.below(2));
    count_blocks(sources, counts);
    for (std::size_t i = 0; i < (query.empty() ? kQueriesPerData : 1); ++i) {
        Case c{seed, data.entries, random_query(dice, data)};
        if (!query.empty()) {
            c.query.text = query;
        }
        if (auto found = check(sources, c, counts)) {
            ++counts.differing;
            shrink(c);
            print(c, check(c).value_or(*found));
        }
    }
}

int run(std::uint64_t first, std::size_t count, const std::string& query) {
    Counts counts;
    for (std::size_t i = 0; i < count && counts.differing < 5; ++i) {
        run_seed(first + i, query, counts);
    }
    std::printf(
        "%zu queries of %zu data sets from seed %llu, %zu of %zu blocks of templates: %zu differ; "
        "%zu are errors, %zu have no result\n",
        counts.queries,
        count,
        static_cast<unsigned long long>(first),
        counts.blocks_of_templates,
        counts.blocks,
        counts.differing,
        counts.failed,
        counts.empty);
    // Data without templates would show nothing.
    return counts.differing == 0 && 2 * counts.blocks_of_templates > counts.blocks ? 0 : 1;
}

}  // namespace
}  // namespace logi::reference

int main(int argc, char** argv) {
    std::uint64_t seed = 1;
    std::size_t count = 400;
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
            std::printf("usage: test_columns [--seed N|random] [--count M] [--query Q]\n");
            return 2;
        }
    }
    return logi::reference::run(seed, count, query);
}
