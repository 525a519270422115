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
    // Gathers the rows and makes templates of them. Nothing if they follow none, or are too much.
    std::optional<EncodedColumns> try_encode(absl::Span<const Row> rows);
    // Sorts the rows by template. False if they follow none.
    bool match(absl::Span<const Row> rows);
    // Whether what was made of the rows that were gathered is worth more than zstd.
    [[nodiscard]] bool pays(const EncodedColumns& lines);
    [[nodiscard]] std::size_t guessed_zstd_bytes() const;

    GatheredText text_;
    std::size_t text_bytes_ = 0;  // of the lines, each with a line feed
    std::vector<Slot> lines_;
    std::vector<Timestamp> times_;
    TemplateSet set_;
    ColumnWriter writer_;
    LetterTriples letters_;
    double rest_share_ = 0;    // of the bytes: those in lines of no kind
    std::size_t trusted_ = 0;  // so many lines in a row have passed for better by a guess
    bool lost_ = false;        // the last lines were better off as text
};

}  // namespace logi::block
