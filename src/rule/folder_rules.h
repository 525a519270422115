// Rules in files that somebody else writes: <folder>/<tenant>/<namespace>, each `groups: […]`.
#pragma once

#include "base/mutex.h"
#include "io/file_system.h"
#include "rule/rule_store.h"

#include <cstdint>
#include <map>
#include <string>

namespace logi::rule {

class FolderRules final : public RuleStore {
  public:
    // `files` must outlive it.
    FolderRules(io::FileSystem& files, std::string folder)
        : files_(files), folder_(std::move(folder)) {}

    // A file that cannot be read, or whose rules are no good, is logged; what it had before goes
    // on.
    StatusOr<RuleSets> load_all() override;
    StatusOr<std::shared_ptr<const RuleSet>> load(const std::string& tenant) override;
    Status change(const std::string& tenant, const Edit& edit) override;
    [[nodiscard]] bool read_only() const override { return true; }

  private:
    io::FileSystem& files_;
    const std::string folder_;

    struct Good {
        std::uint64_t text_hash = 0;
        std::map<std::string, Group> groups;
    };
    using GoodFiles = std::map<std::string, Good>;
    base::Mutex mutex_;
    // By tenant and name, as they were read last.
    std::map<std::string, GoodFiles> good_ LOGI_GUARDED_BY(mutex_);
    [[nodiscard]] GoodFiles before(const std::string& tenant);
};

}  // namespace logi::rule
