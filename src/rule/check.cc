#include "rule/check.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/utf8.h"
#include "logql/parser.h"
#include "model/labels.h"
#include "rule/alert.h"

namespace logi::rule {
namespace {

// Names of metrics may have colons, too.
bool is_metric_name(const std::string& name) {
    return is_label_name(absl::StrReplaceAll(name, {{":", "_"}}));
}

std::string problem_of_fields(const Rule& rule) {
    if (!rule.record.empty() && !rule.alert.empty()) {
        return "only one of 'record' and 'alert' must be set";
    }
    if (rule.name().empty()) {
        return "one of 'record' or 'alert' must be set";
    }
    if (rule.expr.empty()) {
        return "field 'expr' must be set in rule";
    }
    if (rule.record.empty()) {
        return "";
    }
    if (!rule.annotations.empty()) {
        return "invalid field 'annotations' in recording rule";
    }
    if (rule.wait.ns != 0) {
        return "invalid field 'for' in recording rule";
    }
    if (rule.keep_firing.ns != 0) {
        return "invalid field 'keep_firing_for' in recording rule";
    }
    return is_metric_name(rule.record) ? ""
                                       : absl::StrCat("invalid recording rule name: ", rule.record);
}

std::string problem_of_labels(const Rule& rule) {
    for (const auto& [name, value] : rule.labels) {
        if (!is_label_name(name) || name == kMetricName) {
            return absl::StrCat("invalid label name: ", name);
        }
        if (!base::is_utf8(value)) {
            return absl::StrCat("invalid label value: ", value);
        }
    }
    for (const auto& [name, text] : rule.annotations) {
        if (!is_label_name(name)) {
            return absl::StrCat("invalid annotation name: ", name);
        }
    }
    return "";
}

std::string problem_of(const Rule& rule, const std::string& group) {
    if (std::string why = problem_of_fields(rule); !why.empty()) {
        return why;
    }
    if (const auto parsed = logql::parse(rule.expr); !parsed.ok()) {
        return absl::StrCat("could not parse expression for ",
                            rule.record.empty() ? "alert" : "record",
                            " '",
                            rule.name(),
                            "' in group '",
                            group,
                            "': ",
                            parsed.status().message());
    }
    if (std::string why = problem_of_labels(rule); !why.empty() || rule.alert.empty()) {
        return why;
    }
    return std::string(AlertRule::make(rule, TemplateData()).status().message());
}

}  // namespace

std::vector<std::string> problems_of(const Group& group) {
    std::vector<std::string> problems;
    if (group.name.empty()) {
        problems.emplace_back("group 0: Groupname must not be empty");
    }
    for (const Rule& rule : group.rules) {
        if (std::string why = problem_of(rule, group.name); !why.empty()) {
            problems.push_back(std::move(why));
        }
    }
    return problems;
}

Status check_limits(const Namespaces& namespaces, const Group& changed, const RulerLimits& limits) {
    const auto refuse = [](const char* what, std::int64_t most, std::size_t count) {
        return absl::InvalidArgumentError(absl::StrCat(
            "per-user ", what, " limit (limit: ", most, " actual: ", count, ") exceeded"));
    };
    const auto is_over = [](std::int64_t most, std::size_t count) {
        return most > 0 && count > static_cast<std::size_t>(most);
    };
    if (is_over(limits.rules_per_group_max, changed.rules.size())) {
        return refuse("rules per rule group", limits.rules_per_group_max, changed.rules.size());
    }
    std::size_t groups = 0;
    for (const auto& [name, in_namespace] : namespaces) {
        groups += in_namespace.size();
    }
    return is_over(limits.groups_max, groups) ? refuse("rule groups", limits.groups_max, groups)
                                              : absl::OkStatus();
}

}  // namespace logi::rule
