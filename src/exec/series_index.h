// Numbers the series that the samples of a block belong to.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "exec/range_aggregate.h"
#include "exec/stage.h"

#include <optional>
#include <string>
#include <vector>

namespace logi::exec {

// One thread, one block.
class SeriesIndex {
  public:
    // Without grouping series have all labels but `unwrapped`, if that is not empty. Series are
    // charged to `budget`, which must outlive this.
    SeriesIndex(const std::optional<logql::Grouping>& grouping,
                std::string_view unwrapped,
                MemoryBudget& budget);

    // The series of an entry after its pipeline. An entry with an error keeps all its labels.
    StatusOr<std::uint32_t> find(const EntryLabels& labels);
    // The series of a stream's entries where nothing but its labels matters.
    StatusOr<std::uint32_t> find(const Labels& stream);
    // Whether the labels of a stream alone decide the series of its entries.
    [[nodiscard]] bool decided_by(const Labels& stream) const;

    std::vector<PartialSeries> take() { return std::move(series_); }

  private:
    StatusOr<std::uint32_t> number(const std::vector<MetadataView>& labels);
    void select(std::vector<MetadataView>& labels) const;

    MemoryBudget& budget_;
    bool by_ = false;
    std::vector<std::string> names_;  // of by, or those that are left out
    absl::flat_hash_map<base::Hash128, std::uint32_t> index_;
    std::vector<PartialSeries> series_;
    std::vector<MetadataView> labels_;
    std::string key_;
};

}  // namespace logi::exec
