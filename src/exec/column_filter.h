// Label filters behind parsers, answered by columns before a line is put together.
#pragma once

#include "absl/container/flat_hash_map.h"
#include "exec/pipeline.h"
#include "exec/scan.h"
#include "io/cancel.h"

#include <memory>
#include <vector>

namespace logi::exec {

// Of one block. One thread.
class ColumnFilter {
  public:
    // Null where the pipeline or the block has nothing to filter by. Both must outlive it.
    static StatusOr<std::unique_ptr<ColumnFilter>> open(const Pipeline& pipeline,
                                                        const ScanRows& rows);

    // False: the pipeline's first stages drop the row. What is not known passes.
    StatusOr<bool> passes(std::uint32_t row);
    // Adds the rows that did not pass, as looked at.
    void count_in(OpenBlock& block) const;

  private:
    enum Result : std::uint8_t { kUnknown, kPasses, kDropped };
    struct Stream {
        Labels labels;
        std::size_t number_class = 0;
    };

    ColumnFilter(const Pipeline& pipeline,
                 const ScanRows& rows,
                 std::unique_ptr<ColumnRows> columns)
        : pipeline_(pipeline), rows_(rows), columns_(std::move(columns)) {}
    void begin_stream(std::uint32_t stream);
    StatusOr<bool> passes_first(std::uint32_t row);
    bool run();

    const Pipeline& pipeline_;
    const ScanRows& rows_;
    const std::unique_ptr<ColumnRows> columns_;
    Entry entry_;
    // Rows need not come by stream.
    absl::flat_hash_map<std::uint32_t, std::unique_ptr<const Stream>> streams_;
    const Stream* current_ = nullptr;
    std::uint32_t stream_ = 0;
    std::vector<Result> results_;  // by number
    std::uint64_t dropped_ = 0;
};

// Leaves out rows that the pipeline's first stages drop, as far as the columns of the block tell.
Status drop_by_columns(const Pipeline& pipeline,
                       const io::CancelToken& cancel,
                       ScanRows& rows,
                       OpenBlock& block);

}  // namespace logi::exec
