// logi query --stdin: LogQL over the lines of standard input, as they come in, without a server.
#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "exec/pipeline.h"
#include "io/clock.h"
#include "io/executor.h"
#include "logql/parser.h"
#include "query/log_query.h"

#include <algorithm>

namespace logi::cli {
namespace {

// A line without an end is taken in pieces of this size.
constexpr std::size_t kLineBytesMax = 16U << 20U;

// Takes lines through the pipeline and prints those that pass, batch by batch.
class LineQuery {
  public:
    LineQuery(const QueryArgs& args, std::shared_ptr<const exec::Pipeline> pipeline)
        : pipeline_(std::move(pipeline)),
          printer_(args.print),
          left_(args.limit_given && args.limit > 0 ? args.limit : UINT64_MAX),
          labels_(std::make_shared<const Labels>(stdin_labels())) {}

    // Empty lines are none.
    void add(std::string_view line, Timestamp time) {
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (line.empty() || left_ == 0 || !passes(line, time)) {
            return;
        }
        --left_;
        const query::LogRow row = maker_.make(entry_, labels_);
        wire::AnswerLine out{row.time.ns, row.line, labels_};
        if (!row.parsed.empty() || row.stream != labels_) {
            out.labels = std::make_shared<const Labels>(query::all_labels(row));
        }
        found_.push_back(std::move(out));
    }

    // Whether no line is wanted any more.
    [[nodiscard]] bool full() const { return left_ == 0; }

    Status print() {
        if (found_.empty()) {
            return absl::OkStatus();
        }
        printer_.begin_page(found_);
        for (const auto& line : found_) {
            printer_.print(line);
        }
        found_.clear();
        return printer_.flush();
    }

  private:
    bool passes(std::string_view line, Timestamp time) {
        for (const auto& filter : pipeline_->block_filters()) {
            if (!filter.passes(line)) {
                return false;
            }
        }
        entry_.labels.begin(*labels_, {});
        entry_.time = time;
        entry_.line = line;
        return pipeline_->process(entry_);
    }

    const std::shared_ptr<const exec::Pipeline> pipeline_;
    LinePrinter printer_;
    std::uint64_t left_;
    const std::shared_ptr<const Labels> labels_;
    exec::Entry entry_;
    query::RowMaker maker_;
    std::vector<wire::AnswerLine> found_;
};

// The time of each line is when it was read, a nanosecond later than that of the line before.
Status run_lines(LineQuery& query) {
    const io::SystemClock clock;
    Timestamp last = Timestamp::min();
    std::string text;
    std::size_t searched = 0;  // bytes at the beginning that have no end of a line
    for (bool more = true; more && !query.full();) {
        LOGI_ASSIGN_OR_RETURN(more, read_stdin(text));
        last = std::max(last, clock.now());
        std::size_t at = 0;
        for (std::size_t end = text.find('\n', searched); end != std::string::npos;
             end = text.find('\n', at)) {
            last = last + Duration{1};
            query.add(std::string_view(text).substr(at, end - at), last);
            at = end + 1;
        }
        text.erase(0, at);
        if (!more || text.size() >= kLineBytesMax) {
            last = last + Duration{1};
            query.add(text, last);
            text.clear();
        }
        searched = text.size();
        LOGI_RETURN_IF_ERROR(query.print());
    }
    return absl::OkStatus();
}

// What has no meaning for lines that come in.
Status check_stdin_flags(const QueryArgs& args) {
    const char* flag = args.tail                    ? "--tail"
                       : !args.parts.prefix.empty() ? "--part-path-prefix"
                       : !args.interval.empty()     ? "--interval"
                                                    : nullptr;
    return flag == nullptr
               ? absl::OkStatus()
               : absl::InvalidArgumentError(absl::StrCat("--stdin does not go with ", flag));
}

Status run_stdin(const QueryArgs& args) {
    LOGI_RETURN_IF_ERROR(check_stdin_flags(args));
    const std::string text = with_selector(args.query, "{source=\"logcli\"}");
    LOGI_ASSIGN_OR_RETURN(const auto expr, logql::parse(text));
    if (!logql::is_log_query(*expr)) {
        io::ThreadPool executor(cores_of_machine());
        LOGI_ASSIGN_OR_RETURN(const LocalData data, open_stdin(args.local.lines));
        return run_local_query(executor, data, args, text);
    }
    exec::Pipeline::Options options;
    options.now = io::SystemClock().now();
    LOGI_ASSIGN_OR_RETURN(
        auto pipeline,
        exec::Pipeline::compile(std::get<logql::LogExpr>(expr->node), std::move(options)));
    LineQuery query(args, std::move(pipeline));
    return run_lines(query);
}

}  // namespace

std::string with_selector(const std::string& query, const std::string& selector) {
    const std::size_t begin = query.find_first_not_of(" \t\r\n");
    const bool has_none = begin == std::string::npos || query[begin] == '|' || query[begin] == '!';
    return has_none ? absl::StrCat(selector, " ", query) : query;
}

int query_stdin(const QueryArgs& args) {
    const Status status = run_stdin(args);
    return status.ok() ? 0 : fail(status);
}

}  // namespace logi::cli
