#include "cli/arguments.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace logi::cli {
namespace {

using Arguments = std::vector<std::string>;

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kLokiFlags = {
    {{"config.file", "--config"},
     {"config.expand-env", "--expand-env"},
     {"health", "--health"},
     {"health.url", "--health-url"},
     {"verify-config", "--verify-config"},
     {"target", "--target"},
     {"log.level", "--log-level"},
     {"log.format", "--log-format"}}};

// Of logcli's flags that may stand before a command, those without a value.
constexpr std::array<std::string_view, 9> kLogcliSwitches = {"--quiet",
                                                             "-q",
                                                             "--stats",
                                                             "--tls-skip-verify",
                                                             "--nocache",
                                                             "--compress",
                                                             "--envproxy",
                                                             "--stdin",
                                                             "--help"};
constexpr std::array<std::string_view, 3> kLogcliOwn = {
    "--cpuprofile", "--memprofile", "--log.level"};

template <typename Names>
bool is_one_of(const Names& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string_view flag_of(std::string_view argument) {
    return argument.substr(0, argument.find('='));
}

std::string as_loki(std::string argument) {
    const std::size_t dashes = std::min(argument.find_first_not_of('-'), argument.size());
    const std::string_view flag = flag_of(std::string_view(argument).substr(dashes));
    for (const auto& [loki, ours] : kLokiFlags) {
        if ((dashes == 1 || dashes == 2) && flag == loki) {
            return std::string(ours) + argument.substr(dashes + flag.size());
        }
    }
    return argument;
}

std::string as_canary(std::string argument) {
    const bool one_dash = argument.size() > 2 && argument[0] == '-' && argument[1] != '-';
    return one_dash ? "-" + argument : argument;
}

bool has_flag(const Arguments& arguments, std::string_view flag, std::string_view letter) {
    return std::any_of(arguments.begin(), arguments.end(), [&](std::string_view argument) {
        return flag_of(argument) == flag || (!letter.empty() && argument.starts_with(letter));
    });
}

// Leaves out the flag at `i`, and its value; what follows is at `i` then.
void drop(Arguments& arguments, std::size_t i) {
    const bool has_value = arguments[i].find('=') != std::string::npos;
    const std::size_t count = has_value ? 1 : 2;
    const auto begin = arguments.begin() + static_cast<std::ptrdiff_t>(i);
    arguments.erase(begin,
                    begin + static_cast<std::ptrdiff_t>(std::min(count, arguments.size() - i)));
}

Arguments as_logcli(Arguments arguments) {
    for (std::size_t i = 0; i < arguments.size();) {
        if (is_one_of(kLogcliOwn, flag_of(arguments[i]))) {
            drop(arguments, i);
        } else {
            ++i;
        }
    }
    std::size_t command = 0;
    while (command < arguments.size() && arguments[command].starts_with('-')) {
        const std::string& flag = arguments[command];
        const bool alone = flag.find('=') != std::string::npos || is_one_of(kLogcliSwitches, flag);
        command += alone ? 1 : 2;
    }
    if (command >= arguments.size()) {
        return arguments;
    }
    const std::string name = arguments[command];
    std::rotate(arguments.begin(),
                arguments.begin() + static_cast<std::ptrdiff_t>(command),
                arguments.begin() + static_cast<std::ptrdiff_t>(command) + 1);
    if (name == "query" || name == "instant-query") {
        if (!has_flag(arguments, "--output-timestamp-format", "")) {
            arguments.emplace_back("--output-timestamp-format=rfc3339");
        }
        if (!has_flag(arguments, "--timezone", "-z")) {
            arguments.emplace_back("--timezone=Local");
        }
    }
    return arguments;
}

// Of "/usr/bin/logi" the last part.
std::string_view name_of(std::string_view program) {
    return program.substr(program.rfind('/') + 1);
}

}  // namespace

std::optional<std::vector<std::string>> agent_arguments(int argc, const char* const* argv) {
    if (argc > 0 && name_of(argv[0]) == "promtail") {
        return Arguments(argv + 1, argv + argc);
    }
    if (argc > 1 && std::string_view(argv[1]) == "agent") {
        return Arguments(argv + 2, argv + argc);
    }
    return std::nullopt;
}

std::vector<std::string> our_arguments(int argc, const char* const* argv) {
    if (argc < 1) {
        return {};
    }
    Arguments arguments(argv + 1, argv + argc);
    if (name_of(argv[0]) == "logcli") {
        return as_logcli(std::move(arguments));
    }
    const bool is_canary = !arguments.empty() && arguments[0] == "canary";
    for (std::string& argument : arguments) {
        argument = is_canary ? as_canary(std::move(argument)) : as_loki(std::move(argument));
    }
    return arguments;
}

}  // namespace logi::cli
