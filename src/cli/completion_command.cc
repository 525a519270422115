// Scripts that complete commands and flags in shells, and manual pages: both are what the commands
// say of themselves.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "base/utf8.h"
#include "cli/commands.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace logi::cli {
namespace {

struct Flag {
    std::vector<std::string> names;  // with their dashes
    std::string description;
    bool has_value = false;
};

struct Command {
    std::vector<std::string> path;  // behind the program's name
    std::string description;
    std::vector<std::string> commands;  // right below it
    std::vector<Flag> flags;
    std::string usage;
};

std::vector<Flag> flags_of(const CLI::App& app) {
    std::vector<Flag> flags;
    for (const CLI::Option* option : app.get_options()) {
        Flag flag{{}, option->get_description(), option->get_items_expected_max() > 0};
        for (const std::string& name : option->get_lnames()) {
            flag.names.push_back("--" + name);
        }
        for (const std::string& name : option->get_snames()) {
            flag.names.push_back("-" + name);
        }
        if (!flag.names.empty()) {
            flags.push_back(std::move(flag));
        }
    }
    return flags;
}

void walk(const CLI::App& app, std::vector<std::string> path, std::vector<Command>& out) {
    Command command{path, app.get_description(), {}, flags_of(app), ""};
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_lnames().empty() && option->get_snames().empty()) {
            const std::string& name = option->get_name();
            absl::StrAppend(
                &command.usage,
                option->get_required() ? absl::StrCat(" ", name) : absl::StrCat(" [", name, "]"));
        }
    }
    const auto below = app.get_subcommands([](const CLI::App*) { return true; });
    for (const CLI::App* each : below) {
        command.commands.push_back(each->get_name());
    }
    out.push_back(std::move(command));
    for (const CLI::App* each : below) {
        path.push_back(each->get_name());
        walk(*each, path, out);
        path.pop_back();
    }
}

std::string joined(const std::vector<std::string>& words, const char* separator) {
    std::string out;
    for (const std::string& word : words) {
        absl::StrAppend(&out, out.empty() ? "" : separator, word);
    }
    return out;
}

// The words that may come behind a command.
std::string words_behind(const Command& command) {
    std::vector<std::string> words = command.commands;
    for (const Flag& flag : command.flags) {
        words.insert(words.end(), flag.names.begin(), flag.names.end());
    }
    return joined(words, " ");
}

std::string bash_script(const std::vector<Command>& commands) {
    std::string out =
        "# bash completion of logi: source <(logi completion bash)\n"
        "_logi() {\n"
        "  local path='' word words\n"
        "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
        "    case \"$path $word\" in\n";
    for (const Command& command : commands) {
        if (!command.path.empty()) {
            const std::string path = joined(command.path, " ");
            absl::StrAppend(&out, "      ' ", path, "') path=' ", path, "' ;;\n");
        }
    }
    absl::StrAppend(&out, "    esac\n  done\n  case \"$path\" in\n");
    for (const Command& command : commands) {
        absl::StrAppend(&out,
                        "    '",
                        command.path.empty() ? "" : " ",
                        joined(command.path, " "),
                        "') words='",
                        words_behind(command),
                        "' ;;\n");
    }
    absl::StrAppend(&out,
                    "  esac\n"
                    "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
                    "}\n"
                    "complete -o default -F _logi logi\n");
    return out;
}

// zsh reads bash's scripts.
std::string zsh_script(const std::vector<Command>& commands) {
    return absl::StrCat(
        "#compdef logi\n"
        "autoload -U +X bashcompinit && bashcompinit\n",
        bash_script(commands));
}

std::string fish_quoted(const std::string& text) {
    return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

// Of a word that no command has below it, __fish_seen_subcommand_from is exact enough.
std::string fish_script(const std::vector<Command>& commands) {
    std::string out = "# fish completion of logi: logi completion fish | source\n";
    for (const Command& command : commands) {
        const std::string condition =
            command.path.empty()
                ? "__fish_use_subcommand"
                : absl::StrCat("__fish_seen_subcommand_from ", command.path.back());
        for (const Command& each : commands) {
            const bool below =
                each.path.size() == command.path.size() + 1 &&
                std::equal(command.path.begin(), command.path.end(), each.path.begin());
            if (below) {
                absl::StrAppend(&out,
                                "complete -c logi -f -n ",
                                fish_quoted(condition),
                                " -a ",
                                each.path.back(),
                                " -d ",
                                fish_quoted(each.description),
                                "\n");
            }
        }
        for (const Flag& flag : command.flags) {
            absl::StrAppend(&out, "complete -c logi -n ", fish_quoted(condition));
            for (const std::string& name : flag.names) {
                absl::StrAppend(
                    &out,
                    name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1));
            }
            absl::StrAppend(
                &out, flag.has_value ? " -r" : "", " -d ", fish_quoted(flag.description), "\n");
        }
    }
    return out;
}

// Text as roff wants it, which is ASCII.
std::string roff(std::string_view text) {
    std::string out;
    if (text.starts_with('.') || text.starts_with('\'')) {
        out = "\\&";
    }
    while (!text.empty()) {
        const base::Rune rune = base::decode_rune(text);
        const char c = text.front();
        if (rune.length > 1) {
            absl::StrAppend(&out,
                            absl::StrFormat("\\[u%04X]", static_cast<std::uint32_t>(rune.value)));
        } else if (c == '\\') {
            out.append("\\e");
        } else if (c == '-') {
            out.append("\\-");
        } else {
            out.push_back(c);
        }
        text.remove_prefix(rune.length);
    }
    return out;
}

std::string manual(const std::vector<Command>& commands) {
    std::string out = absl::StrCat(".TH LOGI 1\n.SH NAME\nlogi \\- ",
                                   roff(commands.front().description),
                                   "\n.SH SYNOPSIS\n.B logi\n.I command\n.RI [ flags ]\n"
                                   ".SH COMMANDS\n");
    for (const Command& command : commands) {
        if (command.path.empty()) {
            continue;
        }
        absl::StrAppend(&out,
                        ".SS logi ",
                        roff(joined(command.path, " ") + command.usage),
                        "\n",
                        roff(command.description),
                        "\n");
        for (const Flag& flag : command.flags) {
            absl::StrAppend(&out,
                            ".TP\n.B ",
                            roff(joined(flag.names, ", ")),
                            "\n",
                            roff(flag.description),
                            "\n");
        }
    }
    absl::StrAppend(&out,
                    ".SH SEE ALSO\nThe pages docs/config.md, docs/agent.md and docs/logql.md.\n");
    return out;
}

}  // namespace

void add_completion_commands(CLI::App& app, std::function<int()>& chosen) {
    const auto print = [&app, &chosen](std::string (*text)(const std::vector<Command>&)) {
        chosen = [&app, text] {
            std::vector<Command> commands;
            walk(app, {}, commands);
            std::fputs(text(commands).c_str(), stdout);
            return 0;
        };
    };
    CLI::App& group = *app.add_subcommand(
        "completion", "Print a script that completes commands and flags: bash, zsh or fish");
    group.require_subcommand(1);
    group.add_subcommand("bash", "source <(logi completion bash)")->callback([print] {
        print(bash_script);
    });
    group.add_subcommand("zsh", "logi completion zsh > a folder of $fpath/_logi")
        ->callback([print] { print(zsh_script); });
    group.add_subcommand("fish", "logi completion fish | source")->callback([print] {
        print(fish_script);
    });
    app.add_subcommand("manual", "Print the manual page: logi manual | man -l -")
        ->callback([print] { print(manual); });
}

}  // namespace logi::cli
