#include "cli/rule_files.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "config/config.h"
#include "io/read_file.h"
#include "logql/parser.h"
#include "logql/printer.h"
#include "model/labels.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace logi::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFileBytesMax = 16U << 20U;

bool is_duration(const std::string& key) {
    return key == "for" || key == "interval" || key == "keep_firing_for";
}

// Keys sorted, and nothing of how it was written.
void append_canonical(std::string& out, const YAML::Node& node) {
    if (node.IsMap()) {
        std::map<std::string, YAML::Node> sorted;
        for (const auto& pair : node) {
            sorted[pair.first.as<std::string>()] = pair.second;
        }
        out.push_back('{');
        for (const auto& [key, value] : sorted) {
            const bool is_nothing =
                value.IsNull() || (value.IsMap() && value.size() == 0) ||
                (is_duration(key) && value.IsScalar() && value.Scalar() == "0s");
            if (!is_nothing) {
                absl::StrAppend(&out, go_quote(key), ":");
                const auto duration = is_duration(key) && value.IsScalar()
                                          ? config::parse_duration(value.Scalar())
                                          : absl::NotFoundError("");
                if (duration.ok()) {
                    absl::StrAppend(&out, config::format_duration(*duration));
                } else {
                    append_canonical(out, value);
                }
                out.push_back(',');
            }
        }
        out.push_back('}');
    } else if (node.IsSequence()) {
        out.push_back('[');
        for (const auto& element : node) {
            append_canonical(out, element);
            out.push_back(',');
        }
        out.push_back(']');
    } else {
        out.append(go_quote(node.IsNull() ? "" : node.Scalar()));
    }
}

std::string text_at(const YAML::Node& map, const char* key) {
    const YAML::Node node = map[key];
    return node && node.IsScalar() ? node.Scalar() : std::string();
}

void check_rule(const YAML::Node& rule, const std::string& where, std::vector<std::string>& out) {
    const auto add = [&](const std::string& text) {
        out.push_back(absl::StrCat(where, ": ", text));
    };
    if (!rule.IsMap()) {
        add("not a rule");
        return;
    }
    const std::string record = text_at(rule, "record");
    const std::string alert = text_at(rule, "alert");
    const std::string expr = text_at(rule, "expr");
    if (record.empty() == alert.empty()) {
        add(record.empty() ? "one of 'record' and 'alert' must be set"
                           : "only one of 'record' and 'alert' must be set");
    }
    if (!record.empty() && (rule["for"] || rule["annotations"])) {
        add("a recording rule has neither 'for' nor 'annotations'");
    }
    // Names of metrics may have colons, too.
    if (!record.empty() && !is_label_name(absl::StrReplaceAll(record, {{":", "_"}}))) {
        add(absl::StrCat("invalid recording rule name: ", record));
    }
    if (expr.empty()) {
        add("field 'expr' must be set");
        return;
    }
    const auto parsed = logql::parse(expr);
    if (!parsed.ok()) {
        add(std::string(parsed.status().message()));
    } else if (logql::is_log_query(**parsed)) {
        add("the expression gives lines, not numbers");
    }
    if (const std::string wait = text_at(rule, "for");
        !wait.empty() && !config::parse_duration(wait).ok()) {
        add(absl::StrCat("'for' is no duration: ", wait));
    }
    for (const auto& label : rule["labels"]) {
        if (const std::string name = label.first.as<std::string>(); !is_label_name(name)) {
            add(absl::StrCat("invalid label name: ", name));
        }
    }
}

// Throws YAML::Exception.
std::pair<std::string, RuleGroup> group_of(const YAML::Node& node) {
    RuleGroup group;
    const std::string name = text_at(node, "name");
    YAML::Emitter out;
    out << node;
    group.yaml = absl::StrCat(out.c_str(), "\n");
    append_canonical(group.canonical, node);
    if (name.empty()) {
        group.problems.emplace_back("a group without a name");
    }
    const YAML::Node rules = node["rules"];
    for (const auto& rule : rules) {
        const std::string of = absl::StrCat(text_at(rule, "record"), text_at(rule, "alert"));
        check_rule(
            rule,
            absl::StrCat("group ", name, ", rule ", ++group.rules, of.empty() ? "" : " ", of),
            group.problems);
    }
    return {name, std::move(group)};
}

// What `read` makes of the documents.
template <typename T, typename Read>
StatusOr<T> parse(const std::string& yaml, Read read) {
    try {
        T out;
        const Status status = read(YAML::LoadAll(yaml), out);
        return status.ok() ? StatusOr<T>(std::move(out)) : status;
    } catch (const YAML::Exception& e) {
        return absl::InvalidArgumentError(absl::StrCat("not the YAML of rules: ", e.what()));
    }
}

Status add_groups(const YAML::Node& list, const std::string& name, RuleNamespaces& out) {
    for (const auto& node : list) {
        auto [group_name, group] = group_of(node);
        if (!out[name].emplace(group_name, std::move(group)).second) {
            return absl::InvalidArgumentError(
                absl::StrCat("namespace ", name, " has the group ", group_name, " twice"));
        }
    }
    return absl::OkStatus();
}

// What has no groups would take those of the namespace away.
Status check_keys(const YAML::Node& document) {
    if (!document.IsMap() || !document["groups"] || !document["groups"].IsSequence()) {
        return absl::InvalidArgumentError("no list of groups");
    }
    for (const auto& pair : document) {
        const std::string key = pair.first.as<std::string>();
        if (key != "namespace" && key != "groups") {
            return absl::InvalidArgumentError(absl::StrCat("unknown key ", key));
        }
    }
    return absl::OkStatus();
}

StatusOr<std::vector<std::string>> files_of(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
        return std::vector<std::string>{path};
    }
    const fs::directory_iterator entries(path, error);
    if (error) {
        return absl::NotFoundError(absl::StrCat(path, ": ", error.message()));
    }
    std::vector<std::string> files;
    for (const auto& entry : entries) {
        const std::string extension = entry.path().extension();
        if (extension == ".yaml" || extension == ".yml") {
            files.push_back(entry.path());
        }
    }
    if (files.empty()) {
        return absl::NotFoundError(absl::StrCat(path, ": no file that ends in .yaml or .yml"));
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

StatusOr<RuleNamespaces> read_rule_files(const std::vector<std::string>& paths) {
    const auto files = io::make_posix_file_system();
    RuleNamespaces all;
    for (const std::string& path : paths) {
        LOGI_ASSIGN_OR_RETURN(const auto found, files_of(path));
        for (const std::string& file : found) {
            LOGI_ASSIGN_OR_RETURN(const std::string text,
                                  io::read_file(*files, file, kFileBytesMax));
            const auto read = parse<int>(text, [&](const std::vector<YAML::Node>& documents, int&) {
                for (const YAML::Node& document : documents) {
                    if (document.IsNull()) {
                        continue;
                    }
                    LOGI_RETURN_IF_ERROR(check_keys(document));
                    const std::string told = text_at(document, "namespace");
                    const std::string name = told.empty() ? fs::path(file).stem().string() : told;
                    all[name];
                    LOGI_RETURN_IF_ERROR(add_groups(document["groups"], name, all));
                }
                return absl::OkStatus();
            });
            if (!read.ok()) {
                return absl::InvalidArgumentError(
                    absl::StrCat(file, ": ", read.status().message()));
            }
        }
    }
    return all;
}

StatusOr<RuleNamespaces> parse_rule_list(const std::string& yaml) {
    return parse<RuleNamespaces>(
        yaml, [](const std::vector<YAML::Node>& documents, RuleNamespaces& all) {
            for (const YAML::Node& document : documents) {
                for (const auto& pair : document) {
                    LOGI_RETURN_IF_ERROR(
                        add_groups(pair.second, pair.first.as<std::string>(), all));
                }
            }
            return absl::OkStatus();
        });
}

StatusOr<RuleGroup> parse_rule_group(const std::string& yaml) {
    return parse<RuleGroup>(yaml, [](const std::vector<YAML::Node>& documents, RuleGroup& group) {
        if (documents.size() != 1 || !documents[0].IsMap()) {
            return absl::InvalidArgumentError("not a group of rules");
        }
        group = group_of(documents[0]).second;
        return absl::OkStatus();
    });
}

std::string rule_file_text(const std::string& name, const RuleGroups& groups) {
    YAML::Emitter out;
    out << YAML::BeginMap << YAML::Key << "namespace" << YAML::Value << name << YAML::Key
        << "groups" << YAML::Value << YAML::BeginSeq;
    for (const auto& [group_name, group] : groups) {
        out << YAML::Load(group.yaml);
    }
    out << YAML::EndSeq << YAML::EndMap;
    return absl::StrCat(out.c_str(), "\n");
}

}  // namespace logi::cli
