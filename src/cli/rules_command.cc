// logi rules: rule groups of a ruler, Loki's or any that speaks its API.
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/fail.h"
#include "cli/rule_files.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace logi::cli {
namespace {

constexpr const char* kRulesPath = "/loki/api/v1/rules";
constexpr int kGood = 200;
constexpr int kAccepted = 202;
constexpr int kNotFound = 404;

struct RulesArgs {
    ClientArgs client;
    std::vector<std::string> paths;
    std::string name;  // of a namespace
    std::string group;
    std::vector<std::string> namespaces;  // only these; empty: all
    std::vector<std::string> ignored;
    bool dry_run = false;
};

Status refused(const net::HttpResponse& answer) {
    return absl::UnavailableError(absl::StrCat(
        "the server answered ", answer.status, ": ", absl::StripAsciiWhitespace(answer.body)));
}

// Names of groups may have slashes: servers take what is escaped twice.
std::string escaped(const std::string& name) {
    return name.find('/') == std::string::npos ? net::url_encode(name)
                                               : net::url_encode(net::url_encode(name));
}

std::string path_of(const std::string& name, const std::string& group = "") {
    return group.empty() ? absl::StrCat(kRulesPath, "/", escaped(name))
                         : absl::StrCat(kRulesPath, "/", escaped(name), "/", escaped(group));
}

// Rulers say what they do not find; one that is not there has nothing to say of rules.
bool says_not_found(const net::HttpResponse& answer) {
    return answer.status == kNotFound && (answer.body.find("rule group") != std::string::npos ||
                                          answer.body.find("group ") != std::string::npos);
}

Status no_ruler(const RulesArgs& args) {
    return absl::UnavailableError(
        absl::StrCat(args.client.addr, " has no ruler: it answers 404 to ", kRulesPath));
}

bool is_wanted(const RulesArgs& args, const std::string& name) {
    const auto has = [&name](const std::vector<std::string>& names) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    return (args.namespaces.empty() || has(args.namespaces)) && !has(args.ignored);
}

template <typename Groups>
void leave_wanted(const RulesArgs& args, Groups& namespaces) {
    std::erase_if(namespaces, [&](const auto& each) { return !is_wanted(args, each.first); });
}

// Those that are wanted.
StatusOr<RuleNamespaces> list_rules(const RulesArgs& args) {
    LOGI_ASSIGN_OR_RETURN(const auto answer, ask_server(args.client, "GET", kRulesPath, ""));
    if (answer.status == kNotFound) {
        return says_not_found(answer) ? StatusOr<RuleNamespaces>(RuleNamespaces()) : no_ruler(args);
    }
    if (answer.status != kGood) {
        return refused(answer);
    }
    LOGI_ASSIGN_OR_RETURN(RuleNamespaces all, parse_rule_list(answer.body));
    leave_wanted(args, all);
    return all;
}

Status list(const RulesArgs& args) {
    LOGI_ASSIGN_OR_RETURN(const RuleNamespaces all, list_rules(args));
    for (const auto& [name, groups] : all) {
        for (const auto& [group_name, group] : groups) {
            std::printf("%s  %s  %zu rules\n", name.c_str(), group_name.c_str(), group.rules);
        }
    }
    return absl::OkStatus();
}

Status print(const RulesArgs& args) {
    LOGI_ASSIGN_OR_RETURN(const RuleNamespaces all, list_rules(args));
    const char* separator = "";
    for (const auto& [name, groups] : all) {
        std::printf("%s%s", separator, rule_file_text(name, groups).c_str());
        separator = "---\n";
    }
    return absl::OkStatus();
}

Status get(const RulesArgs& args) {
    LOGI_ASSIGN_OR_RETURN(const auto answer,
                          ask_server(args.client, "GET", path_of(args.name, args.group), ""));
    if (answer.status == kNotFound) {
        return says_not_found(answer) ? absl::NotFoundError(absl::StrCat(
                                            "there is no group ", args.group, " in ", args.name))
                                      : no_ruler(args);
    }
    if (answer.status != kGood) {
        return refused(answer);
    }
    LOGI_RETURN_IF_ERROR(parse_rule_group(answer.body).status());
    std::fputs(answer.body.c_str(), stdout);
    return absl::OkStatus();
}

Status change(const RulesArgs& args,
              const std::string& method,
              const std::string& path,
              const std::string& body) {
    ClientArgs client = args.client;
    // Without it a server takes the body for a form.
    client.headers.emplace_back("Content-Type: application/yaml");
    LOGI_ASSIGN_OR_RETURN(const auto answer, ask_server(client, method, path, body));
    if (answer.status == kAccepted) {
        return absl::OkStatus();
    }
    return answer.status == kNotFound && !says_not_found(answer) ? no_ruler(args) : refused(answer);
}

Status remove(const RulesArgs& args) {
    return change(args, "DELETE", path_of(args.name, args.group), "");
}

// Good ones, of the files.
StatusOr<RuleNamespaces> read_good_rules(const RulesArgs& args) {
    LOGI_ASSIGN_OR_RETURN(RuleNamespaces all, read_rule_files(args.paths));
    leave_wanted(args, all);
    std::size_t problems = 0;
    for (const auto& [name, groups] : all) {
        for (const auto& [group_name, group] : groups) {
            for (const std::string& problem : group.problems) {
                std::fprintf(stderr, "logi: namespace %s, %s\n", name.c_str(), problem.c_str());
                ++problems;
            }
        }
    }
    return problems == 0
               ? StatusOr<RuleNamespaces>(std::move(all))
               : absl::InvalidArgumentError(absl::StrCat(problems, " problems; nothing is sent"));
}

Status check(const RulesArgs& args) {
    LOGI_ASSIGN_OR_RETURN(const RuleNamespaces all, read_good_rules(args));
    std::size_t groups = 0;
    std::size_t rules = 0;
    for (const auto& [name, each] : all) {
        groups += each.size();
        for (const auto& [group_name, group] : each) {
            rules += group.rules;
        }
    }
    std::printf("%zu namespaces, %zu groups, %zu rules: good\n", all.size(), groups, rules);
    return absl::OkStatus();
}

struct Change {
    char sign;  // + for a new one, ~ for one that is changed, - for one that goes
    std::string name;
    std::string group;
    std::string body;
};

// With `removes`, of namespaces that the files do not have, too.
std::vector<Change> changes(const RuleNamespaces& there,
                            const RuleNamespaces& wanted,
                            bool removes) {
    std::vector<Change> out;
    const auto find = [](const RuleNamespaces& all,
                         const std::string& name,
                         const std::string& group) -> const RuleGroup* {
        const auto at = all.find(name);
        if (at == all.end()) {
            return nullptr;
        }
        const auto it = at->second.find(group);
        return it == at->second.end() ? nullptr : &it->second;
    };
    for (const auto& [name, groups] : wanted) {
        for (const auto& [group_name, group] : groups) {
            const RuleGroup* const old = find(there, name, group_name);
            if (old == nullptr || old->canonical != group.canonical) {
                out.push_back({old == nullptr ? '+' : '~', name, group_name, group.yaml});
            }
        }
    }
    for (const auto& [name, groups] : there) {
        for (const auto& [group_name, group] : groups) {
            if (removes && find(wanted, name, group_name) == nullptr) {
                out.push_back({'-', name, group_name, ""});
            }
        }
    }
    return out;
}

Status apply(const RulesArgs& args, bool removes, bool applies) {
    LOGI_ASSIGN_OR_RETURN(const RuleNamespaces wanted, read_good_rules(args));
    LOGI_ASSIGN_OR_RETURN(const RuleNamespaces there, list_rules(args));
    const auto list = changes(there, wanted, removes);
    for (const Change& each : list) {
        std::printf("%c %s %s\n", each.sign, each.name.c_str(), each.group.c_str());
        if (applies) {
            LOGI_RETURN_IF_ERROR(each.sign == '-'
                                     ? change(args, "DELETE", path_of(each.name, each.group), "")
                                     : change(args, "POST", path_of(each.name), each.body));
        }
    }
    if (list.empty()) {
        std::puts("nothing differs");
    }
    return absl::OkStatus();
}

Status load(const RulesArgs& args) {
    return apply(args, false, !args.dry_run);
}
Status sync(const RulesArgs& args) {
    return apply(args, true, !args.dry_run);
}
Status diff(const RulesArgs& args) {
    return apply(args, true, false);
}

}  // namespace

void add_rules_command(CLI::App& app, std::function<int()>& chosen) {
    CLI::App& group =
        *app.add_subcommand("rules", "Rule groups of a Loki's ruler: list, load, sync, check …");
    group.require_subcommand(1);
    group.footer(
        "Examples:\n"
        "  logi rules check rules/\n"
        "  logi rules diff rules/ --addr http://loki:3100 --org-id team-a\n"
        "  logi rules sync rules/ --namespaces team-a\n"
        "  logi rules print > backup.yaml\n"
        "A rule file has a namespace and groups, as lokitool takes it.");
    const auto args = std::make_shared<RulesArgs>();
    const auto add = [&](const char* name,
                         const char* description,
                         Status (*run)(const RulesArgs&)) -> CLI::App& {
        CLI::App& command = *group.add_subcommand(name, description);
        command.callback([args, run, &chosen] {
            chosen = [args, run] {
                const Status status = run(*args);
                return status.ok() ? 0 : fail(status);
            };
        });
        return command;
    };
    const auto add_namespaces = [&](CLI::App& command) {
        add_client_flags(command, args->client);
        command.add_option("--namespaces", args->namespaces, "only these, separated by commas")
            ->delimiter(',');
        command.add_option("--ignored-namespaces", args->ignored, "not these")->delimiter(',');
    };
    const auto add_files = [&](CLI::App& command) {
        command.add_option("file", args->paths, "rule files, or folders of them")->required();
    };
    const auto add_names = [&](CLI::App& command, bool needs_group) {
        add_client_flags(command, args->client);
        command.add_option("namespace", args->name, "namespace")->required();
        command.add_option("group", args->group, "group")->required(needs_group);
    };
    add_namespaces(add("list", "List groups: namespace, group, number of rules", list));
    add_namespaces(add("print", "Print all groups, as a rule file", print));
    add_names(add("get", "Print one group", get), true);
    add_names(add("delete", "Remove a group, or a namespace with its groups", remove), false);
    add_files(add("check", "Check rule files without a server", check));
    const auto add_applying = [&](CLI::App& command) {
        add_namespaces(command);
        add_files(command);
        command.add_flag("-n,--dry-run", args->dry_run, "change nothing, only tell");
    };
    add_applying(add("load", "Create and change the groups that are in the files", load));
    add_applying(add("sync", "The same, and remove all that is not in the files", sync));
    add_applying(add("diff", "Tell what sync would do: + new, ~ changed, - removed", diff));
}

}  // namespace logi::cli
