// logi import: the flags, and what is said at the end.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "cli/import.h"
#include "cli/progress_bar.h"
#include "io/clock.h"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace logi::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  logi import /var/log/nginx --label env=prod         # into LOKI_ADDR, "
    "http://127.0.0.1:3100\n"
    "  logi import old.log.gz --time-layout '02/01/2006 15:04:05' --line-timezone Europe/Berlin\n"
    "  logi import --from http://loki:3100 --since 30d --addr http://127.0.0.1:3101\n"
    "  logi import --from http://loki:3100 --start 2026-01-01T00:00:00Z --tenant team-a --tenant "
    "b=c\n"
    "A run that breaks off, even by a kill, goes on where it was when it is started again. Lines "
    "that the server refuses are counted and named; a server that refuses lines for their age has "
    "limits_config.reject_old_samples.";

void add_source_flags(CLI::App& command, ImportArgs& args) {
    command.add_option("--from", args.from.addr, "another server, http:// or https://")
        ->default_str("");
    command.add_option("--from-org-id", args.from.org_id, "its tenant");
    command.add_option("--from-username", args.from.username, "its user");
    command.add_option("--from-password", args.from.password, "its password");
    command.add_option("--from-bearer-token", args.from.bearer_token, "its token");
    command.add_option(
        "--from-bearer-token-file", args.from.bearer_token_file, "file with its token");
    command.add_option("--from-header", args.from.headers, "NAME: VALUE; may be repeated")
        ->allow_extra_args(false);
    command.add_option("--from-ca-cert", args.from.tls.ca_file, "PEM file: who may vouch for it");
    command.add_flag(
        "--from-tls-skip-verify", args.from.tls.skip_verify, "do not check who answers");
    command
        .add_option("--tenant",
                    args.tenants,
                    "a tenant of --from, as NAME, or THEIRS=OURS where it has another name here; "
                    "may be repeated")
        ->allow_extra_args(false);
    command.add_option("--selector", args.selector, "only these streams: {app=\"shop\"}");
    command.add_option("--start", args.start, "of --from: the first time, RFC 3339");
    command.add_option("--end", args.end, "the end, not in it; now by default");
    command.add_option("--since", args.since, "instead of --start: 24h, 30d");
    command.add_option("--part", args.part, "what is copied, checked and noted at once")
        ->capture_default_str();
    command.add_option("--batch", args.batch, "lines of one request to --from")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
}

int say(const ImportResult& result, double seconds) {
    for (const std::string& note : result.notes) {
        std::fprintf(stderr, "logi: note: %s\n", note.c_str());
    }
    std::printf("%llu lines of %llu streams in %s, %llu refused\n",
                static_cast<unsigned long long>(result.lines),
                static_cast<unsigned long long>(result.streams),
                short_duration(seconds).c_str(),
                static_cast<unsigned long long>(result.refused));
    std::fflush(stdout);
    for (const std::string& reason : result.reasons) {
        std::fprintf(stderr, "logi: refused: %s\n", reason.c_str());
    }
    for (const std::string& problem : result.problems) {
        std::fprintf(stderr, "logi: missing: %s\n", problem.c_str());
    }
    return result.problems.empty() && result.refused == 0 ? 0 : 1;
}

int run(ImportArgs& args) {
    args.from.retries = std::max(args.from.retries, 5U);
    args.from.backoff_min_s = std::max(args.from.backoff_min_s, 1U);
    args.from.backoff_max_s = 10;
    args.to.retries = std::max(args.to.retries, 5U);
    args.to.backoff_min_s = std::max(args.to.backoff_min_s, 1U);
    args.to.backoff_max_s = 10;
    if (args.paths.empty() == args.from.addr.empty()) {
        return fail(absl::InvalidArgumentError("either files are imported, or --from a server"));
    }
    const io::SystemClock clock;
    const Timestamp begin = clock.now();
    const auto result = args.paths.empty() ? import_server(args) : import_files(args);
    if (!result.ok()) {
        return fail(Status(result.status().code(),
                           absl::StrCat(std::string(message_of(result.status())),
                                        "; the same command goes on where this one was")));
    }
    return say(*result, static_cast<double>((clock.now() - begin).ns) / 1e9);
}

}  // namespace

StatusOr<std::unique_ptr<ImportState>> open_state(const ImportArgs& args, const std::string& job) {
    const std::string path = args.state.empty()
                                 ? absl::StrFormat("logi-import-%016x.state", base::hash64(job))
                                 : args.state;
    return ImportState::open(path, job);
}

std::vector<std::string> reasons_of(const Pusher::Counts& counts) {
    std::vector<std::string> reasons;
    for (const auto& [reason, lines] : counts.reasons) {
        reasons.push_back(absl::StrCat(lines, " lines: ", reason));
    }
    return reasons;
}

void add_import_command(CLI::App& app, std::function<int()>& chosen) {
    const auto args = std::make_shared<ImportArgs>();
    args->from.addr.clear();
    CLI::App* command = app.add_subcommand(
        "import", "Put log files, or what another server has, into a server; goes on after a kill");
    command->footer(kExamples);
    command->add_option("path", args->paths, "log files, plain or compressed, or folders of them");
    add_client_flags(*command, args->to);
    add_line_flags(*command, args->lines);
    add_source_flags(*command, *args);
    command->add_option(
        "--state",
        args->state,
        "file that says how far it is; by default logi-import-….state in this folder, "
        "which is removed at the end");
    command->add_option("--patience", args->patience, "how long to try again without any success")
        ->capture_default_str();
    command->add_flag("--no-verify", args->no_verify, "do not count afterwards what has arrived");
    command->callback([args, &chosen] {
        chosen = [args] {
            return run(*args);
        };
    });
}

}  // namespace logi::cli
