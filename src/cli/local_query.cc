// logi query --local, and --stdin for metrics: LogQL over files by this process alone.
#include "absl/strings/str_cat.h"
#include "api/answer.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "cli/local_data.h"
#include "cli/print_answer.h"
#include "config/config.h"
#include "io/clock.h"
#include "logql/parser.h"
#include "query/query.h"

#include <algorithm>
#include <cstdio>
#include <optional>

namespace logi::cli {
namespace {

// Of lines that are found at once; more are asked for again.
constexpr std::uint64_t kPageLines = 50'000;

// Nobody else is to be protected.
Limits local_limits() {
    Limits limits;
    limits.max_query_series = 1'000'000;
    limits.max_streams_matchers_per_query = 0;
    return limits;
}

StatusOr<query::Result> run_query(io::Executor& executor,
                                  const LocalData& data,
                                  query::Request request) {
    request.equal_entries = data.lines_of_files;
    LOGI_ASSIGN_OR_RETURN(query::Prepared prepared, query::prepare(std::move(request)));
    std::optional<StatusOr<query::Result>> out;
    io::wait_for(executor, [&](const io::Task& done) {
        query::run(executor,
                   data.sources,
                   std::move(prepared),
                   local_limits(),
                   {},
                   [&out, done](StatusOr<query::Result> result) {
                       out = std::move(result);
                       done();
                   });
    });
    return *std::move(out);
}

// The lines of a log query, however many: page by page, each beginning at the time at which the one
// before ended.
class LocalPages {
  public:
    LocalPages(io::Executor& executor,
               const LocalData& data,
               query::Request request,
               std::uint64_t limit)
        : executor_(executor),
          data_(data),
          request_(std::move(request)),
          left_(limit == 0 ? UINT64_MAX : limit) {}

    // None at the end.
    StatusOr<std::vector<query::LogRow>> next() {
        std::vector<query::LogRow> rows;
        for (std::uint64_t lines = kPageLines; !ended_ && rows.empty(); lines *= 2) {
            request_.limit =
                static_cast<std::uint32_t>(std::min({left_, lines, std::uint64_t{UINT32_MAX}}));
            LOGI_ASSIGN_OR_RETURN(query::Result result, run_query(executor_, data_, request_));
            add_missing(result.missing);
            ended_ = result.rows.size() < request_.limit || result.rows.size() == left_;
            rows = std::move(result.rows);
            if (!ended_) {
                leave_last_time(rows);
            }
        }
        left_ -= rows.size();
        return rows;
    }

    [[nodiscard]] const std::vector<std::string>& missing() const { return missing_; }

  private:
    // There may be more lines of the last time: they come with the next page. None are left if all
    // have that time.
    void leave_last_time(std::vector<query::LogRow>& rows) {
        const Timestamp last = rows.back().time;
        while (!rows.empty() && rows.back().time == last) {
            rows.pop_back();
        }
        if (!rows.empty()) {
            (request_.forward ? request_.start : request_.end) =
                request_.forward ? last : last + Duration{1};
        }
    }

    void add_missing(const std::vector<std::string>& more) {
        for (const std::string& text : more) {
            if (std::find(missing_.begin(), missing_.end(), text) == missing_.end()) {
                missing_.push_back(text);
            }
        }
    }

    io::Executor& executor_;
    const LocalData& data_;
    query::Request request_;
    std::uint64_t left_;
    bool ended_ = false;
    std::vector<std::string> missing_;
};

wire::AnswerLine line_of(query::LogRow row) {
    wire::AnswerLine line{row.time.ns, std::move(row.line), row.stream};
    if (!row.metadata.empty() || !row.parsed.empty()) {
        line.labels = std::make_shared<const Labels>(query::all_labels(row));
    }
    return line;
}

Status print_lines(LocalPages& pages, const QueryArgs& args) {
    LinePrinter printer(args.print);
    Duration interval;
    if (!args.interval.empty()) {
        LOGI_ASSIGN_OR_RETURN(interval, config::parse_duration(args.interval));
    }
    std::optional<std::int64_t> last_ns;  // that was printed
    while (true) {
        LOGI_ASSIGN_OR_RETURN(auto rows, pages.next());
        if (rows.empty()) {
            return printer.flush();
        }
        std::vector<wire::AnswerLine> lines;
        lines.reserve(rows.size());
        for (query::LogRow& row : rows) {
            const std::int64_t ns = row.time.ns;
            if (interval.ns > 0 && last_ns.has_value() && std::abs(ns - *last_ns) < interval.ns) {
                continue;
            }
            last_ns = ns;
            lines.push_back(line_of(std::move(row)));
        }
        printer.begin_page(lines);
        for (const wire::AnswerLine& line : lines) {
            printer.print(line);
        }
        LOGI_RETURN_IF_ERROR(printer.flush());
    }
}

// All of the data, unless the flags say something else.
StatusOr<TimeRange> range_of(const QueryArgs& args, const LocalData& data) {
    if (!args.range.since_given && args.range.from.empty() && args.range.to.empty()) {
        return TimeRange{data.first, data.last + Duration{1}};
    }
    RangeArgs range = args.range;
    LOGI_ASSIGN_OR_RETURN(TimeRange found, resolve(range, io::SystemClock().now()));
    if (range.from.empty() && !range.since_given) {
        found.start = std::min(data.first, found.end);
    }
    return found;
}

// Loki's: 250 points.
StatusOr<Duration> step_of(const std::string& step, Timestamp start, Timestamp end) {
    if (!step.empty()) {
        LOGI_ASSIGN_OR_RETURN(const Duration told, config::parse_duration(step));
        return told.ns > 0 ? StatusOr<Duration>(told)
                           : absl::InvalidArgumentError("--step is more than 0");
    }
    constexpr std::int64_t kPoints = 250;
    const std::int64_t seconds = (end.ns / kNanosPerSecond - start.ns / kNanosPerSecond) / kPoints;
    return Duration::seconds(std::max<std::int64_t>(seconds, 1));
}

Status run_metric(io::Executor& executor,
                  const LocalData& data,
                  query::Request request,
                  const QueryArgs& args,
                  std::vector<std::string>& missing) {
    LOGI_ASSIGN_OR_RETURN(request.step, step_of(args.step, request.start, request.end));
    constexpr std::int64_t kPointsMax = 11'000;
    if ((request.end - request.start).ns / request.step.ns > kPointsMax) {
        return absl::InvalidArgumentError(
            "more than 11000 points: --step is needed, or a greater one");
    }
    LOGI_ASSIGN_OR_RETURN(query::Result result, run_query(executor, data, std::move(request)));
    missing.insert(missing.end(), result.missing.begin(), result.missing.end());
    LOGI_ASSIGN_OR_RETURN(const std::string body, api::result_json(result, {}, {}, 0));
    LOGI_ASSIGN_OR_RETURN(const auto answer, parse_answer(body));
    return print_answer(answer, args.print);
}

void say_each(const char* what, const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
        std::fprintf(stderr, "logi: %s: %s\n", what, text.c_str());
    }
}

Status check_local_flags(const QueryArgs& args) {
    const char* flag = args.tail                    ? "--tail"
                       : !args.parts.prefix.empty() ? "--part-path-prefix"
                                                    : nullptr;
    return flag == nullptr
               ? absl::OkStatus()
               : absl::InvalidArgumentError(absl::StrCat("--local does not go with ", flag));
}

Status run_local(const QueryArgs& args) {
    LOGI_RETURN_IF_ERROR(check_local_flags(args));
    const std::string query = names_stored_data(args.local.paths)
                                  ? args.query
                                  : with_selector(args.query, "{filename=~\".+\"}");
    LOGI_RETURN_IF_ERROR(logql::parse(query).status());  // before everything is read
    io::ThreadPool executor(cores_of_machine());
    const auto files = io::make_posix_file_system();
    LOGI_ASSIGN_OR_RETURN(const LocalData data,
                          open_local(executor, *files, args.local, args.client.org_id));
    return run_local_query(executor, data, args, query);
}

}  // namespace

Status run_local_query(io::Executor& executor,
                       const LocalData& data,
                       const QueryArgs& args,
                       const std::string& query) {
    if (!args.print.quiet) {
        say_each("note", data.notes);
    }
    LOGI_ASSIGN_OR_RETURN(const auto expr, logql::parse(query));
    LOGI_ASSIGN_OR_RETURN(const TimeRange range, range_of(args, data));
    query::Request request;
    request.query = query;
    request.start = range.start;
    request.end = range.end;
    request.forward = args.forward;
    request.now = io::SystemClock().now();
    std::vector<std::string> missing = data.missing;
    Status status;
    if (logql::is_log_query(*expr)) {
        LocalPages pages(executor, data, std::move(request), args.limit);
        status = print_lines(pages, args);
        missing.insert(missing.end(), pages.missing().begin(), pages.missing().end());
    } else {
        status = run_metric(executor, data, std::move(request), args, missing);
    }
    say_each("missing", missing);
    if (status.ok() && !missing.empty()) {
        return absl::DataLossError("the answer is not complete");
    }
    return status;
}

int query_local(const QueryArgs& args) {
    const Status status = run_local(args);
    return status.ok() ? 0 : fail(status);
}

}  // namespace logi::cli
