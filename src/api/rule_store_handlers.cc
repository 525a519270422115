// Rule groups: listed, read, written and removed, as YAML.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "api/answer.h"
#include "api/api.h"
#include "api/params.h"
#include "api/rule_handlers.h"
#include "logql/parser.h"
#include "rule/check.h"
#include "rule/group_yaml.h"
#include "rule/ruler.h"

#include <algorithm>

namespace logi::api {
namespace {

constexpr const char* kNoGroups = "no rule groups found";
constexpr const char* kNoGroup = "group does not exist";
constexpr const char* kNoNamespace = "group namespace does not exist";
constexpr const char* kDone = R"({"status":"success","data":null,"errorType":"","error":""})";

// Files that somebody else writes are only read.
net::HttpResponse refuse_change(const Status& status) {
    return status.code() == absl::StatusCode::kUnimplemented ? refuse(400, message_of(status))
                                                             : refuse(status);
}

net::HttpResponse rules_response(std::string text) {
    return {200, {{"Content-Type", "application/yaml"}}, std::move(text)};
}

net::HttpResponse accepted() {
    return {202, {{"Content-Type", "application/json"}}, kDone};
}

// What the request names below /rules. Its parts are escaped twice, so that names may have slashes.
std::vector<std::string> names_in(const net::HttpRequest& request) {
    const std::string path = request.path.substr(request.path.find("/rules") + 6);
    std::vector<std::string> names = absl::StrSplit(path, '/', absl::SkipEmpty());
    for (std::string& name : names) {
        name = net::url_decode(name, false);
    }
    return names;
}

// As Loki's files could be called.
bool is_local_path(const std::string& name) {
    const std::vector<std::string> parts = absl::StrSplit(name, '/');
    return !name.empty() && !name.starts_with('/') &&
           std::find(parts.begin(), parts.end(), "..") == parts.end();
}

std::string selector_of(const std::vector<Matcher>& only) {
    return only.empty() ? ""
                        : absl::StrCat("{",
                                       absl::StrJoin(only,
                                                     ", ",
                                                     [](std::string* out, const Matcher& matcher) {
                                                         out->append(matcher.to_string());
                                                     }),
                                       "}");
}

}  // namespace

bool sees_group(const Scope& scope, const rule::Group& group) {
    if (scope.only.empty()) {
        return true;
    }
    const auto bounds =
        logql::parse_selector(group.only.empty() ? "{}" : group.only, logql::Selective::kAny);
    return bounds.ok() && std::all_of(scope.only.begin(), scope.only.end(), [&](const auto& only) {
               return std::any_of(bounds->begin(), bounds->end(), [&](const Matcher& bound) {
                   return bound.to_string() == only.to_string();
               });
           });
}

rule::Namespaces seen_groups(const Scope& scope, const rule::RuleSet& set) {
    rule::Namespaces namespaces = set.namespaces;
    for (auto& [name, groups] : namespaces) {
        std::erase_if(groups, [&](const auto& item) { return !sees_group(scope, item.second); });
    }
    std::erase_if(namespaces, [](const auto& item) { return item.second.empty(); });
    return namespaces;
}

namespace {

// labels=k:v,k2:v2: rules that have all of these. Groups without any are left out.
rule::Namespaces with_labels(rule::Namespaces namespaces, const std::vector<std::string>& wanted) {
    for (auto& [name, groups] : namespaces) {
        for (auto& [group_name, group] : groups) {
            std::erase_if(group.rules, [&](const rule::Rule& rule) {
                return !std::all_of(wanted.begin(), wanted.end(), [&](const std::string& pair) {
                    const std::size_t colon = std::min(pair.find(':'), pair.size());
                    const auto it = rule.labels.find(pair.substr(0, colon));
                    return it != rule.labels.end() && colon < pair.size() &&
                           it->second == pair.substr(colon + 1);
                });
            });
        }
        std::erase_if(groups, [](const auto& item) { return item.second.rules.empty(); });
    }
    std::erase_if(namespaces, [](const auto& item) { return item.second.empty(); });
    return namespaces;
}

const rule::Group* find_group(const rule::Namespaces& namespaces,
                              const std::string& name_space,
                              const std::string& name) {
    const auto groups = namespaces.find(name_space);
    if (groups == namespaces.end()) {
        return nullptr;
    }
    const auto it = groups->second.find(name);
    return it == groups->second.end() ? nullptr : &it->second;
}

}  // namespace

void Api::rule_groups(const net::HttpRequest& request, const Scope& scope, net::Responder respond) {
    if (!config_.ruler.enable_api) {
        respond(refuse(404, "404 page not found"));
        return;
    }
    const std::vector<std::string> names = names_in(request);
    const auto bad = std::find_if_not(names.begin(), names.end(), is_local_path);
    if (bad != names.end()) {
        respond(refuse(400, absl::StrCat("'", *bad, "' is not a local path")));
        return;
    }
    if (request.method == "POST") {
        respond(set_group(request, scope, names.at(0)));
    } else if (request.method == "DELETE") {
        respond(remove_groups(scope, names));
    } else {
        respond(show_groups(Params(request), scope, names));
    }
}

net::HttpResponse Api::show_groups(const Params& params,
                                   const Scope& scope,
                                   const std::vector<std::string>& names) {
    const auto set = rules_->load(scope.tenant);
    if (!set.ok()) {
        return refuse_change(set.status());
    }
    rule::Namespaces namespaces = seen_groups(scope, **set);
    if (names.size() > 1) {
        if (rules_->read_only()) {
            return refuse(400, "GetRuleGroup unsupported in rule local store");
        }
        const rule::Group* const group = find_group(namespaces, names[0], names[1]);
        return group == nullptr ? refuse(404, kNoGroup) : rules_response(rule::group_yaml(*group));
    }
    if (!names.empty()) {
        std::erase_if(namespaces, [&](const auto& item) { return item.first != names[0]; });
    }
    if (namespaces.empty()) {
        return refuse(404, kNoGroups);
    }
    if (const auto labels = params.list("labels"); !labels.empty()) {
        namespaces = with_labels(std::move(namespaces), labels);
        return rules_response(namespaces.empty() ? "{}\n" : rule::namespaces_yaml(namespaces));
    }
    return rules_response(rule::namespaces_yaml(namespaces));
}

net::HttpResponse Api::set_group(const net::HttpRequest& request,
                                 const Scope& scope,
                                 const std::string& name_space) {
    auto group = rule::parse_group(request.body);
    if (!group.ok()) {
        return refuse(400, "unable to decoded rule group");
    }
    if (const auto problems = rule::problems_of(*group); !problems.empty()) {
        return refuse(400, absl::StrJoin(problems, ", "));
    }
    group->only = selector_of(scope.only);
    const auto limits = rules(scope);
    const Status status = rules_->change(scope.tenant, [&](rule::Namespaces& namespaces) -> Status {
        rule::Group& place = namespaces[name_space][group->name];
        if (!place.name.empty() && !sees_group(scope, place)) {
            return absl::PermissionDeniedError(
                "there is such a group, and it reads streams that the credential may not see");
        }
        place = *group;
        return rule::check_limits(namespaces, *group, limits->limits.ruler);
    });
    return rules_changed(status);
}

net::HttpResponse Api::rules_changed(const Status& status) {
    if (!status.ok()) {
        return refuse_change(status);
    }
    ruler_->refresh();
    return accepted();
}

// Groups that the credential may not see are as if they were not there.
net::HttpResponse Api::remove_groups(const Scope& scope, const std::vector<std::string>& names) {
    const Status status = rules_->change(scope.tenant, [&](rule::Namespaces& namespaces) -> Status {
        const auto groups = namespaces.find(names.at(0));
        const auto gone = [&](const auto& item) {
            return (names.size() == 1 || item.first == names[1]) && sees_group(scope, item.second);
        };
        const std::size_t removed =
            groups == namespaces.end() ? 0 : std::erase_if(groups->second, gone);
        if (removed == 0) {
            return names.size() > 1 ? absl::CancelledError(kNoGroup)
                                    : absl::NotFoundError(kNoNamespace);
        }
        if (groups->second.empty()) {
            namespaces.erase(groups);
        }
        return absl::OkStatus();
    });
    // There is nothing to do for a group that is not there.
    return rules_changed(absl::IsCancelled(status) ? absl::OkStatus() : status);
}

}  // namespace logi::api
