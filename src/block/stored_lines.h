// The lines of a stored block, in one of the ways in which they are stored.
#pragma once

#include "block/block_format.h"
#include "block/line_templates.h"

#include <memory>
#include <string_view>
#include <vector>

namespace logi::block {

// As BlockReader has them. kDataLoss says what is malformed; the caller adds whose.
class StoredLines {
  public:
    virtual ~StoredLines() = default;
    virtual StatusOr<absl::Span<const std::uint32_t>> lengths() = 0;
    virtual Status filter(const regex::LineFilter& filter, std::vector<std::uint32_t>& rows) = 0;
    virtual StatusOr<std::string_view> line(std::uint32_t row) = 0;
    virtual StatusOr<std::vector<ColumnNote>> describe() = 0;
    virtual StatusOr<LineTemplates*> templates() { return nullptr; }
};

struct LinesStart {
    const BlockStats& stats;
    const BlockSource& source;  // outlives the lines
    RowTimes times;
};
StatusOr<std::unique_ptr<StoredLines>> open_zstd_lines(LinesStart start);
StatusOr<std::unique_ptr<StoredLines>> open_template_lines(LinesStart start);

}  // namespace logi::block
