// Rules in the bucket: a tenant's whole set in numbered objects, of which the greatest counts.
//
//   rules/<tenant>/<number>
//
// A change puts the next number where there is none yet, and then looks whether the newest object
// tells of it: so that neither a race, nor a lost answer, nor a number that was removed and used
// again loses one.
#pragma once

#include "base/mutex.h"
#include "bucket/bucket.h"
#include "io/random.h"
#include "rule/rule_store.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace logi::rule {

class BucketRules final : public RuleStore {
  public:
    // Both must outlive it.
    BucketRules(bucket::Bucket& bucket, io::Random& random) : bucket_(bucket), random_(random) {}

    StatusOr<RuleSets> load_all() override;
    StatusOr<std::shared_ptr<const RuleSet>> load(const std::string& tenant) override;
    Status change(const std::string& tenant, const Edit& edit) override;
    [[nodiscard]] bool read_only() const override { return false; }

  private:
    struct Known {
        RuleSet set;
        std::vector<std::uint64_t> changes;  // that led to it, the newest last
    };
    using KnownPtr = std::shared_ptr<const Known>;

    // The newest that there is.
    StatusOr<KnownPtr> newest(const std::string& tenant);
    // Null: it was removed meanwhile.
    StatusOr<KnownPtr> read(const std::string& tenant, std::uint64_t number);
    void remove_old(const std::string& tenant, std::uint64_t newest);

    bucket::Bucket& bucket_;
    io::Random& random_;
    base::Mutex mutex_;
    std::map<std::string, KnownPtr> known_ LOGI_GUARDED_BY(mutex_);  // by tenant
};

}  // namespace logi::rule
