// Lines that LineEncoder made into templates and columns.
#pragma once

#include "block/templates_column.h"

#include <cstdint>
#include <memory>
#include <string>

namespace logi::block {

// One thread.
class LineReader {
  public:
    // `fetch` gives bytes of the data, `times` the entries' times. kDataLoss if the tree is
    // malformed. Lines have `line_bytes` all together.
    static StatusOr<std::unique_ptr<LineReader>> open(base::Buffer tree,
                                                      PartReader::Fetch fetch,
                                                      RowTimes times,
                                                      std::uint32_t rows,
                                                      std::uint64_t line_bytes);

    StatusOr<RowSet> match(const Needle& needle) { return lines_->match(needle); }
    StatusOr<absl::Span<const std::string_view>> all() { return lines_->values(); }
    // Replaces `parts` by what a line is made of, in their order.
    Status parts_of(std::uint32_t row, std::vector<std::string_view>& parts) {
        return lines_->parts_of(row, parts);
    }
    // Appends a line: the way for single ones.
    Status append(std::uint32_t row, std::string& out) { return lines_->append_value(row, out); }
    LineTemplates& templates() { return *lines_; }
    StatusOr<std::vector<ColumnNote>> describe();

  private:
    Status parse(base::ByteReader& tree, const RowTimes& times, std::uint32_t rows);
    explicit LineReader(base::Buffer tree) : tree_(std::move(tree)) {}

    base::Buffer tree_;
    PartReader parts_;
    std::vector<SharedList> shared_;
    std::uint64_t cells_left_ = 0;
    std::unique_ptr<TemplatesColumn> lines_;
};

}  // namespace logi::block
