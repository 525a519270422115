// Lines to templates and columns.
#pragma once

#include "absl/types/span.h"
#include "block/block.h"
#include "block/column_writer.h"
#include "block/template_set.h"
#include "block/text_masks.h"

#include <optional>
#include <string>
#include <vector>

namespace logi::block {

struct EncodedLines {
    std::string tree;  // the directory of parts and the tree of columns
    std::string data;  // the parts
};

// Learns templates from block to block. One thread.
class LineEncoder {
  public:
    LineEncoder() : set_(CutRule::kCoarse) {}

    // Nothing if the lines have too little in common; then they are better off as plain zstd.
    std::optional<EncodedLines> encode(absl::Span<const Row> rows);

  private:
    void gather(absl::Span<const Row> rows);

    std::vector<char> text_;
    std::size_t text_bytes_ = 0;
    std::vector<Slot> lines_;
    std::vector<Timestamp> times_;
    TextMasks masks_;
    TemplateSet set_;
    ColumnWriter writer_;
};

}  // namespace logi::block
