// Where tenants' rules are kept.
#pragma once

#include "base/status.h"
#include "rule/group.h"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace logi::rule {

using RuleSets = std::map<std::string, std::shared_ptr<const RuleSet>>;  // by tenant

// Thread-safe. Calls ask a bucket or files, so they are made from tasks.
class RuleStore {
  public:
    virtual ~RuleStore() = default;

    // Of all tenants that have any.
    virtual StatusOr<RuleSets> load_all() = 0;
    // Without rules of the tenant an empty set.
    virtual StatusOr<std::shared_ptr<const RuleSet>> load(const std::string& tenant) = 0;

    // Changes what it gets, or says why not. Called again when another was faster.
    using Edit = std::function<Status(Namespaces&)>;
    // Of two changes at once neither is lost. Durable when OK; kUnavailable: nobody knows whether
    // it was made; kUnimplemented: these rules are read only; else what the edit says.
    virtual Status change(const std::string& tenant, const Edit& edit) = 0;

    [[nodiscard]] virtual bool read_only() const = 0;
};

}  // namespace logi::rule
