// Lines that LineEncoder made into templates and columns.
#pragma once

#include "block/templates_column.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace logi::block {

// One thread. What the lines are made of is looked at when a call needs it; then kDataLoss says
// what of it is malformed.
class LineReader {
  public:
    // `fetch` gives bytes of the data, `times` the entries' times.
    static StatusOr<std::unique_ptr<LineReader>> open(base::Buffer tree,
                                                      PartReader::Fetch fetch,
                                                      RowTimes times,
                                                      std::uint32_t rows,
                                                      std::uint64_t line_bytes);
    // The same of a head that was opened before.
    LineReader(std::shared_ptr<const LineHead> head, PartReader::Fetch fetch, RowTimes times)
        : head_(std::move(head)),
          fetch_(std::move(fetch)),
          times_(std::move(times)),
          cells_left_(head_->cells_max()) {}

    StatusOr<RowSet> match(const Needle& needle);
    StatusOr<absl::Span<const std::string_view>> all();
    // Replaces `parts` by what a line is made of, in their order.
    Status parts_of(std::uint32_t row, std::vector<std::string_view>& parts);
    // Appends a line: the way for single ones.
    Status append(std::uint32_t row, std::string& out);
    StatusOr<LineTemplates*> templates();
    StatusOr<std::vector<ColumnNote>> describe();

  private:
    StatusOr<TemplatesColumn*> lines();
    Status parse();

    const std::shared_ptr<const LineHead> head_;
    PartReader::Fetch fetch_;
    RowTimes times_;
    std::optional<Status> parsed_;
    PartReader parts_;
    std::vector<SharedList> shared_;
    std::uint64_t cells_left_ = 0;
    std::unique_ptr<TemplatesColumn> lines_;
};

}  // namespace logi::block
