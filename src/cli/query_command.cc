#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/fail.h"

#include <algorithm>
#include <cstdio>

namespace logi::cli {
namespace {

std::string target_of(const QueryArgs& args) {
    std::string target = absl::StrCat("/loki/api/v1/query_range?query=",
                                      net::url_encode(args.query),
                                      "&limit=",
                                      args.limit,
                                      "&direction=",
                                      args.forward ? "forward" : "backward");
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) {
            absl::StrAppend(&target, "&", name, "=", net::url_encode(value));
        }
    };
    add("start", args.from);
    add("end", args.to);
    add("since", args.since);
    return target;
}

void print_lines(std::vector<wire::AnswerLine> lines, const QueryArgs& args) {
    std::stable_sort(lines.begin(), lines.end(), [&](const auto& a, const auto& b) {
        return args.forward ? a.ns < b.ns : a.ns > b.ns;
    });
    LinePrinter printer(args.print);
    for (const wire::AnswerLine& line : lines) {
        printer.print(line);
    }
    printer.flush();
}

}  // namespace

int query_command(const QueryArgs& args) {
    if (args.tail) {
        return tail_query(args);
    }
    const auto response = ask_server(args.client, "GET", target_of(args), "");
    if (!response.ok()) {
        return fail(response.status());
    }
    if (response->status != 200) {
        return fail(absl::UnavailableError(
            absl::StrCat("the server answered ", response->status, ": ", response->body)));
    }
    auto answer = wire::parse_query_answer(response->body);
    if (!answer.ok()) {
        return fail(absl::UnavailableError(
            absl::StrCat("the server's answer cannot be read: ", answer.status().message())));
    }
    for (const std::string& warning : answer->warnings) {
        std::fprintf(stderr, "logi: warning: %s\n", warning.c_str());
    }
    if (answer->is_streams) {
        print_lines(std::move(answer->lines), args);
    } else {
        std::puts(answer->result.c_str());
    }
    return 0;
}

}  // namespace logi::cli
