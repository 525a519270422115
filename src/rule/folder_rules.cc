#include "rule/folder_rules.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/hash.h"
#include "base/log.h"
#include "io/read_file.h"
#include "rule/check.h"
#include "rule/group_yaml.h"

namespace logi::rule {
namespace {

// The groups of a file, all of them good.
StatusOr<std::map<std::string, Group>> groups_of(const std::string& text) {
    LOGI_ASSIGN_OR_RETURN(const auto listed, parse_rule_file(text));
    std::map<std::string, Group> groups;
    for (const Group& group : listed) {
        if (const auto problems = problems_of(group); !problems.empty()) {
            return absl::InvalidArgumentError(absl::StrJoin(problems, ", "));
        }
        if (!groups.emplace(group.name, group).second) {
            return absl::InvalidArgumentError(
                absl::StrCat("groupname: \"", group.name, "\" is repeated in the same file"));
        }
    }
    return groups;
}

}  // namespace

StatusOr<RuleSets> FolderRules::load_all() {
    const auto tenants = files_.list(folder_);
    if (absl::IsNotFound(tenants.status())) {
        return RuleSets();
    }
    LOGI_RETURN_IF_ERROR(tenants.status());
    RuleSets sets;
    for (const std::string& tenant : *tenants) {
        // Mounted ones may have links to themselves that begin with a point.
        if (tenant.starts_with(".") || !files_.is_dir(folder_ + "/" + tenant).value_or(false)) {
            continue;
        }
        LOGI_ASSIGN_OR_RETURN(sets[tenant], load(tenant));
    }
    return sets;
}

StatusOr<std::shared_ptr<const RuleSet>> FolderRules::load(const std::string& tenant) {
    const std::string folder = absl::StrCat(folder_, "/", tenant);
    auto set = std::make_shared<RuleSet>();
    const auto names = files_.list(folder);
    if (absl::IsNotFound(names.status())) {
        const base::MutexLock lock(mutex_);
        good_.erase(tenant);
        return set;
    }
    LOGI_RETURN_IF_ERROR(names.status());
    GoodFiles known = before(tenant);
    GoodFiles good;
    for (const std::string& name : *names) {
        const std::string path = absl::StrCat(folder, "/", name);
        if (name.starts_with(".") || files_.is_dir(path).value_or(true)) {
            continue;
        }
        const auto text = io::read_file(files_, path, kRulesBytesMax);
        auto groups = text.ok() ? groups_of(*text) : text.status();
        if (!groups.ok()) {
            base::log_error("a file of rules is no good, what it had before goes on",
                            {{"file", path}, {"error", std::string(groups.status().message())}});
            // It may be half written: alerts of its groups must not be lost.
            if (auto node = known.extract(name)) {
                good.insert(std::move(node));
            }
            continue;
        }
        good[name] = {base::hash64(*text), *std::move(groups)};
    }
    std::uint64_t digest = 1;
    for (const auto& [name, file] : good) {
        digest = base::hash64(absl::StrCat(name, "\n", file.text_hash), digest);
        set->namespaces[name] = file.groups;
    }
    set->number = digest;
    const base::MutexLock lock(mutex_);
    good_[tenant] = std::move(good);
    return set;
}

FolderRules::GoodFiles FolderRules::before(const std::string& tenant) {
    const base::MutexLock lock(mutex_);
    const auto it = good_.find(tenant);
    return it == good_.end() ? GoodFiles() : it->second;
}

Status FolderRules::change(const std::string& /*tenant*/, const Edit& /*edit*/) {
    return absl::UnimplementedError("unsupported in rule local store");
}

}  // namespace logi::rule
