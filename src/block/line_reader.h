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
    // The tree is EncodedColumns::whole_tree(); `fetch` gives bytes of the data, `times` the
    // entries' times. Lines have `line_bytes` all together.
    static StatusOr<std::unique_ptr<LineReader>> open(base::Buffer tree,
                                                      PartReader::Fetch fetch,
                                                      RowTimes times,
                                                      std::uint32_t rows,
                                                      std::uint64_t line_bytes);

    StatusOr<RowSet> match(const Needle& needle);
    StatusOr<absl::Span<const std::string_view>> all();
    // Replaces `parts` by what a line is made of, in their order.
    Status parts_of(std::uint32_t row, std::vector<std::string_view>& parts);
    // Appends a line: the way for single ones.
    Status append(std::uint32_t row, std::string& out);
    StatusOr<LineTemplates*> templates();
    StatusOr<std::vector<ColumnNote>> describe();

  private:
    LineReader(base::Buffer tree,
               PartReader::Fetch fetch,
               RowTimes times,
               std::uint32_t rows,
               std::uint64_t line_bytes)
        : tree_(std::move(tree)),
          fetch_(std::move(fetch)),
          times_(std::move(times)),
          rows_(rows),
          cells_left_(cells_for(line_bytes)) {}
    StatusOr<TemplatesColumn*> lines();
    Status parse();

    base::Buffer tree_;
    std::string_view letters_;  // in front of the tree
    std::string_view columns_;  // the tree
    PartReader::Fetch fetch_;
    RowTimes times_;
    std::uint32_t rows_ = 0;
    std::optional<Status> parsed_;
    PartReader parts_;
    std::vector<SharedList> shared_;
    std::uint64_t cells_left_ = 0;
    std::unique_ptr<TemplatesColumn> lines_;
};

}  // namespace logi::block
