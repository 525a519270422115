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

    // Nothing if the lines are better off as plain zstd of kTextLevel: they have too little in
    // common, or repeat each other in ways that templates do not see. After such lines a sample of
    // the next ones is tried first.
    std::optional<EncodedLines> encode(absl::Span<const Row> rows);

  private:
    // Of the rows that were gathered.
    struct Range {
        std::size_t first = 0;
        std::size_t size = 0;
    };
    void gather(absl::Span<const Row> rows);
    std::optional<EncodedLines> encode(Range range);
    [[nodiscard]] std::string_view text_of(Range range) const;
    // Whether it is smaller than zstd.
    [[nodiscard]] bool pays(const EncodedLines& lines, Range range) const;

    std::vector<char> text_;
    std::size_t text_bytes_ = 0;
    std::vector<Slot> lines_;
    std::vector<Timestamp> times_;
    TextMasks masks_;
    TemplateSet set_;
    ColumnWriter writer_;
    bool lost_ = false;  // the last lines were better off as text
};

}  // namespace logi::block
