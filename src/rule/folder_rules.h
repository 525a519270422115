// Rules in files that somebody else writes: <folder>/<tenant>/<namespace>, each `groups: […]`.
#pragma once

#include "io/file_system.h"
#include "rule/rule_store.h"

#include <string>

namespace logi::rule {

class FolderRules final : public RuleStore {
  public:
    // `files` must outlive it.
    FolderRules(io::FileSystem& files, std::string folder)
        : files_(files), folder_(std::move(folder)) {}

    // A file that cannot be read, or whose rules are no good, is logged and left out.
    StatusOr<RuleSets> load_all() override;
    StatusOr<std::shared_ptr<const RuleSet>> load(const std::string& tenant) override;
    Status change(const std::string& tenant, const Edit& edit) override;
    [[nodiscard]] bool read_only() const override { return true; }

  private:
    io::FileSystem& files_;
    const std::string folder_;
};

}  // namespace logi::rule
