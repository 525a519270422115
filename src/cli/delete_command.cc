// Requests to delete lines.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/rfc3339.h"
#include "cli/commands.h"
#include "cli/fail.h"

#include <CLI/CLI.hpp>
#include <simdjson.h>

#include <cstdio>
#include <memory>

namespace logi::cli {
namespace {

namespace dom = simdjson::dom;
constexpr const char* kDeletePath = "/loki/api/v1/delete";

struct DeleteArgs {
    ClientArgs client;
    std::string query;
    std::string from;
    std::string to;
    std::string max_interval;
    std::string id;
    bool force = false;
};

Status done(StatusOr<net::HttpResponse> answer) {
    constexpr int kNoContent = 204;
    if (!answer.ok()) {
        return answer.status();
    }
    return answer->status == kNoContent
               ? absl::OkStatus()
               : absl::UnavailableError(
                     absl::StrCat("the server answered ", answer->status, ": ", answer->body));
}

// Seconds, as the server wants them.
StatusOr<std::string> seconds_of(const std::string& rfc3339) {
    if (rfc3339.empty()) {
        return rfc3339;
    }
    LOGI_ASSIGN_OR_RETURN(const Timestamp time, parse_rfc3339(rfc3339));
    return absl::StrCat(time.ns / kNanosPerSecond);
}

Status create(const DeleteArgs& args) {
    LOGI_ASSIGN_OR_RETURN(const std::string start, seconds_of(args.from));
    LOGI_ASSIGN_OR_RETURN(const std::string end, seconds_of(args.to));
    const Parameters parameters = {
        {"query", args.query}, {"start", start}, {"end", end}, {"max_interval", args.max_interval}};
    return done(ask_server(args.client, "POST", target_of(kDeletePath, parameters), ""));
}

Status list(const DeleteArgs& args) {
    LOGI_ASSIGN_OR_RETURN(const std::string body, read_from_server(args.client, kDeletePath, {}));
    const auto time = [](const dom::element& seconds) {
        return format_rfc3339(
            {static_cast<std::int64_t>(seconds.get_double().value()) * kNanosPerSecond});
    };
    try {
        dom::parser parser;
        for (const auto request : parser.parse(body).get_array()) {
            std::printf("%s  %-10s  %s  %s  %s\n",
                        std::string(request["request_id"].get_string().value()).c_str(),
                        std::string(request["status"].get_string().value()).c_str(),
                        time(request["start_time"]).c_str(),
                        time(request["end_time"]).c_str(),
                        std::string(request["query"].get_string().value()).c_str());
        }
    } catch (const simdjson::simdjson_error& e) {
        return absl::UnavailableError(
            absl::StrCat("the server's answer cannot be read: ", e.what()));
    }
    return absl::OkStatus();
}

Status cancel(const DeleteArgs& args) {
    const Parameters parameters = {{"request_id", args.id}, {"force", args.force ? "true" : ""}};
    return done(ask_server(args.client, "DELETE", target_of(kDeletePath, parameters), ""));
}

}  // namespace

void add_delete_command(CLI::App& app, std::function<int()>& chosen) {
    CLI::App& group = *app.add_subcommand("delete", "Delete lines: create, list, cancel requests");
    group.require_subcommand(1);
    const auto args = std::make_shared<DeleteArgs>();
    const auto add = [&](const char* name,
                         const char* description,
                         Status (*run)(const DeleteArgs&)) -> CLI::App& {
        CLI::App& command = *group.add_subcommand(name, description);
        add_client_flags(command, args->client);
        command.callback([args, run, &chosen] {
            chosen = [args, run] {
                const Status status = run(*args);
                return status.ok() ? 0 : fail(status);
            };
        });
        return command;
    };
    CLI::App& creation = add("create", "Ask for lines to be deleted", create);
    creation.add_option("query", args->query, "selector, with line filters or not")->required();
    creation.add_option("--from", args->from, "start, RFC 3339")->required();
    creation.add_option("--to", args->to, "end, RFC 3339; now by default");
    creation.add_option("--max-interval", args->max_interval, "split into requests of that length");
    add("list", "List requests: id, status, start, end, query", list);
    CLI::App& cancellation = add("cancel", "Take a request back", cancel);
    cancellation.add_option("--request-id", args->id, "of the request")->required();
    cancellation.add_flag("--force", args->force, "also where a part of it is done");
}

}  // namespace logi::cli
