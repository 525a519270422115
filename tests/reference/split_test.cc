// Queries whose pieces other readers read against the same queries read in one place: the same
// answer to the bit, whatever becomes of the readers.
//   test_split [--seed N|random] [--count M] [--query Q]
// A failure prints its seed, the query, the fewest entries that show it, and what differs.
#include "absl/strings/str_cat.h"
#include "compare.h"
#include "engine.h"
#include "exec/visible_source.h"
#include "faulty_readers.h"
#include "logql/parser.h"
#include "query/run_simulated.h"
#include "query/tenant_source.h"
#include "random_cases.h"
#include "template_data.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace logi::reference {
namespace {

constexpr std::size_t kQueriesPerData = 6;
constexpr std::size_t kQueriesThatTell = 1000;

// What is stored, and how it may be seen.
struct World {
    std::shared_ptr<query::Spread> spread;
    std::map<std::string, std::shared_ptr<const segment::Source>> segments;
};

exec::Hiding hiding_of(const std::vector<Entry>& entries, Dice& dice) {
    exec::Hiding hiding;
    if (entries.empty() || !dice.percent(25)) {
        return hiding;
    }
    if (dice.percent(30)) {
        hiding.retention.push_back({{}, dice.pick(entries).time});
    }
    if (dice.percent(50)) {
        const Timestamp first = dice.pick(entries).time;
        hiding.rules.push_back(
            *exec::HideRule::make(dice.pick({"{app=~\".+\"}", "{app=~\".+\"} |~ \"[0-4]\""}),
                                  kDataTime,
                                  first,
                                  first + Duration::seconds(dice.between(0, 20)),
                                  {}));
    }
    if (dice.percent(30)) {
        hiding.only.push_back(*Matcher::make("app", MatchOp::kNotEqual, "api"));
    }
    return hiding;
}

std::pair<Timestamp, Timestamp> times_of(const segment::Source& source) {
    std::pair<Timestamp, Timestamp> times{Timestamp::max(), Timestamp::min()};
    const auto all = source.select_all();
    for (const segment::StreamExtent& e : all->extents()) {
        times.first = std::min(times.first, e.min_time);
        times.second = std::max(times.second, e.max_time);
    }
    return times;
}

// Segments of one tenant or two, that follow each other or overlap, with entries that are in
// several, and a head.
World world_of(std::vector<Entry> entries, std::uint64_t seed) {
    Dice dice(seed);
    World world;
    world.spread = std::make_shared<query::Spread>();
    const bool sorted = dice.percent(50);
    if (sorted) {
        std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
            return a.time < b.time;
        });
    }
    for (std::size_t i = entries.size(); i-- > 0;) {
        if (dice.percent(10)) {
            entries.push_back(entries[i]);
        }
    }
    const exec::Hiding hiding = hiding_of(entries, dice);
    // One of all times leaves nothing to others.
    const std::size_t head = dice.percent(sorted ? 50 : 15) ? entries.size() / 8 : 0;
    if (head > 0) {
        for (const auto& source : make_heads(entries, entries.size() - head)) {
            world.spread->here.push_back(exec::visible(source, hiding));
        }
        entries.resize(entries.size() - head);
    }
    const std::size_t tenants = 1 + dice.below(2);
    for (std::size_t t = 0; t < tenants; ++t) {
        const std::vector<Entry> own(
            entries.begin() + static_cast<std::ptrdiff_t>(entries.size() * t / tenants),
            entries.begin() + static_cast<std::ptrdiff_t>(entries.size() * (t + 1) / tenants));
        query::StoredPart part;
        part.tenant = absl::StrCat("t", t);
        part.label = tenants == 1 ? query::TenantLabel::kNone : query::TenantLabel::kShown;
        part.hiding = hiding;
        exec::Sources opened;
        const std::size_t rows_per_block = dice.percent(50) ? 1 + dice.below(6) : 0;
        for (auto& source : make_segments(own, 1 + dice.below(12), rows_per_block)) {
            const auto [first, last] = times_of(*source);
            const std::string key = absl::StrCat(part.tenant, "/", part.segments.size());
            const bool empty = rows_per_block == 0 && dice.percent(60);
            const std::uint64_t size = empty ? 0 : 1 + dice.below(400);
            part.segments.push_back({key, first, last, size});
            world.segments[key] = source;
            auto seen = exec::visible(source, hiding);
            opened.push_back(tenants == 1 ? seen : query::of_tenant(seen, part.tenant, true));
        }
        world.spread->stored.push_back(std::move(part));
        world.spread->opened.push_back(std::move(opened));
    }
    query::SplitOptions& options = world.spread->options;
    options.split_bytes_min = 1;
    options.piece_bytes = 1 + dice.below(dice.percent(50) ? 300 : 30);
    options.open_share = 1 + dice.below(3);
    options.calls_max = 1 + dice.below(6);
    options.patience = Duration::millis(50);
    options.timeout = Duration::seconds(1);
    return world;
}

// The answer to the bit.
std::string text_of(const StatusOr<query::Result>& result) {
    if (!result.ok()) {
        return absl::StrCat("error ", static_cast<int>(result.status().code()));
    }
    std::string out;
    for (const query::LogRow& row : result->rows) {
        absl::StrAppend(&out, row.time.ns, " ", row.line, " ", row.stream->to_string());
        absl::StrAppend(&out, label_text(row.metadata), label_text(row.parsed), "\n");
    }
    // Series with the same labels, as label_replace makes them, are in no order.
    std::vector<std::pair<std::string, std::string>> lines;
    for (const query::Series& series : result->series) {
        auto& [labels, points] = lines.emplace_back(series.labels.to_string(), "");
        for (const query::Point& point : series.points) {
            const bool nan = std::isnan(point.value);
            absl::StrAppend(&points,
                            " ",
                            point.time.ns,
                            ":",
                            nan ? 0 : std::bit_cast<std::uint64_t>(point.value));
        }
    }
    for (auto first = lines.begin(); first != lines.end();) {
        const auto last = std::find_if(
            first, lines.end(), [&](const auto& line) { return line.first != first->first; });
        std::sort(first, last);
        for (; first != last; ++first) {
            absl::StrAppend(&out, first->first, first->second, "\n");
        }
    }
    for (const std::string& text : result->missing) {
        absl::StrAppend(&out, "missing ", text, "\n");
    }
    return out;
}

// Rounding of these depends on the order in which blocks are read, also in one place.
bool rounds(const std::string& query) {
    return query.find("std") != std::string::npos;
}

struct Reached {
    std::size_t split = 0;    // queries of which others read a piece
    std::size_t streams = 0;  // queries of which others read pieces of some streams
    std::size_t faults = 0;
    std::size_t pieces = 0;
};

StatusOr<query::Result> run_split(const World& world,
                                  query::Prepared prepared,
                                  const Limits& limits,
                                  std::uint64_t seed,
                                  Reached& reached) {
    io::SimClock clock(prepared.request.now);
    const auto executor = std::make_shared<io::SimExecutor>(seed, clock);
    const auto readers = std::make_shared<FaultyReaders>(executor, world.segments, seed);
    auto spread = std::make_shared<query::Spread>(*world.spread);
    spread->readers = readers;
    std::optional<StatusOr<query::Result>> out;
    query::run_spread(executor, spread, std::move(prepared), limits, {}, [&out](auto result) {
        LOGI_CHECK(!out.has_value());
        out = std::move(result);
    });
    while (executor->run_one()) {
    }
    LOGI_CHECK(out.has_value());
    reached.split += readers->asked() > 0 ? 1U : 0U;
    reached.streams += readers->asked_for_streams() > 0 ? 1U : 0U;
    reached.pieces += readers->asked();
    reached.faults += readers->faults();
    return *std::move(out);
}

struct Verdict {
    std::optional<std::string> difference;
    bool failed = false;
    bool empty = false;
};

Verdict check(const Case& c, Reached& reached) {
    const auto prepared = query::prepare(engine_request(c.query.text, c.query.request));
    if (!prepared.ok()) {
        return {"does not parse: " + std::string(message_of(prepared.status())), false, false};
    }
    Limits limits;
    limits.max_query_series = 100000;
    const World world = world_of(c.entries, c.seed);
    const auto whole = query::run_simulated(world.spread->all(), *prepared, limits);
    const auto split = run_split(world, *prepared, limits, c.seed, reached);
    Verdict verdict;
    verdict.failed = !whole.ok();
    verdict.empty = whole.ok() && whole->rows.empty() && whole->series.empty();
    // Which of several errors is told depends on that, too.
    if (rounds(c.query.text) && whole.ok()) {
        verdict.difference =
            difference(answer_of(whole), split, *logql::parse(c.query.text).value());
    } else if (text_of(whole) != text_of(split)) {
        verdict.difference =
            absl::StrCat("in one place:\n", text_of(whole), "split:\n", text_of(split));
    }
    return verdict;
}

void run_seed(std::uint64_t seed, const std::string& query, Counts& counts, Reached& reached) {
    Dice dice(seed);
    const RandomData data = dice.percent(50) ? template_data(dice) : random_data(dice);
    for (std::size_t i = 0; i < (query.empty() ? kQueriesPerData : 1); ++i) {
        Case c{seed, data.entries, random_query(dice, data)};
        if (!query.empty()) {
            c.query.text = query;
        }
        const Verdict verdict = check(c, reached);
        counts.add(verdict.failed, verdict.empty);
        if (verdict.difference.has_value()) {
            ++counts.differing;
            Reached nothing;
            shrink(c, [&](const Case& smaller) {
                return check(smaller, nothing).difference.has_value();
            });
            print(c, check(c, nothing).difference.value_or(*verdict.difference));
        }
    }
}

int run(std::uint64_t first, std::size_t count, const std::string& query) {
    Counts counts;
    Reached reached;
    for (std::size_t i = 0; i < count && counts.differing < 5; ++i) {
        run_seed(first + i, query, counts, reached);
    }
    std::printf(
        "%zu queries from seed %llu: %zu differ; %zu are errors, %zu have no result; of %zu "
        "others were asked, of %zu for some streams; %zu times in all, with %zu faults\n",
        counts.queries,
        static_cast<unsigned long long>(first),
        counts.differing,
        counts.failed,
        counts.empty,
        reached.split,
        reached.streams,
        reached.pieces,
        reached.faults);
    const bool tells =
        counts.queries < kQueriesThatTell ||
        (12 * reached.split > counts.queries && 100 * reached.streams > counts.queries &&
         4 * counts.failed < counts.queries && 3 * counts.empty < 2 * counts.queries &&
         reached.faults > counts.queries / 40);
    if (!tells) {
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
