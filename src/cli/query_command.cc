#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "cli/log_pages.h"
#include "cli/print_answer.h"
#include "io/clock.h"
#include "logql/parser.h"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace logi::cli {
namespace {

Status run_pages(const QueryArgs& args, TimeRange range) {
    LogPages pages(args.client,
                   {args.query, range, args.forward, args.limit, args.batch, args.interval});
    LinePrinter printer(args.print);
    while (true) {
        LOGI_ASSIGN_OR_RETURN(const auto page, pages.next());
        if (args.stats) {
            say_stats(page.stats);
        }
        if (page.lines.empty()) {
            return printer.flush();
        }
        printer.begin_page(page.lines);
        for (const auto& line : page.lines) {
            printer.print(line);
        }
        LOGI_RETURN_IF_ERROR(printer.flush());
    }
}

Status run_metric(const QueryArgs& args, TimeRange range) {
    LOGI_ASSIGN_OR_RETURN(const std::string body,
                          read_from_server(args.client,
                                           "/loki/api/v1/query_range",
                                           {{"query", args.query},
                                            {"start", absl::StrCat(range.start.ns)},
                                            {"end", absl::StrCat(range.end.ns)},
                                            {"limit", absl::StrCat(args.limit)},
                                            {"step", args.step}}));
    LOGI_ASSIGN_OR_RETURN(const auto answer, parse_answer(body));
    if (args.stats) {
        say_stats(answer.stats);
    }
    return print_answer(answer, args.print);
}

// What cannot be parsed here is for the server to say so.
bool is_metric(const std::string& query) {
    const auto expr = logql::parse(query);
    return expr.ok() && !logql::is_log_query(**expr);
}

Status run_query(const QueryArgs& args) {
    LOGI_ASSIGN_OR_RETURN(const TimeRange range, resolve(args.range, io::SystemClock().now()));
    return is_metric(args.query) ? run_metric(args, range) : run_pages(args, range);
}

}  // namespace

void add_query_flags(CLI::App& command, QueryArgs& args) {
    add_client_flags(command, args.client);
    add_range_flags(command, args.range);
    command.add_option("--limit", args.limit, "most lines; 0 for all, however many")
        ->each([&args](const std::string&) { args.limit_given = true; })
        ->capture_default_str();
    command.add_flag(
        "--stdin",
        args.from_stdin,
        "no server: run_query the query over the lines of standard input, as they come in; "
        "it may be only a pipeline: '|= \"error\" | json'");
    command.add_option(
        "--local",
        args.local.paths,
        "no server: run_query the query over log files, plain or compressed, over folders "
        "with log files, a data folder of Logi or *.segment files; all that is "
        "there, unless --since, --from or --to is given");
    add_line_flags(command, args.local.lines);
    command.add_option("--batch", args.batch, "lines of one request")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    command.add_option("--step", args.step, "of a metric query: time between samples");
    command.add_option("--interval", args.interval, "at most one line of a stream in so long");
    command.add_flag("--forward", args.forward, "oldest first");
    command.add_flag("--stats", args.stats, "the server's statistics, on standard error");
    command.add_flag("-t,--tail,-f,--follow",
                     args.tail,
                     "go on with lines as they come in, oldest first, until it is stopped");
    command
        .add_option("--delay-for",
                    args.delay_for_s,
                    "with --tail: so many seconds late, at most 5, for senders that are slow")
        ->capture_default_str();
    add_print_flags(command, args.print);
    add_parts_flags(command, args.parts);
    command.footer(
        "Examples:\n"
        "  logi query '{app=\"shop\"} |= \"failed\"' --since 24h\n"
        "  logi query '{app=\"shop\"}' --limit 0 --from 2026-11-24T00:00:00Z --to "
        "2026-11-25T00:00:00Z -o raw\n"
        "  logi query 'sum by (app) (rate({env=\"prod\"}[5m]))'\n"
        "  journalctl -f -o cat | logi query --stdin '|= \"error\" | logfmt'\n"
        "  logi query '|= \"timeout\"' --local /var/log --limit 100\n"
        "  logi query 'sum by (job) (count_over_time({job=~\".+\"}[1h]))' --step 1h --local "
        "access.log*\n"
        "  logi query '{app=\"shop\"}' --local ./logi-data");
}

int query_command(const QueryArgs& args) {
    if (!args.local.paths.empty()) {
        return query_local(args);
    }
    if (args.from_stdin) {
        return query_stdin(args);
    }
    if (args.tail) {
        return tail_query(args);
    }
    if (!args.parts.prefix.empty()) {
        return query_parts(args);
    }
    const Status status = run_query(args);
    return status.ok() ? 0 : fail(status);
}

}  // namespace logi::cli
