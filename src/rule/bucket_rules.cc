#include "rule/bucket_rules.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/log.h"
#include "rule/group_yaml.h"

#include <algorithm>

namespace logi::rule {
namespace {

constexpr const char* kFolder = "rules";
// More than others can make between a change and the look after it.
constexpr std::size_t kChangesTold = 64;
constexpr std::uint64_t kSetsKept = 8;
constexpr int kTries = 16;

std::string folder_of(const std::string& tenant) {
    return absl::StrCat(kFolder, "/", bucket::escape_key_part(tenant));
}

std::string key_of(const std::string& tenant, std::uint64_t number) {
    return absl::StrCat(folder_of(tenant), "/", absl::StrFormat("%020d", number));
}

// 0: it is none.
std::uint64_t number_of(const std::string& key) {
    std::uint64_t number = 0;
    return absl::SimpleAtoi(key.substr(key.rfind('/') + 1), &number) ? number : 0;
}

}  // namespace

StatusOr<BucketRules::KnownPtr> BucketRules::read(const std::string& tenant, std::uint64_t number) {
    {
        const base::MutexLock lock(mutex_);
        const auto it = known_.find(tenant);
        if (it != known_.end() && it->second->set.number == number) {
            return it->second;
        }
    }
    const std::string key = key_of(tenant, number);
    const auto object = bucket_.get(key);
    if (absl::IsNotFound(object.status())) {
        return nullptr;
    }
    LOGI_RETURN_IF_ERROR(object.status());
    auto stored = decode_rules(*object);
    if (!stored.ok()) {
        return Status(stored.status().code(), absl::StrCat(key, ": ", stored.status().message()));
    }
    auto known = std::make_shared<Known>(
        Known{{number, std::move(stored->namespaces)}, std::move(stored->changes)});
    const base::MutexLock lock(mutex_);
    KnownPtr& newest = known_[tenant];
    if (newest == nullptr || newest->set.number < number) {
        newest = known;
    }
    return known;
}

StatusOr<BucketRules::KnownPtr> BucketRules::newest(const std::string& tenant) {
    for (int i = 0; i < kTries; ++i) {
        LOGI_ASSIGN_OR_RETURN(const auto objects, bucket_.list(folder_of(tenant)));
        std::uint64_t number = 0;
        for (const auto& object : objects) {
            number = std::max(number, number_of(object.key));
        }
        if (number == 0) {
            return std::make_shared<Known>();
        }
        LOGI_ASSIGN_OR_RETURN(auto known, read(tenant, number));
        if (known != nullptr) {
            return known;
        }
    }
    return absl::UnavailableError("rules are changed faster than they can be read");
}

StatusOr<RuleSets> BucketRules::load_all() {
    LOGI_ASSIGN_OR_RETURN(const auto objects, bucket_.list(kFolder));
    std::map<std::string, std::uint64_t> newest_of;
    for (const auto& object : objects) {
        const std::string path = object.key.substr(std::string_view(kFolder).size() + 1);
        const std::string folder = path.substr(0, path.find('/'));
        newest_of[folder] = std::max(newest_of[folder], number_of(object.key));
    }
    RuleSets sets;
    for (const auto& [folder, number] : newest_of) {
        const auto tenant = bucket::unescape_key_part(folder);
        if (!tenant.ok() || number == 0) {
            continue;
        }
        auto known = read(*tenant, number);
        if (known.ok() && *known == nullptr) {
            known = newest(*tenant);
        }
        if (!known.ok()) {
            return known.status();
        }
        sets[*tenant] = std::shared_ptr<const RuleSet>(*known, &(*known)->set);
    }
    return sets;
}

StatusOr<std::shared_ptr<const RuleSet>> BucketRules::load(const std::string& tenant) {
    LOGI_ASSIGN_OR_RETURN(const auto known, newest(tenant));
    return std::shared_ptr<const RuleSet>(known, &known->set);
}

Status BucketRules::change(const std::string& tenant, const Edit& edit) {
    const std::uint64_t id = random_.next_u64();
    for (int i = 0; i < kTries; ++i) {
        LOGI_ASSIGN_OR_RETURN(const auto before, newest(tenant));
        Namespaces namespaces = before->set.namespaces;
        LOGI_RETURN_IF_ERROR(edit(namespaces));
        std::vector<std::uint64_t> changes = before->changes;
        changes.push_back(id);
        if (changes.size() > kChangesTold) {
            changes.erase(changes.begin());
        }
        const std::string object = encode_rules(namespaces, changes);
        if (object.size() > kRulesBytesMax) {
            return absl::InvalidArgumentError(absl::StrCat("the tenant's rules would take ",
                                                           object.size(),
                                                           " bytes together; ",
                                                           kRulesBytesMax,
                                                           " are the most"));
        }
        const std::uint64_t number = before->set.number + 1;
        const Status put = bucket_.put_if_absent(key_of(tenant, number), object);
        LOGI_ASSIGN_OR_RETURN(const auto after, newest(tenant));
        if (std::find(after->changes.begin(), after->changes.end(), id) != after->changes.end()) {
            remove_old(tenant, after->set.number);
            return absl::OkStatus();
        }
        if (!put.ok() && !absl::IsAlreadyExists(put)) {
            return put;  // it may still arrive
        }
        if (after->set.number >= number + kChangesTold) {
            return absl::UnavailableError("whether the rules were changed is not known");
        }
    }
    return absl::UnavailableError("others change the rules all the time");
}

void BucketRules::remove_old(const std::string& tenant, std::uint64_t newest) {
    const auto objects = bucket_.list(folder_of(tenant));
    if (!objects.ok()) {
        return;  // whoever makes the next change does it
    }
    for (const auto& object : *objects) {
        const std::uint64_t number = number_of(object.key);
        if (number == 0 || number + kSetsKept > newest) {
            continue;
        }
        if (const Status s = bucket_.remove(object.key); !s.ok() && !absl::IsNotFound(s)) {
            base::log_warn("old rules cannot be removed", {{"error", std::string(s.message())}});
            return;
        }
    }
}

}  // namespace logi::rule
