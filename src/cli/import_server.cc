#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/rfc3339.h"
#include "cli/import.h"
#include "cli/line_counts.h"
#include "cli/log_pages.h"
#include "cli/progress_bar.h"
#include "config/config.h"
#include "io/clock.h"

#include <algorithm>
#include <map>
#include <set>

namespace logi::cli {
namespace {

// Servers count no more series than some number, 500 as a rule.
constexpr std::size_t kCountedStreamsMax = 400;

// A selector, and the names of all labels of the streams that it finds; none if there are too many
// streams to count the lines of each.
struct Share {
    std::string selector;
    std::vector<std::string> names;
};

std::size_t having(const std::vector<Labels>& streams, const std::string& name) {
    return static_cast<std::size_t>(std::count_if(
        streams.begin(), streams.end(), [&](const auto& s) { return s.find(name) != nullptr; }));
}

std::vector<std::string> names_of(const std::vector<Labels>& streams) {
    std::set<std::string> names;
    for (const Labels& stream : streams) {
        for (const LabelPair& pair : stream.pairs()) {
            names.insert(pair.name);
        }
    }
    return {names.begin(), names.end()};
}

Share share_of(std::string selector, const std::vector<Labels>& streams) {
    return {std::move(selector),
            streams.size() > kCountedStreamsMax ? std::vector<std::string>() : names_of(streams)};
}

// Selectors that find every stream once: those that have the label that most have, those of the
// others that have the label that most of them have, and so on.
std::vector<Share> shares_of(std::vector<Labels> streams) {
    std::vector<Share> shares;
    std::string without;
    while (!streams.empty()) {
        const std::vector<std::string> names = names_of(streams);
        // A server may give streams a service_name that they have not, so its absence tells
        // nothing.
        const auto rank = [&](const std::string& name) {
            return std::make_pair(name != "service_name", having(streams, name));
        };
        const std::string name = *std::max_element(
            names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
                return rank(a) < rank(b);
            });
        const auto rest =
            std::stable_partition(streams.begin(), streams.end(), [&](const Labels& s) {
                return s.find(name) != nullptr;
            });
        shares.push_back(
            share_of(absl::StrCat("{", name, "=~\".+\"", without, "}"), {streams.begin(), rest}));
        absl::StrAppend(&without, ",", name, "=\"\"");
        streams.erase(streams.begin(), rest);
    }
    return shares;
}

// Where there are less. As many all in all are the same: then names of labels are also those of
// metadata, by which lines are counted apart.
std::string differences(const LineCounts& expected, const LineCounts& there) {
    std::vector<std::string> texts;
    for (const auto& [labels, lines] : expected) {
        const auto it = there.find(labels);
        const std::uint64_t found = it == there.end() ? 0 : it->second;
        constexpr std::size_t kShownMax = 5;
        if (found < lines && texts.size() < kShownMax) {
            texts.push_back(absl::StrCat(labels, ": ", found, " lines of ", lines));
        }
    }
    return sum_of(there) == sum_of(expected) ? "" : absl::StrJoin(texts, ", ");
}

// As the share's lines are counted.
LineCounts counted(const Share& share, const LineCounts& of_streams) {
    return share.names.empty() ? LineCounts{{Labels().to_string(), sum_of(of_streams)}}
                               : of_streams;
}

// One tenant's lines.
class ServerImport {
  public:
    ServerImport(const ImportArgs& args,
                 ClientArgs from,
                 ClientArgs to,
                 ImportState& state,
                 ImportResult& result)
        : args_(args), from_(std::move(from)), to_(std::move(to)), state_(state), result_(result) {
        pages_from_ = from_;
        pages_from_.headers.emplace_back("X-Loki-Response-Encoding-Flags: categorize-labels");
    }

    Status run(TimeRange range, Duration part, Duration patience) {
        LOGI_ASSIGN_OR_RETURN(pusher_, Pusher::make(to_, patience));
        LOGI_ASSIGN_OR_RETURN(const auto shares, find_shares(range));
        const auto length = (range.end - range.start).ns;
        const auto parts = static_cast<std::uint64_t>((length + part.ns - 1) / part.ns);
        ProgressBar bar(parts * shares.size(), false);
        bar_ = &bar;
        std::uint64_t skipped = 0;
        for (Timestamp at = range.start; at < range.end; at = at + part) {
            for (const Share& share : shares) {
                const TimeRange piece{at, std::min(at + part, range.end)};
                LOGI_ASSIGN_OR_RETURN(const bool was_done, run_part(share, piece));
                skipped += was_done ? 1 : 0;
                ++done_;
                bar.show(done_, result_.lines, skipped);
            }
        }
        for (std::string& reason : reasons_of(pusher_->counts())) {
            result_.reasons.push_back(std::move(reason));
        }
        return absl::OkStatus();
    }

  private:
    StatusOr<std::vector<Share>> find_shares(TimeRange range) {
        LOGI_ASSIGN_OR_RETURN(const std::string body,
                              read_from_server(from_,
                                               "/loki/api/v1/series",
                                               {{"match[]", args_.selector},
                                                {"start", absl::StrCat(range.start.ns)},
                                                {"end", absl::StrCat(range.end.ns)}}));
        LOGI_ASSIGN_OR_RETURN(std::vector<Labels> streams, wire::parse_series_answer(body));
        std::sort(streams.begin(), streams.end());
        streams.erase(std::unique(streams.begin(), streams.end()), streams.end());
        result_.streams += streams.size();
        if (!args_.selector.empty()) {
            return std::vector<Share>{share_of(args_.selector, streams)};
        }
        return shares_of(std::move(streams));
    }

    // True: an earlier run has done it.
    StatusOr<bool> run_part(const Share& share, TimeRange range) {
        lines_ = 0;
        const std::string key = absl::StrCat(
            "part ", from_.org_id, " ", range.start.ns, " ", range.end.ns, " ", share.selector);
        if (const std::string* known = state_.find(key); known != nullptr) {
            std::uint64_t lines = 0;
            if (absl::SimpleAtoi(*known, &lines)) {
                result_.lines += lines;
                return true;
            }
        }
        LOGI_ASSIGN_OR_RETURN(LineCounts expected,
                              count_lines(from_, share.selector, share.names, range));
        if (!expected.empty()) {
            LOGI_ASSIGN_OR_RETURN(const bool good, copy(share, range, std::move(expected)));
            if (!good) {
                return false;
            }
        }
        LOGI_RETURN_IF_ERROR(state_.note(key, absl::StrCat(lines_)));
        return false;
    }

    // False: something is missing, and is noted.
    StatusOr<bool> copy(const Share& share, TimeRange range, LineCounts expected) {
        const std::uint64_t refused_before = pusher_->counts().refused;
        std::map<std::string, std::uint64_t> refused_of_before = pusher_->counts().refused_of;
        LineCounts copied;
        LogPages pages(pages_from_, {share.selector, range, true, 0, args_.batch, ""});
        while (true) {
            LOGI_ASSIGN_OR_RETURN(auto page, pages.next());
            if (!page.warnings.empty()) {
                return absl::UnavailableError(absl::StrCat(
                    "the answer of the source is not complete: ", page.warnings.front()));
            }
            if (page.lines.empty()) {
                break;
            }
            LOGI_RETURN_IF_ERROR(push(std::move(page.lines), copied));
            bar_->show(done_, result_.lines);
        }
        LOGI_RETURN_IF_ERROR(pusher_->flush());
        const std::uint64_t refused = pusher_->counts().refused - refused_before;
        result_.refused += refused;
        if (args_.no_verify) {
            return true;
        }
        const std::string where = absl::StrCat(share.selector,
                                               " from ",
                                               format_rfc3339(range.start),
                                               " to ",
                                               format_rfc3339(range.end));
        if (!differences(expected, counted(share, copied)).empty()) {
            // What is deleted, or ends, meanwhile is counted no more.
            LOGI_ASSIGN_OR_RETURN(expected, count_lines(from_, share.selector, share.names, range));
        }
        if (const std::string text = differences(expected, counted(share, copied)); !text.empty()) {
            result_.problems.push_back(absl::StrCat(where, ": the source gave only ", text));
            return false;
        }
        for (const auto& [labels, count] : pusher_->counts().refused_of) {
            std::uint64_t& lines = copied[labels];
            lines -= std::min(lines, count - refused_of_before[labels]);
        }
        LOGI_ASSIGN_OR_RETURN(const LineCounts there,
                              count_lines(to_, share.selector, share.names, range));
        if (const std::string text = differences(counted(share, copied), there); !text.empty()) {
            result_.problems.push_back(absl::StrCat(where, ": there are only ", text));
            return false;
        }
        return refused == 0;
    }

    Status push(std::vector<wire::AnswerLine> lines, LineCounts& copied) {
        const Labels* last = nullptr;
        std::shared_ptr<const std::string> text;
        for (wire::AnswerLine& line : lines) {
            if (line.labels.get() != last) {
                last = line.labels.get();
                text = std::make_shared<const std::string>(line.labels->to_string());
            }
            ++copied[*text];
            ++lines_;
            ++result_.lines;
            LOGI_RETURN_IF_ERROR(
                pusher_->add({text, {line.ns}, std::move(line.text), std::move(line.metadata)}));
        }
        return absl::OkStatus();
    }

    const ImportArgs& args_;
    const ClientArgs from_;
    const ClientArgs to_;
    ClientArgs pages_from_;
    ImportState& state_;
    ImportResult& result_;
    std::unique_ptr<Pusher> pusher_;
    ProgressBar* bar_ = nullptr;
    std::uint64_t done_ = 0;   // parts
    std::uint64_t lines_ = 0;  // of the part
};

StatusOr<Timestamp> whole_second_of(const char* flag, const std::string& text) {
    const auto time = parse_rfc3339(text);
    if (!time.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(flag, ": ", text, " is not like 2024-03-17T10:00:00Z"));
    }
    return Timestamp{time->ns / kNanosPerSecond * kNanosPerSecond};
}

// Of whole seconds.
StatusOr<TimeRange> range_of(const ImportArgs& args) {
    if (args.start.empty() == args.since.empty()) {
        return absl::InvalidArgumentError("--from needs --start or --since: where to begin");
    }
    const Timestamp now = io::SystemClock().now();
    TimeRange range{{}, {now.ns / kNanosPerSecond * kNanosPerSecond}};
    if (!args.end.empty()) {
        LOGI_ASSIGN_OR_RETURN(range.end, whole_second_of("--end", args.end));
    }
    if (!args.start.empty()) {
        LOGI_ASSIGN_OR_RETURN(range.start, whole_second_of("--start", args.start));
    } else {
        LOGI_ASSIGN_OR_RETURN(const Duration since, config::parse_duration(args.since));
        range.start = {(now - since).ns / kNanosPerSecond * kNanosPerSecond};
    }
    return range.start < range.end ? StatusOr<TimeRange>(range)
                                   : absl::InvalidArgumentError("--end is not behind --start");
}

// Parts have the same borders in every run of a job.
StatusOr<TimeRange> known_range(ImportState& state, const ImportArgs& args) {
    constexpr const char* kKey = "range";
    if (const std::string* known = state.find(kKey); known != nullptr) {
        TimeRange range;
        const std::size_t space = known->find(' ');
        if (space != std::string::npos &&
            absl::SimpleAtoi(known->substr(0, space), &range.start.ns) &&
            absl::SimpleAtoi(known->substr(space + 1), &range.end.ns)) {
            return range;
        }
    }
    LOGI_ASSIGN_OR_RETURN(const TimeRange range, range_of(args));
    LOGI_RETURN_IF_ERROR(state.note(kKey, absl::StrCat(range.start.ns, " ", range.end.ns)));
    return range;
}

std::string server_job_of(const ImportArgs& args) {
    return absl::StrJoin({std::string("server"),
                          args.from.addr,
                          args.from.org_id,
                          args.selector,
                          args.start,
                          args.since,
                          args.end,
                          args.part,
                          absl::StrJoin(args.tenants, ","),
                          std::string("to"),
                          args.to.addr,
                          args.to.org_id},
                         " ");
}

}  // namespace

StatusOr<ImportResult> import_server(const ImportArgs& args) {
    LOGI_ASSIGN_OR_RETURN(const Duration part, config::parse_duration(args.part));
    LOGI_ASSIGN_OR_RETURN(const Duration patience, config::parse_duration(args.patience));
    if (part < Duration::seconds(1) || part.ns % kNanosPerSecond != 0) {
        return absl::InvalidArgumentError("--part is of whole seconds, and at least 1s");
    }
    LOGI_ASSIGN_OR_RETURN(const auto state, open_state(args, server_job_of(args)));
    LOGI_ASSIGN_OR_RETURN(const TimeRange range, known_range(*state, args));
    ImportResult result;
    std::vector<std::pair<std::string, std::string>> tenants;
    for (const std::string& tenant : args.tenants) {
        const std::size_t equal = tenant.find('=');
        tenants.emplace_back(tenant.substr(0, equal),
                             equal == std::string::npos ? tenant : tenant.substr(equal + 1));
    }
    if (tenants.empty()) {
        tenants.emplace_back(args.from.org_id, args.to.org_id);
    }
    for (const auto& [theirs, ours] : tenants) {
        ClientArgs from = args.from;
        ClientArgs to = args.to;
        from.org_id = theirs;
        to.org_id = ours;
        ServerImport import(args, std::move(from), std::move(to), *state, result);
        LOGI_RETURN_IF_ERROR(import.run(range, part, patience));
    }
    if (result.problems.empty() && result.refused == 0) {
        LOGI_RETURN_IF_ERROR(state->remove());
    }
    return result;
}

}  // namespace logi::cli
