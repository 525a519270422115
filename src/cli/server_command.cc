#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "cli/commands.h"
#include "config/config.h"
#include "server/server.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace logi::cli {
namespace {

StatusOr<config::Config> load_file(const std::string& file) {
    std::ifstream in(file);
    std::error_code ignored;
    if (!in || std::filesystem::is_directory(file, ignored)) {
        return absl::NotFoundError(file + ": cannot be read");
    }
    std::stringstream text;
    text << in.rdbuf();
    return config::load(text.str(), file);
}

int fail(const Status& status) {
    std::fprintf(stderr, "logi: %s\n", std::string(status.message()).c_str());
    return 1;
}

}  // namespace

int server_command(const ServerArgs& args) {
    config::Config config;
    if (!args.config_file.empty()) {
        auto loaded = load_file(args.config_file);
        if (!loaded.ok()) {
            return fail(loaded.status());
        }
        config = *std::move(loaded);
    }
    if (!args.listen.empty()) {
        const std::size_t colon = args.listen.rfind(':');
        std::uint32_t port = 0;
        if (colon == std::string::npos || !absl::SimpleAtoi(args.listen.substr(colon + 1), &port) ||
            port > UINT16_MAX) {
            return fail(absl::InvalidArgumentError("--listen wants HOST:PORT, not " + args.listen));
        }
        config.http_listen_address = args.listen.substr(0, colon);
        config.http_listen_port = static_cast<std::uint16_t>(port);
    }
    if (!args.data.empty()) {
        config.data_dir = args.data;
    }
    return server::run(config);
}

int check_config_command(const std::string& file) {
    const auto config = load_file(file);
    if (!config.ok()) {
        return fail(config.status());
    }
    std::printf("%s is valid\n", file.c_str());
    if (!config->unused_keys.empty()) {
        std::printf("without effect in Logi: %s\n",
                    absl::StrJoin(config->unused_keys, ", ").c_str());
    }
    return 0;
}

}  // namespace logi::cli
