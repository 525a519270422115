#include "server/roles.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#include <map>
#include <vector>

namespace logi::server {
namespace {

constexpr const char* kAll = "all";

using Part = bool Roles::*;
using PartsByWord = std::map<std::string, std::vector<Part>>;

const PartsByWord& parts_by_role() {
    static const PartsByWord kParts = {{"write", {&Roles::write}},
                                       {"read", {&Roles::read}},
                                       {"compact", {&Roles::compact}},
                                       {"rule", {&Roles::rule}}};
    return kParts;
}

const PartsByWord& parts_by_target() {
    static const PartsByWord kParts = {
        {"write", {&Roles::write}},
        {"distributor", {&Roles::write}},
        {"ingester", {&Roles::write}},
        {"read", {&Roles::read}},
        {"querier", {&Roles::read}},
        {"query-frontend", {&Roles::read}},
        {"query-scheduler", {&Roles::read}},
        {"index-gateway", {&Roles::read}},
        {"backend", {&Roles::compact, &Roles::rule}},
        {"compactor", {&Roles::compact}},
        {"ruler", {&Roles::rule}},
        // Parts for which Logi has no process of their own: who does their work here.
        {"pattern-ingester", {&Roles::write}},
        {"ingest-limits", {&Roles::write}},
        {"ingest-limits-frontend", {&Roles::write}},
        {"dataobj-consumer", {&Roles::write}},
        {"bloom-gateway", {&Roles::read}},
        {"overrides-exporter", {&Roles::read}},
        {"query-engine", {&Roles::read}},
        {"query-engine-scheduler", {&Roles::read}},
        {"query-engine-worker", {&Roles::read}},
        {"dataobj-explorer", {&Roles::read}},
        {"ui", {&Roles::read}},
        {"bloom-planner", {&Roles::compact}},
        {"bloom-builder", {&Roles::compact}},
        {"dataobj-index-builder", {&Roles::compact}},
        {"table-manager", {&Roles::compact}},
    };
    return kParts;
}

std::string known_words(const PartsByWord& parts) {
    return absl::StrJoin(
        parts, ", ", [](std::string* out, const auto& item) { out->append(item.first); });
}

}  // namespace

StatusOr<Roles> parse_roles(const std::string& role, const std::string& target) {
    const bool by_role = role != kAll;
    const std::string& text = by_role ? role : target;
    if (text == kAll) {
        return Roles();
    }
    const auto& parts = by_role ? parts_by_role() : parts_by_target();
    Roles roles{true, false, false, false, false};
    for (const std::string& word : std::vector<std::string>(absl::StrSplit(text, ','))) {
        const auto it = parts.find(word);
        if (it == parts.end()) {
            return absl::InvalidArgumentError(absl::StrCat(by_role ? "role '" : "target '",
                                                           word,
                                                           "' is not one of all, ",
                                                           known_words(parts)));
        }
        for (const Part part : it->second) {
            roles.*part = true;
        }
    }
    return roles;
}

std::string names_of(const Roles& roles) {
    if (!roles.shared) {
        return kAll;
    }
    std::vector<std::string> names;
    for (const auto& [name, parts] : parts_by_role()) {
        if (roles.*parts.front()) {
            names.push_back(name);
        }
    }
    return absl::StrJoin(names, ",");
}

}  // namespace logi::server
