// LogQL in its canonical form.
#include "cli/commands.h"
#include "cli/fail.h"
#include "logql/parser.h"
#include "logql/printer.h"

#include <CLI/CLI.hpp>

#include <array>
#include <cstdio>
#include <string>

namespace logi::cli {
namespace {

Status format() {
    std::string query;
    std::array<char, 4096> buffer{};
    while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), stdin)) {
        query.append(buffer.data(), n);
        if (query.size() > logql::kQueryBytesMax) {
            return absl::InvalidArgumentError("the query is too long");
        }
    }
    LOGI_ASSIGN_OR_RETURN(const auto expr, logql::parse(query));
    std::puts(logql::pretty(*expr).c_str());
    return absl::OkStatus();
}

}  // namespace

void add_fmt_command(CLI::App& app, std::function<int()>& chosen) {
    app.add_subcommand("fmt", "Format a LogQL query from standard input")->callback([&chosen] {
        chosen = [] {
            const Status status = format();
            return status.ok() ? 0 : fail(status);
        };
    });
}

}  // namespace logi::cli
