// What the parsers of a pipeline find in the templates of blocks. Blocks of a stream have most of
// their templates in common.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "base/hash.h"
#include "base/mutex.h"
#include "exec/slot_check.h"
#include "exec/stage.h"

#include <memory>
#include <string>
#include <vector>

namespace logi::exec {

struct TemplateOutline {
    bool known = false;  // false: lines have to be parsed one by one
    std::vector<fields::Outline> parsers;
    std::vector<SlotCheck> slots;
};

// Thread-safe.
class OutlineCache {
  public:
    explicit OutlineCache(std::vector<const Stage*> parsers);
    // Whether the stamps of slots are looked at: then find() needs them.
    [[nodiscard]] bool looks_at_stamps() const { return looks_at_stamps_; }
    [[nodiscard]] std::shared_ptr<const TemplateOutline> find(
        const base::Hash128& pieces_hash,
        absl::Span<const std::string_view> pieces,
        absl::Span<const block::Stamp> stamps) const;

  private:
    [[nodiscard]] TemplateOutline make(absl::Span<const std::string_view> pieces,
                                       absl::Span<const block::Stamp> stamps) const;

    // When they take so much, which is not charged to a query, all are forgotten.
    static constexpr std::size_t kBytesMax = 16U << 20U;

    const std::vector<const Stage*> parsers_;
    const bool looks_at_stamps_;
    mutable base::Mutex mutex_;
    mutable std::size_t bytes_ LOGI_GUARDED_BY(mutex_) = 0;
    mutable absl::flat_hash_map<base::Hash128, std::shared_ptr<const TemplateOutline>> outlines_
        LOGI_GUARDED_BY(mutex_);
};

}  // namespace logi::exec
