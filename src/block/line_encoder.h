// Lines to templates and columns.
#pragma once

#include "absl/types/span.h"
#include "block/block.h"
#include "block/column_writer.h"
#include "block/gathered_text.h"
#include "block/template_set.h"

#include <optional>
#include <string>
#include <vector>

namespace logi::block {

// Learns templates from block to block. One thread.
class LineEncoder {
  public:
    LineEncoder() : set_(CutRule::kCoarse) {}

    // Nothing if the lines are better off as plain zstd of kTextLevel: they have too little in
    // common, or repeat each other in ways that templates do not see. After such lines a sample of
    // the next ones is tried first.
    std::optional<EncodedColumns> encode(absl::Span<const Row> rows);

  private:
    // Of the rows that were gathered.
    struct Range {
        std::size_t first = 0;
        std::size_t size = 0;
    };
    // False if there is too much text.
    bool gather(absl::Span<const Row> rows);
    std::optional<EncodedColumns> encode(Range range);
    [[nodiscard]] std::string_view text_of(Range range) const;
    // Whether it is smaller than zstd.
    [[nodiscard]] bool pays(const EncodedColumns& lines, Range range) const;

    GatheredText text_;
    std::vector<Slot> lines_;
    std::vector<Timestamp> times_;
    TemplateSet set_;
    ColumnWriter writer_;
    bool lost_ = false;  // the last lines were better off as text
};

}  // namespace logi::block
